import { describe, expect, test } from 'vitest'
import type { Json } from '#shared/json.ts'
import { readWhole as readByEvents, wireOf } from '../../../test/upstream/read-answer.ts'
import { recordings } from '../../../test/upstream/recordings.ts'
import type { Answered, Wire } from '../adapter.ts'
import { openaiChat } from './provider.ts'
import { parse } from './stream.ts'
import { readPlain } from './whole.ts'

const timing = { firstByteMs: 1, totalMs: 2 }
const wholes = recordings().filter(({ streamed, status }) => !streamed && status < 400)
const models = wholes.map((recording) => {
  const wire = wireOf(recording.provider, String(recording.request?.model ?? 'm'))
  return [recording.name, { wire, body: recording.body.toString() }] as const
})

const plainAnswer = {
  id: 'a1',
  object: 'chat.completion',
  created: 1_700_000_000.5,
  model: 'm-2',
  service_tier: 'default',
  system_fingerprint: null,
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Hi.', refusal: null, annotations: [], reasoning: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 3,
    completion_tokens: 2,
    total_tokens: 5,
    prompt_tokens_details: { cached_tokens: 1 },
  },
}

function outcome(answered: Answered): object {
  return answered.error ?? answered.response(timing, [])
}

/** Both ways; what they say must be the same, text for text. */
function expectSame(body: string, wire: Wire, about: string): void {
  const events = JSON.stringify(outcome(readByEvents(openaiChat, wire, body).fold))
  const direct = JSON.stringify(outcome(openaiChat.whole(body, wire, [])))
  if (direct !== events) expect.fail(`${about}: ${direct} instead of ${events}`)
}

const others: readonly (Json | undefined)[] = [undefined, null, '', 'error', 0, -1.5, true, [], [null], {}]
const added = ['error', 'type', 'x_groq', 'usage', 'refusal', 'reasoning', 'reasoning_content', 'tool_calls']
const values: readonly Json[] = [null, [], '', 'error', { usage: { prompt_tokens: 1 } }, [{ a: 1 }]]

/** The value with every part of it left out or replaced, and with fields that other answers have. */
function* variants(value: Json): Generator<Json | undefined> {
  yield* others
  if (typeof value !== 'object' || value === null) return
  const keys = Object.keys(value)
  for (const key of keys) {
    const inner = (value as Readonly<Record<string, Json>>)[key] ?? null
    for (const other of variants(inner)) yield replaced(value, key, other)
  }
  if (Array.isArray(value)) yield [...value, ...value]
  else for (const key of added) for (const other of values) yield { ...value, [key]: other }
}

function replaced(value: object, key: string, other: Json | undefined): Json {
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, Json>
  if (other === undefined) delete copy[key]
  else copy[key] = other
  return copy
}

test('a plain answer is read directly', () => {
  expect(readPlain(plainAnswer, wireOf('openai'))?.response(timing, [])).toEqual({
    id: 'a1',
    model: 'm-2',
    created: 1_700_000_000,
    parts: [{ type: 'text', text: 'Hi.' }],
    finish: { reason: 'stop', raw: 'stop' },
    usage: { input: 2, cacheRead: 1, cacheWrite: null, output: 2, reasoning: null, total: 5 },
    warnings: [],
    timing,
  })
})

test('many recorded answers are plain', () => {
  const plain = models.filter(([, { body, wire }]) => readPlain(parse(body) ?? null, wire) !== undefined)
  expect(plain.length).toBeGreaterThan(models.length / 8)
})

describe('reading directly says what the events say', () => {
  test.each(models)('%s', (name, { wire, body }) => {
    expectSame(body, wire, name)
    const pieces = body.length < 6_000 ? variants(parse(body) ?? null) : []
    for (const value of pieces) expectSame(JSON.stringify(value) ?? '', wire, JSON.stringify(value))
  })

  test('a plain answer with anything else in any place', () => {
    for (const provider of ['openai', 'groq', 'mistral', 'deepseek', 'openai-compatible']) {
      const wire = wireOf(provider)
      for (const value of variants(plainAnswer)) {
        expectSame(JSON.stringify(value) ?? '', wire, JSON.stringify(value) ?? 'nothing')
      }
    }
  })

  test.each([
    '',
    ' ',
    '\n{',
    '<html>',
    '\ufeff{}',
    ' {"choices":[]} ',
    'null',
    '"x"',
    '{"__proto__":{"error":1}}',
  ])('the body %j', (body) => expectSame(body, wireOf('openai'), body))
})

test('stop texts that the model does not take cut a plain answer too', () => {
  const wire = wireOf('openai', 'o3')
  const answered = openaiChat.whole(JSON.stringify(plainAnswer), wire, ['i.'])
  const { parts, finish } = answered.response(timing, [])
  expect(parts).toEqual([{ type: 'text', text: 'H' }])
  expect(finish).toEqual({ reason: 'stop', raw: 'stop', stopSequence: 'i.' })
})
