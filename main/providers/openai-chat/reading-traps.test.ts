// What servers of this format really send (providers.md 7); each number is a trap.
import { describe, expect, test } from 'vitest'
import { type AssistantPart, textOf, type Usage } from '#shared/model/chat.ts'
import {
  faultsOf,
  type ReadAnswer,
  readEvents,
  readStream,
  readWhole,
  wireOf,
} from '../../../test/upstream/read-answer.ts'
import { openaiChat } from './provider.ts'

const wire = wireOf('openai-compatible')
const timing = { firstByteMs: 0, totalMs: 0 }

function chunk(delta: object, facts: object = {}, choice: object = {}): object {
  return { id: 'r1', model: 'm', created: 1, ...facts, choices: [{ index: 0, delta, ...choice }] }
}
const finish = (reason: string | null = 'stop', facts: object = {}) =>
  chunk({}, facts, { finish_reason: reason })
const call = (index: number | undefined, facts: object) => ({
  tool_calls: [{ ...(index === undefined ? {} : { index }), ...facts }],
})
const begin = (id: string, name: string, args = '') => ({
  id,
  type: 'function',
  function: { name, arguments: args },
})
const more = (args: string) => ({ function: { arguments: args } })

function read(...payloads: (string | object)[]): ReadAnswer {
  const answer = readEvents(openaiChat, wire, payloads)
  expect(faultsOf(answer.events)).toEqual([])
  return answer
}
const response = ({ fold }: ReadAnswer) => fold.response(timing)
const calls = (parts: readonly AssistantPart[]) =>
  parts.flatMap((part) => (part.type === 'tool-call' ? [[part.id, part.name, part.argsText]] : []))

describe('framing', () => {
  test('trap-6: the word [DONE] inside content ends nothing, and it may be missing', () => {
    const answer = response(read(chunk({ content: 'say [DONE]' }), chunk({ content: ' now' }), finish()))
    expect(textOf(answer.parts)).toBe('say [DONE] now')
  })

  test('trap-6: [DONE] without a finish reason is no end', () => {
    expect(read(chunk({ content: 'Hel' }), '[DONE]').fold.error?.kind).toBe('truncated')
  })

  test('trap-6: usage in an event of its own and [DONE] are an end where no reason is ever given', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1 }
    const answer = response(read(chunk({ content: 'Hi' }), { id: 'r1', choices: [], usage }, '[DONE]'))
    expect(answer.finish).toEqual({ reason: 'stop', raw: null })
  })

  test('trap-7: blank lines before a whole answer are skipped', () => {
    const body = { choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }] }
    const { fold } = readWhole(openaiChat, wire, `${'\n'.repeat(100)} ${JSON.stringify(body)}`)
    expect(textOf(fold.parts())).toBe('Hi')
  })

  test('trap-8: two objects glued into one event are refused, with an excerpt for the log', () => {
    const glued = JSON.stringify(chunk({ content: 'a' })) + JSON.stringify(chunk({ content: 'b' }))
    const { fold } = read(chunk({ content: 'x' }), glued, finish())
    expect(fold.error).toMatchObject({ kind: 'protocol', raw: expect.stringContaining('"content":"a"') })
  })

  test.each([
    [{ error: { message: 'Overloaded', type: 'overloaded_error' } }, 'overloaded'],
    [{ error: { message: 'Rate limit', code: 429 } }, 'rate-limit'],
    [{ error: 'something broke' }, 'server'],
    [{ error: { message: 'no', code: 'content_filter' } }, 'content-filter'],
    [{ object: 'error', message: 'bad', type: 'BadRequestError', code: 400 }, 'invalid'],
    [{ type: 'error', error: { type: 'invalid_request_error', message: 'bad' } }, 'invalid'],
    [[{ error: { code: 503, message: 'unavailable', status: 'UNAVAILABLE' } }], 'overloaded'],
    [{ detail: 'Internal failure' }, 'server'],
    [{ choices: [{ delta: {}, finish_reason: 'error', error: { code: 502, message: 'lost' } }] }, 'server'],
  ])('trap-9: an error inside a 200 stream is raised and keeps the usage: %j', (payload, kind) => {
    const usage = { prompt_tokens: 5, completion_tokens: 2 }
    const { fold, events } = read(chunk({ content: 'Hel' }, { usage }), payload, chunk({ content: 'lo' }))
    expect(fold.error?.kind).toBe(kind)
    expect(fold.usage.input).toBe(5)
    expect(events.at(-1)?.type).toBe('error')
  })

  test('trap-9: an event called error is one, whatever it holds', () => {
    for (const data of ['{"message":"gone"}', '"gone"']) {
      const body = Buffer.from(
        `data: ${JSON.stringify(chunk({ content: 'a' }))}\n\nevent: error\ndata: ${data}\n\n`,
      )
      const { fold } = readStream(openaiChat, wire, [body])
      expect(fold.error?.message).toContain('gone')
    }
  })

  test('trap-10: a clean close before the finish reason is a broken answer', () => {
    expect(read(chunk({ content: 'Hel' })).fold.error).toMatchObject({ kind: 'truncated', retryable: true })
    expect(read().fold.error?.kind).toBe('truncated')
    expect(read(chunk({ content: 'Hel' }), finish(null), finish('')).fold.error?.kind).toBe('truncated')
  })

  test('trap-11: a cut after the finish reason changes nothing', () => {
    const events: string[] = []
    const reader = openaiChat.reader(wire, [], (event) => events.push(event.type))
    reader.event(JSON.stringify(chunk({ content: 'Hi' })), '')
    reader.event(JSON.stringify(finish()), '')
    expect(reader.complete).toBe(true)
    reader.broken({ kind: 'network', message: 'reset', retryable: true, provider: 'p' })
    expect(events).toEqual(['start', 'part-start', 'text-delta', 'part-end', 'finish'])
  })

  test('a last event without its blank line counts if it is whole', () => {
    const text = (end: string) =>
      Buffer.from(`data: ${JSON.stringify(chunk({ content: 'Hi' }))}\n\ndata: ${end}`)
    expect(readStream(openaiChat, wire, [text(JSON.stringify(finish()))]).fold.finish?.reason).toBe('stop')
    expect(readStream(openaiChat, wire, [text('{"choices":[{"fin')]).fold.error?.kind).toBe('truncated')
  })
})

describe('whole answers that are none', () => {
  test.each([
    ['', 'it is empty'],
    ['<html><title>502</title></html>', 'it is a page'],
    ['Hello there', 'it is not JSON'],
    ['{"choices": [', 'it is not JSON'],
    ['{}', 'it holds no choice'],
    ['{"choices": []}', 'it holds no choice'],
    ['[]', 'it is not an object'],
    ['null', 'it is not an object'],
    ['{"a":1}{"b":2}', 'it is not JSON'],
  ])('%j is refused', (body, why) => {
    const { fold } = readWhole(openaiChat, wire, body)
    expect(fold.error).toMatchObject({ kind: 'protocol', message: expect.stringContaining(why) })
  })
})

describe('chunks', () => {
  test('trap-25: empty and missing choices, choices without delta, other choices', () => {
    const answer = response(
      read(
        { id: '', choices: [], prompt_filter_results: [] },
        { id: 'r1', model: 'm' },
        { id: 'r1', choices: [{ index: 0, finish_reason: null }] },
        chunk({ content: 'Hi' }),
        { id: 'r1', choices: [{ index: 1, delta: { content: 'other' }, finish_reason: 'length' }] },
        finish(),
      ),
    )
    expect([answer.id, answer.model, textOf(answer.parts), answer.finish.reason]).toEqual([
      'r1',
      'm',
      'Hi',
      'stop',
    ])
  })

  const usage = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 }
  test.each<[string, object[]]>([
    ['in the finish chunk', [finish('stop', { usage })]],
    ['in a last chunk', [finish(), { choices: [], usage }]],
    ['in a last chunk without choices', [finish(), { usage }]],
    ['under x_groq', [finish('stop', { x_groq: { id: 'q', usage } })]],
    ['in the choice', [chunk({}, {}, { finish_reason: 'stop', usage })]],
    [
      'in every chunk',
      [chunk({ content: '' }, { usage: { ...usage, completion_tokens: 2 } }), finish('stop', { usage })],
    ],
  ])('trap-28: usage %s: the last value wins and nothing is added up', (_, ending) => {
    const answer = response(read(chunk({ content: 'Hi' }, { usage: null }), ...ending, '[DONE]'))
    expect([answer.usage.input, answer.usage.output]).toEqual([10, 4])
  })

  test('trap-34: empty strings are values: they open no part and hide no other field', () => {
    const answer = response(
      read(
        chunk({ role: 'assistant', content: '', reasoning_content: '', reasoning: 'Hm' }),
        chunk({ content: '', reasoning_content: '' }),
        chunk({ content: 'Hi', refusal: '', tool_calls: [] }),
        chunk({ content: '' }),
        finish(),
      ),
    )
    expect(answer.parts).toEqual([
      { type: 'reasoning', text: 'Hm', index: 0 },
      { type: 'text', text: 'Hi' },
    ])
  })

  test('trap-37: thoughts under three names become one form', () => {
    for (const delta of [
      { reasoning_content: 'Hm' },
      { reasoning: 'Hm' },
      { reasoning: null, reasoning_details: [{ type: 'reasoning.text', text: 'Hm', index: 0 }] },
      { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] }] },
    ]) {
      const [thought] = response(read(chunk(delta), chunk({ content: 'Hi' }), finish())).parts
      expect(thought).toMatchObject({ type: 'reasoning', text: 'Hm' })
    }
  })

  test('trap-37: pieces of structured thoughts are joined as they would have come whole', () => {
    const entry = { type: 'reasoning.text', index: 0, format: 'f' }
    const streamed = response(
      read(
        chunk({ reasoning: 'One ', reasoning_details: [{ ...entry, text: 'One ' }] }),
        chunk({ reasoning: 'two', reasoning_details: [{ ...entry, text: 'two' }] }),
        chunk({ reasoning: null, reasoning_details: [{ ...entry, signature: 'sig' }] }),
        chunk({ reasoning_details: [{ type: 'reasoning.encrypted', index: 1, data: 'abc' }] }),
        chunk({ content: 'Hi' }),
        finish(),
      ),
    )
    const reasoning_details = [
      { ...entry, text: 'One two', signature: 'sig' },
      { type: 'reasoning.encrypted', index: 1, data: 'abc' },
    ]
    const message = { content: 'Hi', reasoning: 'One two', reasoning_details }
    const { fold } = readWhole(openaiChat, wire, {
      id: 'r1',
      model: 'm',
      created: 1,
      choices: [{ index: 0, message, finish_reason: 'stop' }],
    })
    expect(streamed).toEqual(fold.response(timing))
    expect(streamed.parts[0]?.meta).toEqual({ 'chat-completions': { reasoning_details } })
  })
})

describe('tool calls', () => {
  test('trap-29: calls that all carry index 0 are told apart by their ids', () => {
    const answer = response(
      read(
        chunk(call(0, begin('a', 'one', '{"x":1}'))),
        chunk(call(0, begin('b', 'two', '{"y":'))),
        chunk(call(0, more('2}'))),
        finish('tool_calls'),
      ),
    )
    expect(calls(answer.parts)).toEqual([
      ['a', 'one', '{"x":1}'],
      ['b', 'two', '{"y":2}'],
    ])
  })

  test('trap-29: calls under one index without ids are told apart by complete arguments', () => {
    const answer = response(
      read(
        chunk(call(0, begin('', 'one', '{"x":1}'))),
        chunk(call(0, begin('', 'two', '{"y":2}'))),
        finish('tool_calls'),
      ),
    )
    expect(calls(answer.parts)).toEqual([
      ['call_0_r1', 'one', '{"x":1}'],
      ['call_1_r1', 'two', '{"y":2}'],
    ])
  })

  test.each([
    ['starting at 1', 1, 2],
    ['with a gap', 0, 7],
    ['backwards', 5, 3],
  ])('trap-30: an index %s', (_, first, second) => {
    const answer = response(
      read(
        chunk(call(first, begin('a', 'one'))),
        chunk(call(second, begin('b', 'two'))),
        chunk(call(first, more('{"x":1}'))),
        chunk(call(second, more('{"y":2}'))),
        finish('tool_calls'),
      ),
    )
    expect(calls(answer.parts)).toEqual([
      ['a', 'one', '{"x":1}'],
      ['b', 'two', '{"y":2}'],
    ])
  })

  test('trap-30: no index at all', () => {
    const answer = response(
      read(
        chunk({ tool_calls: [begin('', 'one', '{"x":1}'), begin('', 'two', '{"y":')] }),
        chunk(call(undefined, more('2}'))),
        chunk(call(undefined, begin('', 'three', '{}'))),
        finish('tool_calls'),
      ),
    )
    expect(calls(answer.parts).map(([, name, args]) => [name, args])).toEqual([
      ['one', '{"x":1}'],
      ['two', '{"y":2}'],
      ['three', '{}'],
    ])
  })

  test('trap-32: a name repeated or empty later, an id only once, made-up ids later', () => {
    const answer = response(
      read(
        chunk(call(0, { id: 'a', type: 'function' })),
        chunk(call(0, begin('', 'look', '{"x"'))),
        chunk(call(0, begin('', '', ':'))),
        chunk(call(0, begin('a', 'look', '1'))),
        chunk(call(0, { id: 'other', ...more('}') })),
        finish('tool_calls'),
      ),
    )
    expect(calls(answer.parts)).toEqual([['a', 'look', '{"x":1}']])
  })

  test.each([
    ['nothing', undefined],
    ['an empty text', ['']],
    ['null', ['nu', 'll']],
    ['an empty object', ['{', '}']],
    ['a JSON null', [null]],
    ['blanks', [' ', '\n']],
  ])('trap-33: arguments that are %s become {}', (_, pieces) => {
    const deltas = (pieces ?? []).map((args) => chunk(call(0, { function: { arguments: args } })))
    const answer = read(
      chunk(call(0, { id: 'a', function: { name: 'now' } })),
      ...deltas,
      finish('tool_calls'),
    )
    expect(response(answer).parts).toMatchObject([{ argsText: '{}', args: {} }])
    expect(
      answer.events
        .filter((event) => event.type === 'args-delta')
        .map((event) => 'text' in event && event.text)
        .join(''),
    ).toBe('{}')
  })

  test('trap-33: broken arguments stay text and are reported', () => {
    const answer = response(read(chunk(call(0, begin('a', 'look', '{"x": '))), finish('tool_calls')))
    expect(calls(answer.parts)).toEqual([['a', 'look', '{"x": ']])
    expect(answer.warnings).toMatchObject([{ code: 'tool_arguments_invalid' }])
  })

  test('trap-35: calls with finish reason stop are tool calls', () => {
    expect(response(read(chunk(call(0, begin('a', 'look', '{}'))), finish('stop'))).finish).toEqual({
      reason: 'tool-calls',
      raw: 'stop',
    })
    expect(response(read(chunk(call(0, begin('a', 'look', '{}'))), finish('length'))).finish.reason).toBe(
      'length',
    )
  })

  test('trap-36: arguments as an object become text', () => {
    const item = { id: 'a', function: { name: 'look', arguments: { at: ['it'] } } }
    expect(calls(response(read(chunk(call(0, item)), finish('tool_calls'))).parts)).toEqual([
      ['a', 'look', '{"at":["it"]}'],
    ])
  })

  test('a call without a name cannot be used', () => {
    expect(read(chunk(call(0, more('{"x":1}'))), finish('tool_calls')).fold.error?.kind).toBe('protocol')
    expect(read(chunk({ content: 'Hi' }), chunk(call(0, {})), finish()).fold.error).toBeUndefined()
  })

  test('the old function_call is a call too', () => {
    const answer = response(
      read(
        chunk({ function_call: { name: 'look', arguments: '{"x"' } }),
        chunk({ function_call: { arguments: ':1}' } }),
        finish('function_call'),
      ),
    )
    expect(calls(answer.parts)).toEqual([['call_0_r1', 'look', '{"x":1}']])
    expect(answer.finish.reason).toBe('tool-calls')
  })
})

describe('finish reasons (providers.md 3.1)', () => {
  test.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['model_length', 'length'],
    ['content_filter', 'content-filter'],
    ['tool_calls', 'tool-calls'],
    ['something_new', 'other'],
  ])('%s is %s', (raw, reason) => {
    expect(response(read(chunk({ content: 'Hi' }), finish(raw))).finish).toEqual({ reason, raw })
  })

  test('a refusal is told apart from an answer', () => {
    const answer = response(read(chunk({ refusal: 'I will ' }), chunk({ refusal: 'not.' }), finish()))
    expect(answer.parts).toEqual([{ type: 'refusal', text: 'I will not.' }])
    expect(answer.finish.reason).toBe('refusal')
  })

  test('a vendor that gives up says so', () => {
    expect(read(chunk({ content: 'Hi' }), finish('error')).fold.error?.kind).toBe('overloaded')
    const deepseek = wireOf('deepseek')
    const { fold } = readEvents(openaiChat, deepseek, [
      chunk({ content: 'Hi' }),
      finish('insufficient_system_resource'),
    ])
    expect(fold.error).toMatchObject({ kind: 'overloaded', code: 'insufficient_system_resource' })
  })
})

describe('usage as disjoint counts', () => {
  const counts = (usage: object): (number | null)[] => {
    const { input, cacheRead, cacheWrite, output, reasoning }: Usage = response(
      read(chunk({ content: 'a' }), finish('stop', { usage })),
    ).usage
    return [input, cacheRead, cacheWrite, output, reasoning]
  }
  test.each<[string, object, (number | null)[]]>([
    ['nothing about caches', { prompt_tokens: 100, completion_tokens: 20 }, [100, null, null, 20, null]],
    [
      '75 of 100 cached',
      { prompt_tokens: 100, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 75 } },
      [25, 75, null, 20, null],
    ],
    [
      'hits and misses',
      {
        prompt_tokens: 100,
        completion_tokens: 20,
        prompt_cache_hit_tokens: 60,
        prompt_cache_miss_tokens: 40,
      },
      [40, 60, null, 20, null],
    ],
    [
      'cached at the top',
      { prompt_tokens: 100, completion_tokens: 20, cached_tokens: 10 },
      [90, 10, null, 20, null],
    ],
    [
      'written to the cache',
      {
        prompt_tokens: 100,
        completion_tokens: 20,
        prompt_tokens_details: { cached_tokens: 30, cache_write_tokens: 50 },
      },
      [20, 30, 50, 20, null],
    ],
    [
      'thinking within',
      {
        prompt_tokens: 10,
        completion_tokens: 50,
        total_tokens: 60,
        completion_tokens_details: { reasoning_tokens: 40 },
      },
      [10, null, null, 10, 40],
    ],
    [
      'thinking beside',
      {
        prompt_tokens: 10,
        completion_tokens: 50,
        total_tokens: 100,
        completion_tokens_details: { reasoning_tokens: 40 },
      },
      [10, null, null, 50, 40],
    ],
    [
      'thinking beside, no total',
      { prompt_tokens: 10, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 40 } },
      [10, null, null, 5, 40],
    ],
    [
      'thinking miscounted',
      {
        prompt_tokens: 43,
        completion_tokens: 10,
        total_tokens: 53,
        completion_tokens_details: { reasoning_tokens: 11 },
      },
      [43, null, null, 0, 10],
    ],
    [
      'no details',
      {
        prompt_tokens: 1,
        completion_tokens: 2,
        prompt_tokens_details: null,
        completion_tokens_details: null,
      },
      [1, null, null, 2, null],
    ],
    [
      'known zeros',
      {
        prompt_tokens: 1,
        completion_tokens: 0,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
      [1, 0, null, 0, 0],
    ],
    ['nonsense', { prompt_tokens: '12', completion_tokens: -1 }, [null, null, null, null, null]],
  ])('%s', (_, usage, expected) => {
    expect(counts(usage)).toEqual(expected)
  })

  test('no usage is unknown, not zero', () => {
    expect(response(read(chunk({ content: 'a' }), finish())).usage.input).toBeNull()
  })
})

test('spoken answers come as one part, whole and in pieces', () => {
  const streamed = response(
    read(
      chunk({ audio: { id: 'a1', transcript: 'Hel' } }),
      chunk({ audio: { data: 'AAAA' } }),
      chunk({ audio: { transcript: 'lo' } }),
      chunk({ audio: { data: 'BBBB', expires_at: 9 } }),
      finish(),
    ),
  )
  const audio = { id: 'a1', transcript: 'Hello', data: 'AAAABBBB', expires_at: 9 }
  const whole = readWhole(openaiChat, wire, {
    choices: [{ message: { content: null, audio }, finish_reason: 'stop' }],
  })
  expect(streamed.parts).toEqual(whole.fold.parts())
  expect(streamed.parts).toEqual([
    {
      type: 'audio',
      source: { kind: 'bytes', base64: 'AAAABBBB' },
      meta: { 'chat-completions': { audio: { id: 'a1', transcript: 'Hello', expires_at: 9 } } },
    },
  ])
})

test('free-form calls keep their text', () => {
  const custom = (input: string) => ({
    tool_calls: [{ index: 0, id: 'a', type: 'custom', custom: { name: 'sql', input } }],
  })
  const answer = response(read(chunk(custom('')), chunk(custom('select 1')), finish('tool_calls')))
  expect(answer.parts).toEqual([
    { type: 'tool-call', id: 'a', name: 'sql', argsText: 'select 1', custom: true },
  ])
  expect(answer.warnings).toEqual([])
})

test('pictures, sources and parts we do not know are kept', () => {
  const message = {
    content: [
      { type: 'text', text: 'See ' },
      { type: 'reference', reference_ids: [1] },
      { type: 'text', text: 'this.' },
    ],
    annotations: [{ type: 'url_citation', url_citation: { url: 'https://example.com' } }],
    images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }],
  }
  const { fold } = readWhole(openaiChat, wire, { choices: [{ message, finish_reason: 'stop' }] })
  expect(fold.parts()).toEqual([
    { type: 'text', text: 'See ' },
    { type: 'opaque', dialect: 'chat-completions', value: { type: 'reference', reference_ids: [1] } },
    { type: 'text', text: 'this.', meta: { 'chat-completions': { annotations: message.annotations } } },
    { type: 'image', mediaType: 'image/png', source: { kind: 'bytes', base64: 'AAAA' } },
  ])
})
