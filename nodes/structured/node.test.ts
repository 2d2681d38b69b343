import { describe, expect, it } from 'vitest'
import type { StepModels } from '#shared/flow/definition.ts'
import type { AssistantPart, ChatResponse, Message } from '#shared/model/chat.ts'
import { answer, fakeModels } from '../../test/contract/fake-models.ts'
import { runNode, stepContext } from '../../test/contract/run-node.ts'
import { structured } from './node.ts'
import * as runner from './run.ts'

const schema = {
  type: 'object',
  properties: { n: { type: 'integer' }, name: { type: 'string' } },
  required: ['n'],
}
const messages: Message[] = [{ role: 'user', parts: [{ type: 'text', text: 'How many?' }] }]
const toolAnswer = (argsText: string): AssistantPart[] => [
  { type: 'tool-call', id: 'c1', name: 'answer', argsText },
]

async function ask(
  answers: readonly ChatResponse[],
  given: { config?: object; input?: object; facts?: StepModels['facts']; untrusted?: string } = {},
) {
  const { models, calls } = fakeModels(answers, given.facts)
  const { ctx, recorded } = stepContext({ models, untrusted: (name) => name === given.untrusted })
  const config = { targets: ['a/b', 'c/d'], schema, ...given.config }
  const run = runNode(structured, runner, { config, input: { messages, ...given.input }, ctx })
  return { outlets: await run, requests: calls.map(({ request }) => request), calls, recorded }
}

describe('the method', () => {
  it('native asks for the schema', async () => {
    const { requests, outlets } = await ask([answer('{"n":1}')], { config: { method: 'native' } })
    expect(requests[0]).toMatchObject({
      output: { kind: 'schema', name: 'answer', schema, strict: false },
      tools: [],
    })
    expect(outlets).toEqual({ value: { n: 1 }, text: '{"n":1}' })
  })

  it('native is strict only where every object closes itself', async () => {
    const closed = { ...schema, required: ['n', 'name'], additionalProperties: false }
    const { requests } = await ask([answer('{"n":1,"name":"x"}')], {
      config: { method: 'native', schema: closed },
    })
    expect(requests[0]?.output).toMatchObject({ strict: true })
    const open = { ...closed, properties: { ...schema.properties, inner: { type: 'object' } } }
    const again = await ask([answer('{"n":1,"name":"x"}')], { config: { method: 'native', schema: open } })
    expect(again.requests[0]?.output).toMatchObject({ strict: false })
  })

  it('tool forces a call whose arguments are the answer', async () => {
    const { requests, outlets } = await ask([answer(toolAnswer('{"n": 2}'), 'tool-calls')], {
      config: { method: 'tool' },
    })
    expect(requests[0]).toMatchObject({ tools: [{ name: 'answer', schema }], toolChoice: { name: 'answer' } })
    expect(requests[0]).not.toHaveProperty('output')
    expect(outlets).toEqual({ value: { n: 2 }, text: '{"n": 2}' })
  })

  it('prompt puts the schema into the system text', async () => {
    const { requests } = await ask([answer('{"n":1}')], {
      config: { method: 'prompt' },
      input: { system: 'Be exact.' },
    })
    expect(requests[0]?.system.map(({ text }) => text)).toEqual([
      'Be exact.',
      expect.stringContaining(JSON.stringify(schema)),
    ])
  })

  it.each([
    ['native', { tools: true, schema: true }, { tools: true, schema: true }],
    ['tool', { tools: true, schema: true }, { tools: true, schema: false }],
    ['tool', { tools: true, schema: null }, { tools: true, schema: true }],
    ['prompt', { tools: null, schema: null }, { tools: true, schema: false }],
    ['prompt', undefined, { tools: true, schema: true }],
  ])('auto takes %s for what %j and %j can do', async (method, first, second) => {
    const facts = (target: string) => (target === 'a/b' ? first : second)
    const response = method === 'tool' ? answer(toolAnswer('{"n":1}'), 'tool-calls') : answer('{"n":1}')
    const { recorded } = await ask([response], { facts })
    expect(recorded.notes.method).toBe(method)
  })

  it('auto uses words for a schema that is no object', async () => {
    const facts = () => ({ tools: true, schema: true })
    const { outlets, recorded } = await ask([answer('[1]')], { facts, config: { schema: { type: 'array' } } })
    expect(recorded.notes.method).toBe('prompt')
    expect(outlets.value).toEqual([1])
  })

  it.each(['```json\n{"n":1}\n```', 'Here you are:\n```\n{"n":1}\n```\nBye', 'Sure: {"n":1}. Bye'])(
    'reads %j',
    async (text) => {
      expect((await ask([answer(text)])).outlets).toEqual({ value: { n: 1 }, text })
    },
  )
})

describe('repairs', () => {
  it('sends the errors back and takes the corrected answer', async () => {
    const { outlets, requests, recorded } = await ask([answer('{"n":"x"}'), answer('{"n":3}')])
    expect(outlets).toEqual({ value: { n: 3 }, text: '{"n":3}' })
    expect(requests).toHaveLength(2)
    expect(requests[1]?.messages.slice(1)).toEqual([
      { role: 'assistant', parts: [{ type: 'text', text: '{"n":"x"}' }] },
      { role: 'user', parts: [{ type: 'text', text: expect.stringContaining('- /n: must be integer') }] },
    ])
    expect(recorded.notes.repairs).toBe(1)
  })

  it('sends the errors of a tool call back as its result', async () => {
    const wrong = answer(toolAnswer('{"n":'), 'tool-calls')
    const right = answer(toolAnswer('{"n":1}'), 'tool-calls')
    const { requests } = await ask([wrong, right], { config: { method: 'tool' } })
    expect(requests[1]?.messages.slice(1)).toMatchObject([
      { role: 'assistant', parts: wrong.parts },
      {
        role: 'tool',
        parts: [
          { callId: 'c1', isError: true, content: [{ text: expect.stringContaining('is not valid JSON') }] },
        ],
      },
    ])
  })

  it.each([
    [0, 1],
    [1, 2],
    [3, 4],
  ])('with %d repairs it asks %d times, then fails with paths', async (repairs, asked) => {
    const { models, calls } = fakeModels(Array.from({ length: 5 }, () => answer('{"name":1}')))
    const { ctx } = stepContext({ models })
    const config = { targets: ['a/b'], schema, repairs }
    await expect(runNode(structured, runner, { config, input: { messages }, ctx })).rejects.toMatchObject({
      code: 'output_invalid',
      details: {
        issues: [
          { path: '/n', rule: 'required' },
          { path: '/name', rule: 'type' },
        ],
        repairs,
      },
    })
    expect(calls).toHaveLength(asked)
  })

  it('takes nothing that is nested too deeply', async () => {
    const deep = `${'['.repeat(100)}${']'.repeat(100)}`
    await expect(ask([answer(deep)], { config: { schema: {}, repairs: 0 } })).rejects.toMatchObject({
      code: 'output_invalid',
    })
  })
})

describe('the rest is as chat-model', () => {
  it('asks with its settings, targets and params', async () => {
    const { calls } = await ask([answer('{"n":1}')], {
      config: { temperature: 1, max_tokens: 9, advance_on: ['transient'] },
      input: { target: 'x/y', params: { temperature: 0, response_format: 'json' } },
    })
    expect(calls[0]).toMatchObject({ targets: ['x/y'], advanceOn: ['transient'] })
    expect(calls[0]?.request).toMatchObject({ temperature: 0, maxOutputTokens: 9 })
    expect(calls[0]?.request).not.toHaveProperty('output')
  })

  it.each([
    [answer('No', 'refusal'), {}, 'model_refused'],
    [answer(''), {}, 'upstream_bad_response'],
    [answer('{"n":', 'length'), { truncated: 'fail' }, 'output_invalid'],
  ])('fails on an answer that cannot be used', async (response, config, code) => {
    await expect(ask([response], { config })).rejects.toMatchObject({ code })
  })

  it('fences messages from outside', async () => {
    const { requests } = await ask([answer('{"n":1}')], { untrusted: 'messages' })
    expect(requests[0]?.messages[0]?.parts).toEqual([{ type: 'text', text: '<fence>How many?</fence>' }])
  })
})

describe('the definition', () => {
  it('gives its schema to the outlet and says what it needs', () => {
    const config = structured.config.parse({ schema, method: 'tool' })
    expect(typeof structured.outputs === 'function' && structured.outputs(config).value).toEqual({
      type: 'json',
      schema,
    })
    expect(structured.needs?.(config)).toEqual(['tools'])
    expect(structured.needs?.({ ...config, method: 'native' })).toEqual(['schema'])
    expect(structured.needs?.({ ...config, method: 'auto' })).toEqual([])
    expect(structured.systemInlets?.(config)).toEqual(['system'])
  })

  it('has no tool method for a schema that is no object', () => {
    const config = structured.config.parse({ schema: { type: 'array' }, method: 'tool' })
    expect(structured.check?.(config)).toHaveLength(1)
    expect(structured.check?.({ ...config, method: 'prompt' })).toEqual([])
  })

  it.each([
    {},
    { schema: { type: 'x' } },
    { schema, repairs: 4 },
    { schema, method: 'magic' },
    { schema, tools: [] },
  ])('refuses %j', (config) => {
    expect(structured.config.safeParse(config).success).toBe(false)
  })
})
