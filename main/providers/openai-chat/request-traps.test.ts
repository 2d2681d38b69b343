// What is sent, vendor by vendor (providers.md 7.2); each number is a trap.
import { describe, expect, test } from 'vitest'
import type { JsonSchema } from '#shared/json.ts'
import type { AssistantPart, ChatRequest, Message } from '#shared/model/chat.ts'
import { readMessages } from '#shared/model/messages.ts'
import { wireOf } from '../../../test/upstream/read-answer.ts'
import { recordings } from '../../../test/upstream/recordings.ts'
import { quirkRows } from '../quirk-rows.ts'
import { quirksFor, quirksSchema, safeQuirks } from '../quirks.ts'
import { openaiChat } from './provider.ts'

const user: Message = { role: 'user', parts: [{ type: 'text', text: 'Hi' }] }

function request(facts: Partial<ChatRequest> = {}): ChatRequest {
  return {
    system: [],
    messages: [user],
    tools: [],
    toolChoice: 'auto',
    stop: [],
    extra: {},
    providerOptions: {},
    ...facts,
  }
}

function write(provider: string, facts: Partial<ChatRequest>, model = 'm', stream = false) {
  const { body, warnings, adjust } = openaiChat.write(request(facts), wireOf(provider, model), stream)
  return { body: JSON.parse(body), warnings: warnings.map(({ message }) => message), adjust }
}
const assistant = (...parts: AssistantPart[]): Message => ({ role: 'assistant', parts })
const toolCall = (id: string, argsText = '{}'): AssistantPart => ({
  type: 'tool-call',
  id,
  name: 'look',
  argsText,
})
const result = (callId: string, text = 'a cat'): Message => ({
  role: 'tool',
  parts: [{ type: 'tool-result', callId, content: [{ type: 'text', text }] }],
})
const tool = {
  name: 'look',
  description: 'Looks.',
  schema: { type: 'object', properties: { at: { type: 'string' } } },
}

describe('quirk rows', () => {
  test.each(Object.keys(quirkRows))('%s is a valid record, overrides included', (provider) => {
    const models = quirkRows[provider]?.models ?? []
    for (const match of ['', ...models.map((model) => model.match)])
      expect(() => new RegExp(match)).not.toThrow()
    for (const model of ['', 'o3-mini', 'gpt-5', 'grok-4', 'kimi-k2.5', 'gpt-oss-120b']) {
      expect(quirksSchema.parse(quirksFor(provider, model))).toEqual(quirksFor(provider, model))
    }
  })
  test('a provider without a row gets the safe one', () => {
    expect(quirksFor('never-heard-of', 'x')).toEqual(quirksSchema.parse(safeQuirks))
  })
})

test('writes a plain request', () => {
  const facts: Partial<ChatRequest> = {
    system: [{ type: 'text', text: 'Be brief.' }],
    maxOutputTokens: 9,
    temperature: 0.5,
    topP: 0.9,
    seed: 7,
    presencePenalty: 0.1,
    frequencyPenalty: 0.2,
    stop: ['END'],
    user: 'kim',
    output: { kind: 'json' },
  }
  expect(write('openai-compatible', facts).body).toEqual({
    model: 'm',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ],
    max_tokens: 9,
    temperature: 0.5,
    top_p: 0.9,
    seed: 7,
    presence_penalty: 0.1,
    frequency_penalty: 0.2,
    stop: ['END'],
    user: 'kim',
    response_format: { type: 'json_object' },
  })
})

test('trap-27: usage is always asked of a stream, where it can be', () => {
  expect(write('openai', {}, 'm', true).body).toMatchObject({
    stream: true,
    stream_options: { include_usage: true },
  })
  expect(write('mistral', {}, 'm', true).body).toMatchObject({ stream: true })
  expect(write('mistral', {}, 'm', true).body).not.toHaveProperty('stream_options')
  expect(write('openai', {}).body).not.toHaveProperty('stream')
})

test.each([
  ['', '{}'],
  ['null', '{}'],
  ['{}', '{}'],
  ['{"a": 1}', '{"a": 1}'],
  ['{"a":', '{"a":'],
])('trap-33: arguments %j are sent as %j', (argsText, sent) => {
  const { messages } = write('openai', {
    messages: [user, assistant(toolCall('a', argsText)), result('a')],
  }).body
  expect(messages[1].tool_calls[0].function.arguments).toBe(sent)
})

describe('trap-38: earlier thoughts', () => {
  const thought: AssistantPart = { type: 'reasoning', text: 'Hm.', index: 0 }
  const loop = [
    user,
    assistant(thought, toolCall('a')),
    result('a'),
    assistant({ type: 'text', text: 'A cat.' }),
    user,
  ]
  test('are sent back where they are required, on every turn', () => {
    const { messages } = write('deepseek', { messages: loop }, 'deepseek-reasoner').body
    expect(messages[1]).toMatchObject({ role: 'assistant', content: null, reasoning_content: 'Hm.' })
    expect(messages[3]).toMatchObject({ role: 'assistant', content: 'A cat.', reasoning_content: '' })
  })
  test('are sent back where they may be, if there are any', () => {
    const { messages } = write('moonshotai', { messages: loop }).body
    expect(messages[1].reasoning_content).toBe('Hm.')
    expect(messages[3]).not.toHaveProperty('reasoning_content')
  })
  test('are left out where they would be refused', () => {
    const sent = JSON.stringify(write('openai', { messages: loop }).body)
    expect(sent).not.toContain('Hm.')
  })
  test('go back with their structure unchanged', () => {
    const reasoning_details = [{ type: 'reasoning.text', text: 'Hm.', signature: 'sig', index: 0 }]
    const signed: AssistantPart = { ...thought, meta: { 'chat-completions': { reasoning_details } } }
    const { messages } = write('openrouter', {
      messages: [user, assistant(signed, toolCall('a')), result('a')],
    }).body
    expect(messages[1]).toMatchObject({ reasoning: 'Hm.', reasoning_details })
  })
})

describe('trap-39: the output limit has the name that the model takes', () => {
  test.each([
    ['openai', 'gpt-5-mini', 'max_completion_tokens'],
    ['openai', 'o3-mini', 'max_completion_tokens'],
    ['azure', 'gpt-4o', 'max_completion_tokens'],
    ['groq', 'llama-3.3-70b-versatile', 'max_completion_tokens'],
    ['mistral', 'mistral-small-latest', 'max_tokens'],
    ['deepseek', 'deepseek-chat', 'max_tokens'],
    ['ollama', 'llama3.3', 'max_tokens'],
    ['openai-compatible', 'anything', 'max_tokens'],
  ])('%s %s: %s', (provider, model, field) => {
    const { body } = write(provider, { maxOutputTokens: 5 }, model)
    expect(body[field]).toBe(5)
    expect(Object.keys(body).filter((key) => key.startsWith('max_'))).toEqual([field])
  })
  test('also when the flow says it by the other name', () => {
    expect(write('openai', { extra: { max_tokens: 5 } }, 'o3').body).toMatchObject({
      max_completion_tokens: 5,
    })
  })
})

describe('trap-40: settings that a model refuses are left out with a warning', () => {
  const sampling = { temperature: 0.2, topP: 0.5, presencePenalty: 1, frequencyPenalty: 1 }
  test.each(['o1', 'o3-mini', 'o4-mini', 'gpt-5', 'gpt-5-mini-2026-08-07', 'gpt-5.1', 'openai/gpt-5'])(
    '%s',
    (model) => {
      const { body, warnings } = write('openai', { ...sampling, extra: { logprobs: true } }, model)
      expect(Object.keys(body)).toEqual(['model', 'messages'])
      expect(warnings).toHaveLength(5)
      expect(warnings[0]).toContain('temperature')
    },
  )
  test('but not of its chatting sister', () => {
    expect(write('openai', sampling, 'gpt-5-chat-latest').body).toMatchObject({
      temperature: 0.2,
      top_p: 0.5,
    })
    expect(write('openai', sampling, 'gpt-4.1').warnings).toEqual([])
  })
  test('a reasoning effort becomes the nearest that the model knows', () => {
    const effort = (provider: string, model: string, wish: 'none' | 'minimal' | 'max') =>
      write(provider, { reasoning: { effort: wish } }, model).body.reasoning_effort
    expect(effort('openai', 'o3', 'minimal')).toBe('low')
    expect(effort('openai', 'gpt-5', 'minimal')).toBe('minimal')
    expect(effort('openai', 'gpt-5.1', 'none')).toBe('none')
    expect(effort('openai', 'gpt-5', 'max')).toBe('high')
    expect(effort('openai', 'gpt-4o', 'max')).toBeUndefined()
    expect(write('openrouter', { reasoning: { effort: 'low' } }).body.reasoning).toEqual({ effort: 'low' })
    expect(write('zai', { reasoning: { effort: 'none' } }).body.thinking).toEqual({ type: 'disabled' })
    expect(write('alibaba', { reasoning: { effort: 'high', budgetTokens: 99 } }).body).toMatchObject({
      enable_thinking: true,
      thinking_budget: 99,
    })
  })
})

describe('trap-41: strict servers get only what they know', () => {
  // What a server that answers 422 to anything else takes.
  const takes: Readonly<Record<string, readonly string[]>> = {
    mistral: [
      'model',
      'messages',
      'max_tokens',
      'temperature',
      'top_p',
      'presence_penalty',
      'frequency_penalty',
      'stop',
      'random_seed',
      'response_format',
      'tools',
      'tool_choice',
      'parallel_tool_calls',
      'stream',
      'prediction',
      'safe_prompt',
      'prompt_mode',
      'n',
    ],
    groq: [
      'model',
      'messages',
      'max_completion_tokens',
      'temperature',
      'top_p',
      'stop',
      'seed',
      'response_format',
      'tools',
      'tool_choice',
      'parallel_tool_calls',
      'stream',
      'stream_options',
      'user',
      'reasoning_effort',
      'reasoning_format',
      'include_reasoning',
      'service_tier',
    ],
    cerebras: [
      'model',
      'messages',
      'max_completion_tokens',
      'temperature',
      'top_p',
      'stop',
      'seed',
      'response_format',
      'tools',
      'tool_choice',
      'parallel_tool_calls',
      'stream',
      'stream_options',
      'user',
      'reasoning_effort',
    ],
    nvidia: [
      'model',
      'messages',
      'max_tokens',
      'temperature',
      'top_p',
      'presence_penalty',
      'frequency_penalty',
      'logprobs',
      'top_logprobs',
      'stop',
      'seed',
      'response_format',
      'tools',
      'tool_choice',
      'parallel_tool_calls',
      'stream',
      'stream_options',
    ],
  }
  test.each(Object.keys(takes))('%s', (provider) => {
    const everything: Partial<ChatRequest> = {
      maxOutputTokens: 1,
      temperature: 1,
      topP: 1,
      topK: 1,
      seed: 1,
      presencePenalty: 1,
      frequencyPenalty: 1,
      stop: ['x'],
      user: 'u',
      n: 2,
      logprobs: 1,
      metadata: { a: 'b' },
      parallelTools: true,
      tools: [tool],
      reasoning: { effort: 'low', budgetTokens: 5 },
      output: { kind: 'json' },
      extra: { made_up: 1, store: true },
    }
    const { body, warnings } = write(provider, everything, 'm', true)
    expect(Object.keys(body).filter((key) => !takes[provider]?.includes(key))).toEqual([])
    expect(warnings.join()).toContain('made_up')
  })
  test('a renamed setting is sent under its name there', () => {
    expect(write('mistral', { seed: 7 }).body).toMatchObject({ random_seed: 7 })
    expect(write('zai', { user: 'kim' }).body).toMatchObject({ user_id: 'kim' })
  })
  test('open servers get unknown fields verbatim, but never what is decided here', () => {
    const extra = { store: true, deep: { a: [1] }, stream: true, model: 'other', messages: [], n: 3 }
    const { body, warnings } = write('openai', { extra })
    expect(body).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      store: true,
      deep: { a: [1] },
    })
    expect(warnings).toHaveLength(4)
  })
  test('options for this wire format are merged last', () => {
    const facts = {
      temperature: 1,
      providerOptions: { 'openai-chat': { temperature: 0, made_up: 1, model: 'x' }, other: { a: 1 } },
    }
    expect(write('mistral', facts).body).toMatchObject({ model: 'm', temperature: 0, made_up: 1 })
    expect(write('mistral', facts).body).not.toHaveProperty('a')
  })
})

test.each([
  ['openai', 'gpt-4o', 'system'],
  ['openai', 'o3', 'developer'],
  ['openai', 'gpt-5-mini', 'developer'],
  ['openai', 'o1-mini', 'user'],
  ['alibaba', 'qwen3-max', 'system'],
  ['zai', 'glm-4.7', 'system'],
  ['llama-cpp', 'any', 'system'],
])('trap-42: instructions to %s %s are sent as %s', (provider, model, role) => {
  const system = [
    { type: 'text', text: 'Be brief.', originRole: 'developer' },
    { type: 'text', text: 'No jokes.' },
  ] as const
  const { messages } = write(provider, { system }, model).body
  expect(messages).toEqual([
    { role, content: 'Be brief.\n\nNo jokes.' },
    { role: 'user', content: 'Hi' },
  ])
})

test('trap-43: an assistant message always has content: null, or an empty text where that is wanted', () => {
  const messages = [user, assistant(toolCall('a')), result('a')]
  expect(write('openai', { messages }).body.messages[1].content).toBeNull()
  expect(write('mistral', { messages }).body.messages[1].content).toBe('')
  const both = [user, assistant({ type: 'text', text: 'Wait.' }, toolCall('a')), result('a')]
  expect(write('openai', { messages: both }).body.messages[1].content).toBe('Wait.')
  expect(write('openai', { messages: [user, assistant()] }).body.messages[1].content).toBe('')
})

test('trap-44: call ids that a vendor refuses become short hashes, the same for call and result', () => {
  const messages = [
    user,
    assistant(toolCall('call_0123456789'), toolCall('AbCdEf123')),
    result('call_0123456789'),
    result('AbCdEf123'),
  ]
  const sent = write('mistral', { messages }).body.messages
  const [made, kept] = sent[1].tool_calls.map((call: { id: string }) => call.id)
  expect(made).toMatch(/^[a-zA-Z0-9]{9}$/)
  expect(kept).toBe('AbCdEf123')
  expect([sent[2].tool_call_id, sent[3].tool_call_id]).toEqual([made, kept])
  expect(write('mistral', { messages }).body.messages[1].tool_calls[0].id).toBe(made)
  expect(write('openai', { messages }).body.messages[2].tool_call_id).toBe('call_0123456789')
})

test.each([
  ['auto', undefined],
  ['none', 'none'],
  ['required', 'required'],
  [{ name: 'look' }, { type: 'function', function: { name: 'look' } }],
] as const)('trap-45: tool choice %j', (toolChoice, sent) => {
  for (const provider of ['openai', 'mistral', 'groq', 'openai-compatible']) {
    expect(write(provider, { tools: [tool], toolChoice }).body.tool_choice).toEqual(sent)
  }
  expect(write('openai', { toolChoice }).body).not.toHaveProperty('tool_choice')
  const zai = write('zai', { tools: [tool], toolChoice })
  expect(zai.body.tool_choice).toEqual(toolChoice === 'none' ? 'none' : undefined)
  expect(zai.warnings).toHaveLength(toolChoice === 'required' || typeof toolChoice === 'object' ? 1 : 0)
})

test('trap-45: parallel calls are switched off where that can be said', () => {
  expect(write('openai', { tools: [tool], parallelTools: false }).body.parallel_tool_calls).toBe(false)
  const ollama = write('ollama', { tools: [tool], parallelTools: false })
  expect(ollama.body).not.toHaveProperty('parallel_tool_calls')
  expect(ollama.warnings).toHaveLength(1)
})

describe('trap-46: stop texts', () => {
  test('are a list of at most as many as the vendor takes', () => {
    expect(write('openai', { stop: ['a'] }).body.stop).toEqual(['a'])
    const many = write('openai', { stop: ['a', 'b', 'c', 'd', 'e'] })
    expect(many.body.stop).toEqual(['a', 'b', 'c', 'd'])
    expect(many.warnings).toHaveLength(1)
    expect(write('zai', { stop: ['a', 'b'] }).body.stop).toEqual(['a'])
  })

  test('cut the answer here where the model does not take them', () => {
    const wire = wireOf('openai', 'o3')
    expect(write('openai', { stop: ['END'] }, 'o3').body).not.toHaveProperty('stop')
    for (let size = 1; size < 12; size++) {
      let text = ''
      let finish: object = {}
      const reader = openaiChat.reader(wire, ['###', 'END'], (event) => {
        if (event.type === 'text-delta') text += event.text
        if (event.type === 'finish') finish = event.finish
      })
      const said = 'One EN two ## three END four ### five'
      for (let at = 0; at < said.length; at += size) {
        reader.event(
          JSON.stringify({ choices: [{ index: 0, delta: { content: said.slice(at, at + size) } }] }),
          '',
        )
      }
      reader.event('{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}', '')
      reader.event('[DONE]', '')
      expect(text).toBe('One EN two ## three ')
      expect(finish).toEqual({ reason: 'stop', raw: 'length', stopSequence: 'END' })
    }
  })

  test('leave an answer alone that does not hold them', () => {
    let text = ''
    const reader = openaiChat.reader(wireOf('openai', 'o3'), ['END'], (event) => {
      if (event.type === 'text-delta') text += event.text
    })
    reader.whole('{"choices":[{"message":{"content":"almost EN"},"finish_reason":"stop"}]}')
    expect(text).toBe('almost EN')
  })
})

describe('trap-69: strict schemas', () => {
  const schema: JsonSchema = {
    type: 'object',
    properties: {
      city: { type: 'string' },
      note: { type: 'string' },
      tags: {
        type: 'array',
        items: {
          type: 'object',
          properties: { name: { type: 'string' }, n: { type: ['integer', 'null'] } },
          required: ['name'],
        },
      },
      kind: { enum: ['a', 'b'] },
    },
    required: ['city', 'tags'],
  }
  const output = { kind: 'schema', name: 'City facts!', schema, strict: true } as const

  test('are closed, with everything required and the optional nullable', () => {
    const { response_format } = write('openai', { output }).body
    expect(response_format.json_schema).toEqual({
      name: 'City_facts_',
      strict: true,
      schema: {
        type: 'object',
        properties: {
          city: { type: 'string' },
          note: { type: ['string', 'null'] },
          tags: {
            type: 'array',
            items: {
              type: 'object',
              properties: { name: { type: 'string' }, n: { type: ['integer', 'null'] } },
              required: ['name', 'n'],
              additionalProperties: false,
            },
          },
          kind: { anyOf: [{ enum: ['a', 'b'] }, { type: 'null' }] },
        },
        required: ['city', 'note', 'tags', 'kind'],
        additionalProperties: false,
      },
    })
  })

  test('the nulls that this adds are taken out of the answer, and no others', () => {
    const { adjust } = write('openai', { output })
    const said = { city: 'Rome', note: null, tags: [{ name: 'x', n: null }], kind: null }
    expect(JSON.parse(adjust?.(JSON.stringify(said)) ?? '')).toEqual({
      city: 'Rome',
      tags: [{ name: 'x', n: null }],
    })
    expect(adjust?.('no JSON')).toBe('no JSON')
  })

  test('a schema that cannot be strict, or a stream with optional fields, goes as it is', () => {
    const open = { ...output, schema: { type: 'object', additionalProperties: { type: 'string' } } }
    for (const body of [
      write('openai', { output: open }).body,
      write('openai', { output }, 'm', true).body,
    ]) {
      expect(body.response_format.json_schema.strict).toBe(false)
    }
  })

  test('other vendors get the schema itself, and those that take none are not called', () => {
    expect(write('ollama', { output }).body.response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'City_facts_', schema, strict: true },
    })
    expect(() => write('deepseek', { output })).toThrow(
      expect.objectContaining({ code: 'upstream_rejected', details: { reason: 'capability_missing' } }),
    )
  })

  test('tools are strict only if their arguments can be', () => {
    const strict = { ...tool, strict: true, schema: { ...tool.schema, required: ['at'] } }
    const parameters = { ...strict.schema, additionalProperties: false }
    expect(write('openai', { tools: [strict] }).body.tools[0].function).toMatchObject({
      strict: true,
      parameters,
    })
    expect(write('openai', { tools: [{ ...tool, strict: true }] }).body.tools[0].function).toMatchObject({
      strict: false,
      parameters: tool.schema,
    })
  })
})

describe('media', () => {
  const image = (source: object): Message => ({
    role: 'user',
    parts: [{ type: 'text', text: 'What?' }, { type: 'image', mediaType: 'image/png', source } as never],
  })
  test('pictures go by address or as data, and are refused where only data will do', () => {
    const bytes = { kind: 'bytes', base64: 'AAAA' }
    const link = { kind: 'url', url: 'https://example.com/a.png' }
    expect(write('openai', { messages: [image(bytes)] }).body.messages[0].content).toEqual([
      { type: 'text', text: 'What?' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
    ])
    expect(write('openai', { messages: [image(link)] }).body.messages[0].content[1].image_url.url).toBe(
      link.url,
    )
    expect(write('ollama', { messages: [image(bytes)] }).body.messages[0].content[1].type).toBe('image_url')
    expect(() => write('ollama', { messages: [image(link)] })).toThrow(
      expect.objectContaining({ code: 'upstream_rejected' }),
    )
  })

  test('pictures in tool results follow all results of the turn', () => {
    const picture = { type: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } } as const
    const seen: Message = { role: 'tool', parts: [{ type: 'tool-result', callId: 'a', content: [picture] }] }
    const messages = [user, assistant(toolCall('a'), toolCall('b')), seen, result('b')]
    const roles = write('openai', { messages }).body.messages.map((message: { role: string }) => message.role)
    expect(roles).toEqual(['user', 'assistant', 'tool', 'tool', 'user'])
  })

  test('text in several parts is a list or one text, and names are left out where they are refused', () => {
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ] as const
    const messages: Message[] = [{ role: 'user', name: 'kim', parts }]
    expect(write('openai', { messages }).body.messages[0]).toEqual({
      role: 'user',
      name: 'kim',
      content: parts,
    })
    expect(write('groq', { messages }).body.messages[0]).toEqual({ role: 'user', content: 'a\nb' })
  })
})

test('what another vendor made is left out with a warning; its own parts go back unchanged', () => {
  const own = { type: 'reference', reference_ids: [1] }
  const messages = [
    user,
    assistant(
      { type: 'text', text: 'See' },
      { type: 'opaque', dialect: 'chat-completions', value: own },
      { type: 'opaque', dialect: 'elsewhere', value: {} },
    ),
  ]
  const { body, warnings } = write('mistral', { messages })
  expect(body.messages[1].content).toEqual([{ type: 'text', text: 'See' }, own])
  expect(warnings).toHaveLength(1)
})

describe('what real clients sent is sent again', () => {
  const sent = recordings().filter(({ request, status }) => Array.isArray(request?.messages) && status < 400)
  test.each(sent.map((recording) => [recording.name, recording] as const))(
    '%s',
    (_, { provider, request: original }) => {
      const { messages, system } = readMessages(original?.messages as never, '/messages')
      const facts = { messages, system: system === '' ? [] : [{ type: 'text', text: system } as const] }
      const again = write(provider, facts, String(original?.model)).body.messages
      const originals = (
        (original?.messages ?? []) as { role: string; tool_call_id?: string; content?: unknown }[]
      ).filter(({ role }) => role !== 'system' && role !== 'developer')
      const rest = again.filter(({ role }: { role: string }) => role !== 'system' && role !== 'developer')
      expect(rest.map(({ role }: { role: string }) => role)).toEqual(originals.map(({ role }) => role))
      rest.forEach((message: { content: unknown; tool_call_id?: string }, index: number) => {
        const before = originals[index]
        expect(message.content ?? null).toEqual(single(before?.content) ?? null)
        expect(message.tool_call_id).toBe(before?.tool_call_id)
      })
    },
  )
})

/** One text part may stand as a text. */
function single(content: unknown): unknown {
  if (!Array.isArray(content) || content.length !== 1) return content
  return content[0].type === 'text' ? content[0].text : content
}
