import { expect, test } from 'vitest'
import type { StreamEvent } from './chat.ts'
import { Fold, foldParts, foldStream } from './reduce.ts'

const timing = { firstByteMs: 5, totalMs: 9 }
const usage = { input: 3, cacheRead: 0, cacheWrite: null, output: 2, reasoning: null }
const finish: StreamEvent = { type: 'finish', finish: { reason: 'stop', raw: 'stop' }, usage }

const answer: StreamEvent[] = [
  { type: 'start', id: 'r1', model: 'm', created: 7 },
  { type: 'part-start', index: 0, part: 'reasoning' },
  { type: 'reasoning-delta', index: 0, text: 'Hm' },
  { type: 'part-meta', index: 0, meta: { part: { signature: 'sig' }, 'chat-completions': { a: 1 } } },
  { type: 'part-end', index: 0 },
  { type: 'part-start', index: 1, part: 'text' },
  { type: 'text-delta', index: 1, text: 'Hello ' },
  { type: 'part-start', index: 2, part: 'tool-call', id: 'c1', name: 'look' },
  { type: 'args-delta', index: 2, text: '{"a":' },
  { type: 'text-delta', index: 1, text: 'there' },
  { type: 'args-delta', index: 2, text: '1}' },
  { type: 'part-end', index: 1 },
  { type: 'part-end', index: 2 },
  { type: 'usage', usage: { ...usage, input: 1 } },
  finish,
]

test('folds a stream into the answer it tells', () => {
  expect(foldStream(answer, timing)).toEqual({
    id: 'r1',
    model: 'm',
    created: 7,
    parts: [
      { type: 'reasoning', text: 'Hm', index: 0, signature: 'sig', meta: { 'chat-completions': { a: 1 } } },
      { type: 'text', text: 'Hello there' },
      { type: 'tool-call', id: 'c1', name: 'look', argsText: '{"a":1}', args: { a: 1 } },
    ],
    finish: { reason: 'stop', raw: 'stop' },
    usage,
    warnings: [],
    timing,
  })
})

test('shows the parts that have arrived so far', () => {
  const parts = foldParts(answer.slice(0, 9))
  expect(parts[1]).toEqual({ type: 'text', text: 'Hello ' })
  expect(parts[2]).toEqual({ type: 'tool-call', id: 'c1', name: 'look', argsText: '{"a":' })
})

test('keeps broken arguments as text and reports them', () => {
  const events: StreamEvent[] = [
    { type: 'part-start', index: 0, part: 'tool-call', id: 'c1', name: 'look' },
    { type: 'args-delta', index: 0, text: '{"a":' },
    finish,
  ]
  const response = foldStream(events, timing)
  expect(response.parts).toEqual([{ type: 'tool-call', id: 'c1', name: 'look', argsText: '{"a":' }])
  expect(response.warnings).toMatchObject([{ code: 'tool_arguments_invalid' }])
})

test('reads a call without any arguments as an empty object', () => {
  const events: StreamEvent[] = [
    { type: 'part-start', index: 0, part: 'tool-call', id: 'c1', name: 'now' },
    finish,
  ]
  expect(foldStream(events, timing).parts).toMatchObject([{ argsText: '{}', args: {} }])
})

test('builds media and opaque parts from their meta', () => {
  const events: StreamEvent[] = [
    { type: 'part-start', index: 0, part: 'media' },
    {
      type: 'part-meta',
      index: 0,
      meta: { part: { type: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } } },
    },
    { type: 'part-start', index: 1, part: 'opaque' },
    { type: 'part-meta', index: 1, meta: { part: { dialect: 'd', value: { x: [1] } } } },
    finish,
  ]
  expect(foldStream(events, timing).parts).toEqual([
    { type: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } },
    { type: 'opaque', dialect: 'd', value: { x: [1] } },
  ])
})

test('an answer without an end is no answer, but keeps its error and what was used', () => {
  expect(() => foldStream(answer.slice(0, -1), timing)).toThrow(
    expect.objectContaining({ code: 'upstream_bad_response' }),
  )
  const fold = new Fold()
  for (const event of answer.slice(0, -1)) fold.push(event)
  const error = { kind: 'truncated', message: 'cut', retryable: true, provider: 'p' } as const
  fold.push({ type: 'error', error })
  expect(fold.error).toEqual(error)
  expect(fold.usage.input).toBe(1)
})
