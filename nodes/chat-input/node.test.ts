import { describe, expect, it } from 'vitest'
import type { ChatInput } from '#shared/flow/definition.ts'
import type { Message, ToolDef } from '#shared/model/chat.ts'
import { runNode, stepContext } from '../../test/contract/run-node.ts'
import { chatInput } from './node.ts'
import * as runner from './run.ts'

const user = (text: string): Message => ({ role: 'user', parts: [{ type: 'text', text }] })
const assistant = (text: string): Message => ({ role: 'assistant', parts: [{ type: 'text', text }] })
const tool: ToolDef = { name: 'find', schema: { type: 'object' } }

const run = (chat: Partial<ChatInput>, config: object = {}) => {
  const whole: ChatInput = { messages: [user('Hi')], system: '', tools: [], params: {}, ...chat }
  return runNode(chatInput, runner, {
    config,
    ctx: stepContext({ run: { input: { fields: {}, chat: whole } } }).ctx,
  })
}

describe('chat-input', () => {
  it('gives the history and the last user text', async () => {
    const messages = [user('Hi'), assistant('Hello'), user('Where?')]
    expect(await run({ messages })).toEqual({ messages, last_text: 'Where?' })
  })

  it('joins the text parts of the last user message and leaves out the rest', async () => {
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'image', source: { kind: 'url', url: 'https://a.example/x.png' } },
      { type: 'text', text: 'b' },
    ] as const
    expect(await run({ messages: [{ role: 'user', parts }] })).toMatchObject({ last_text: 'ab' })
    expect(await run({ messages: [{ role: 'user', parts: [parts[1]] }] })).not.toHaveProperty('last_text')
  })

  it('takes a history that ends with a tool result', async () => {
    const result: Message = { role: 'tool', parts: [{ type: 'tool-result', callId: 'c1', content: [] }] }
    expect(await run({ messages: [user('Hi'), result] })).toMatchObject({ last_text: 'Hi' })
  })

  it.each([
    ['pass', { system: 'Be brief.' }],
    ['drop', {}],
  ])('system: %s', async (system, expected) => {
    const { messages: _, last_text: __, ...rest } = await run({ system: 'Be brief.' }, { system })
    expect(rest).toEqual(expected)
  })

  it('system: refuse', async () => {
    await expect(run({ system: 'Be brief.' }, { system: 'refuse' })).rejects.toMatchObject({
      code: 'invalid_input',
      details: { issues: [{ path: '/messages', rule: 'system' }] },
    })
    expect(await run({ system: '' }, { system: 'refuse' })).toHaveProperty('messages')
  })

  it('gives tools with the choice only when they are accepted', async () => {
    const asked = { tools: [tool], toolChoice: 'required' } as const
    expect(await run(asked)).not.toHaveProperty('tools')
    expect(await run(asked, { accept_tools: true })).toMatchObject({
      tools: { tools: [tool], choice: 'required' },
    })
    expect(await run({ tools: [] }, { accept_tools: true })).not.toHaveProperty('tools')
  })

  it('gives the accepted parameters only', async () => {
    const params = { temperature: 0, top_p: 0.5, seed: null }
    expect(await run({ params })).not.toHaveProperty('params')
    expect(await run({ params }, { accept_params: ['temperature', 'seed', 'stop'] })).toMatchObject({
      params: { temperature: 0 },
    })
  })

  it('refuses a wrong parameter with its path', async () => {
    await expect(
      run({ params: { temperature: 'hot' } }, { accept_params: ['temperature'] }),
    ).rejects.toMatchObject({
      code: 'invalid_input',
      details: { issues: [{ path: '/params/temperature' }] },
    })
  })

  it('refuses more messages than it takes', async () => {
    const messages = [user('1'), user('2'), user('3')]
    expect(await run({ messages }, { max_messages: 3 })).toMatchObject({ messages })
    await expect(run({ messages }, { max_messages: 2 })).rejects.toMatchObject({
      code: 'invalid_input',
      message: 'The chat request cannot be used: /messages has more than 2 messages.',
    })
  })

  it('refuses a history that does not end with the user', async () => {
    for (const messages of [[], [user('Hi'), assistant('Hello')]])
      await expect(run({ messages })).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('refuses a request without messages', async () => {
    await expect(runNode(chatInput, runner)).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('says what it asks of a caller', () => {
    const config = chatInput.config.parse({
      max_messages: 5,
      system: 'drop',
      accept_tools: true,
      accept_params: ['seed'],
    })
    expect(chatInput.request?.(config)).toEqual({
      kind: 'chat',
      chat: { maxMessages: 5, system: 'drop', acceptTools: true, acceptParams: ['seed'] },
    })
  })

  it.each([{ max_messages: 0 }, { max_messages: 2_001 }, { system: 'x' }, { accept_params: ['n'] }])(
    'refuses %j',
    (config) => {
      expect(chatInput.config.safeParse(config).success).toBe(false)
    },
  )
})
