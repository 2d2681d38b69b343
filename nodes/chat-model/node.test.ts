import { describe, expect, it } from 'vitest'
import type { LiveMessages, LiveText } from '#shared/flow/live.ts'
import type { AssistantPart, ChatResponse, Message } from '#shared/model/chat.ts'
import { answer, fakeModels } from '../../test/contract/fake-models.ts'
import { runNode, startNode, stepContext } from '../../test/contract/run-node.ts'
import { chatModel } from './node.ts'
import * as runner from './run.ts'

const message = (role: 'system' | 'user', text: string): Message => ({
  role,
  parts: [{ type: 'text', text }],
})
const call: AssistantPart = { type: 'tool-call', id: 'c1', name: 'find', argsText: '{"q":1}', args: { q: 1 } }
const config = { targets: ['openai/gpt-5-mini', 'ollama/llama3.3'] }
const messages = [message('system', 'Be kind.'), message('user', 'Hi')]

/** Runs the node and gives its outlets and what the model was asked. */
async function ask(
  given: { config?: object; input?: object; context?: Parameters<typeof stepContext>[0] } = {},
  response: ChatResponse = answer('Hello'),
) {
  const { models, calls } = fakeModels([response])
  const { ctx, recorded } = stepContext({ models, ...given.context })
  const input = { messages, ...given.input }
  const outlets = await runNode(chatModel, runner, { config: { ...config, ...given.config }, input, ctx })
  return { outlets, call: calls[0], request: calls[0]?.request, recorded }
}

describe('the request', () => {
  it('moves system text out of the messages and puts the system inlet first', async () => {
    const { request } = await ask({ input: { system: 'You are Bo.' } })
    expect(request?.system).toEqual([
      { type: 'text', text: 'You are Bo.' },
      { type: 'text', text: 'Be kind.' },
    ])
    expect(request?.messages).toEqual([message('user', 'Hi')])
  })

  it('asks the listed models in order, by the codes of advance_on', async () => {
    expect((await ask()).call).toMatchObject({ targets: config.targets, advanceOn: ['provider'] })
    expect((await ask({ config: { advance_on: ['any'] } })).call).toMatchObject({ advanceOn: ['any'] })
  })

  it('takes the models of the target inlet instead', async () => {
    expect((await ask({ input: { target: 'a/b' } })).call?.targets).toEqual(['a/b'])
    expect((await ask({ input: { target: ['a/b', 'c/d/e'] } })).call?.targets).toEqual(['a/b', 'c/d/e'])
  })

  it('fails without a model', async () => {
    await expect(ask({ config: { targets: [] } })).rejects.toMatchObject({ code: 'flow_error' })
    await expect(ask({ input: { target: [] } })).rejects.toMatchObject({ code: 'flow_error' })
  })

  it.each([
    [{ temperature: 0 }, { temperature: 0 }],
    [{ top_p: 0.5 }, { topP: 0.5 }],
    [{ max_tokens: 9 }, { maxOutputTokens: 9 }],
    [{ stop: ['x'] }, { stop: ['x'] }],
    [{ seed: 7 }, { seed: 7 }],
    [{ reasoning_effort: 'low' }, { reasoning: { effort: 'low' } }],
    [{ response_format: 'json' }, { output: { kind: 'json' } }],
    [{ extra: { logit_bias: { a: 1 } } }, { extra: { logit_bias: { a: 1 } } }],
  ])('carries %j', async (settings, expected) => {
    expect((await ask({ config: settings })).request).toMatchObject(expected)
  })

  it('carries nothing that is not set', async () => {
    const { request } = await ask()
    expect(Object.keys(request ?? {}).toSorted()).toEqual(
      ['extra', 'messages', 'providerOptions', 'stop', 'system', 'toolChoice', 'tools'].toSorted(),
    )
  })

  it('lets params override the config', async () => {
    const settings = { temperature: 1, max_tokens: 5, response_format: 'json', reasoning_effort: 'low' }
    const params = {
      temperature: 0,
      top_p: null,
      max_tokens: 7,
      stop: 'END',
      seed: 3,
      response_format: 'text',
      reasoning_effort: 'high',
    }
    const { request } = await ask({ config: settings, input: { params } })
    expect(request).toMatchObject({
      temperature: 0,
      maxOutputTokens: 7,
      stop: ['END'],
      seed: 3,
      output: { kind: 'text' },
      reasoning: { effort: 'high' },
    })
    expect(request).not.toHaveProperty('topP')
  })

  it('takes response formats as callers write them', async () => {
    const schema = { type: 'object' }
    const format = { type: 'json_schema', json_schema: { name: 'a', schema, strict: true } }
    expect((await ask({ input: { params: { response_format: format } } })).request?.output).toEqual({
      kind: 'schema',
      name: 'a',
      schema,
      strict: true,
    })
    expect(
      (await ask({ input: { params: { response_format: { type: 'json_object' } } } })).request?.output,
    ).toEqual({
      kind: 'json',
    })
  })

  it('warns of parameters it does not know and fails on wrong ones', async () => {
    const { recorded } = await ask({ input: { params: { top_k: 3 } } })
    expect(recorded.warnings).toMatchObject([
      { code: 'param_ignored', message: expect.stringContaining('top_k') },
    ])
    await expect(ask({ input: { params: { temperature: 3 } } })).rejects.toMatchObject({ code: 'flow_error' })
    await expect(ask({ input: { params: 'hot' } })).rejects.toMatchObject({ code: 'flow_error' })
  })

  it('carries tools with the choice that came with them', async () => {
    const tools = [{ name: 'find', schema: { type: 'object' } }]
    expect((await ask({ input: { tools: { tools, choice: { name: 'find' } } } })).request).toMatchObject({
      tools,
      toolChoice: { name: 'find' },
    })
    expect((await ask({ input: { tools: { tools } } })).request).toMatchObject({ tools, toolChoice: 'auto' })
    expect((await ask({ input: { tools: { tools: [], choice: 'required' } } })).request).toMatchObject({
      toolChoice: 'auto',
    })
  })
})

describe('text from outside', () => {
  const outside = (...names: string[]) => ({ untrusted: (name: string) => names.includes(name) })
  const result: Message = {
    role: 'tool',
    parts: [
      {
        type: 'tool-result',
        callId: 'c1',
        content: [
          { type: 'text', text: 'a' },
          { type: 'json', value: { b: 1 } },
        ],
      },
    ],
  }

  it('is fenced in user and tool messages', async () => {
    const { request } = await ask({
      input: { messages: [message('user', 'page'), result] },
      context: outside('messages'),
    })
    expect(request?.messages).toEqual([
      message('user', '<fence>page</fence>'),
      {
        role: 'tool',
        parts: [
          {
            type: 'tool-result',
            callId: 'c1',
            content: [
              { type: 'text', text: '<fence>a</fence>' },
              { type: 'text', text: '<fence>{"b":1}</fence>' },
            ],
          },
        ],
      },
    ])
  })

  it.each([
    ['messages', { messages: [message('system', 'x')] }],
    ['messages', { messages: [{ role: 'assistant', parts: [] }] }],
    ['tools', { tools: { tools: [] } }],
  ])('is refused anywhere else (%s)', async (inlet, input) => {
    await expect(ask({ input, context: outside(inlet) })).rejects.toMatchObject({
      code: 'flow_error',
      details: { reason: 'untrusted_in_system' },
    })
  })

  it('is fenced in the system text, where the workspace allows it there', async () => {
    const { request } = await ask({ input: { system: 'x' }, context: outside('system') })
    expect(request?.system[0]).toEqual({ type: 'text', text: '<fence>x</fence>' })
  })

  it('is known to the compiler', () => {
    expect(chatModel.systemInlets?.(chatModel.config.parse({}))).toEqual(['system'])
    expect(chatModel.fences).toBe(true)
  })
})

describe('the answer', () => {
  it('gives text, message, finish and usage; what there is not is absent', async () => {
    expect((await ask()).outlets).toEqual({
      text: 'Hello',
      message: [{ role: 'assistant', parts: [{ type: 'text', text: 'Hello' }] }],
      finish: 'stop',
      usage: {
        input_tokens: 10,
        cache_read_tokens: 2,
        cache_write_tokens: 0,
        output_tokens: 5,
        reasoning_tokens: 1,
        total_tokens: 18,
      },
    })
  })

  it('gives tool calls and reasoning', async () => {
    const parts: AssistantPart[] = [{ type: 'reasoning', text: 'Hm.', index: 0 }, call]
    const { outlets } = await ask({}, answer(parts, 'tool-calls'))
    expect(outlets).toMatchObject({
      tool_calls: [{ id: 'c1', name: 'find', arguments: { q: 1 }, arguments_text: '{"q":1}' }],
      reasoning: 'Hm.',
      finish: 'tool_calls',
    })
    expect(outlets).not.toHaveProperty('text')
  })

  it('has an unknown total when a count is unknown and the vendor gave none', async () => {
    const unknown = {
      ...answer('x'),
      usage: { input: 1, cacheRead: null, cacheWrite: null, output: 2, reasoning: null },
    }
    expect((await ask({}, unknown)).outlets.usage).toMatchObject({
      input_tokens: 1,
      cache_read_tokens: null,
      total_tokens: null,
    })
    const told = { ...unknown, usage: { ...unknown.usage, total: 3 } }
    expect((await ask({}, told)).outlets.usage).toMatchObject({ total_tokens: 3 })
  })

  it.each([
    ['length', 'length'],
    ['pause', 'other'],
    ['other', 'other'],
  ] as const)('%s is told as %s', async (finish, word) => {
    expect((await ask({}, answer('x', finish))).outlets.finish).toBe(word)
  })

  it.each([
    ['a refusal', answer('No.', 'refusal'), 'model_refused', 'refusal'],
    ['a refusal part', answer([{ type: 'refusal', text: 'No.' }]), 'model_refused', 'refusal'],
    ['a filtered answer', answer('Well', 'content-filter'), 'model_refused', 'content_filter'],
    ['an empty answer', answer(''), 'upstream_bad_response', 'empty'],
    [
      'an answer of reasoning only',
      answer([{ type: 'reasoning', text: 'Hm', index: 0 }]),
      'upstream_bad_response',
      'empty',
    ],
  ])('%s fails', async (_name, response, code, reason) => {
    await expect(ask({}, response)).rejects.toMatchObject({ code, details: { reason } })
  })

  it('keeps a cut answer, or fails, as truncated says', async () => {
    expect((await ask({}, answer('Hel', 'length'))).outlets).toMatchObject({ text: 'Hel', finish: 'length' })
    await expect(ask({ config: { truncated: 'fail' } }, answer('Hel', 'length'))).rejects.toMatchObject({
      code: 'output_invalid',
      details: { reason: 'truncated' },
    })
  })
})

describe('streaming', () => {
  const start = async (response: ChatResponse, settings: object = {}) => {
    const { models } = fakeModels([response])
    const { ctx } = stepContext({ models, streams: true })
    return startNode(chatModel, runner, { config: { ...config, ...settings }, input: { messages }, ctx })
  }

  it('gives live text and message, and the rest at the end', async () => {
    const outlets = await start(answer('Hello'))
    const parts: string[] = []
    const text = (await outlets.text) as LiveText
    text.read({ part: (part) => void parts.push(part), end: () => undefined, fail: () => undefined })
    expect(await text.collect()).toBe('Hello')
    expect(parts).toEqual(['He', 'llo'])
    expect(await (outlets.message as LiveMessages).collect()).toEqual([
      { role: 'assistant', parts: [{ type: 'text', text: 'Hello' }] },
    ])
    expect(await outlets.finish).toBe('stop')
    expect(await outlets.usage).toMatchObject({ total_tokens: 18 })
    expect(await outlets.tool_calls).toBeUndefined()
  })

  it('has no text when the answer is tool calls', async () => {
    const outlets = await start(answer([call], 'tool-calls'))
    expect(await outlets.text).toBeUndefined()
    expect(await outlets.tool_calls).toHaveLength(1)
  })

  it.each([
    [answer('Well', 'content-filter'), {}, 'model_refused'],
    [answer('Hel', 'length'), { truncated: 'fail' }, 'output_invalid'],
  ])('breaks the stream of an answer that cannot stand', async (response, settings, code) => {
    const outlets = await start(response, settings)
    await expect((await outlets.text) as LiveText).toBeDefined()
    await expect(((await outlets.text) as LiveText).collect()).rejects.toMatchObject({ code })
    await expect(outlets.finish).rejects.toMatchObject({ code })
  })
})

describe('the definition', () => {
  it('needs the target inlet only without a list', () => {
    const inlets = (given: object) =>
      typeof chatModel.inputs === 'function' ? chatModel.inputs(chatModel.config.parse(given)) : {}
    expect(inlets(config).target?.required).toBe(false)
    expect(inlets({}).target?.required).toBe(true)
  })

  it('says which models and abilities it needs', () => {
    expect(chatModel.targets?.(chatModel.config.parse(config))).toEqual(config.targets)
    expect(chatModel.needs?.(chatModel.config.parse({}))).toEqual([])
    expect(chatModel.needs?.(chatModel.config.parse({ response_format: 'json' }))).toEqual(['json'])
  })

  it.each([
    { targets: ['gpt'] },
    { targets: Array.from({ length: 9 }, () => 'a/b') },
    { temperature: 2.1 },
    { top_p: 1.1 },
    { max_tokens: 0 },
    { stop: ['1', '2', '3', '4', '5'] },
    { seed: 1.5 },
    { reasoning_effort: 'max' },
    { response_format: 'yaml' },
    { extra: [] },
    { truncated: 'drop' },
    { advance_on: [] },
  ])('refuses %j', (given) => {
    expect(chatModel.config.safeParse(given).success).toBe(false)
  })
})
