import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { textOf } from '#shared/model/chat.ts'
import type { Fold } from '#shared/model/reduce.ts'
import { faultsOf, readStream, readWhole, wireOf } from '../../../test/upstream/read-answer.ts'
import { folder, type Recording, recordings } from '../../../test/upstream/recordings.ts'
import { openaiChat } from './provider.ts'

const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<string, object>
const all = recordings()
const wire = ({ provider, request }: Recording) => wireOf(provider, String(request?.model ?? 'm'))
const timing = { firstByteMs: 0, totalMs: 0 }

/** The facts that expected.json holds. */
function summary(fold: Fold): object {
  const { input, cacheRead, cacheWrite, output, reasoning } = fold.usage
  const usage = [input, cacheRead, cacheWrite, output, reasoning]
  if (fold.error !== undefined) {
    const { kind, code } = fold.error
    return { error: kind, ...(code === undefined ? {} : { code }), usage }
  }
  const { parts, finish } = fold.response(timing)
  const calls = parts.flatMap((part) =>
    part.type === 'tool-call' ? [[part.id, part.name, part.argsText]] : [],
  )
  const kinds = parts.map((part) => part.type).join(' ')
  return { finish: finish.reason, usage, parts: kinds, ...(calls.length === 0 ? {} : { calls }) }
}

function read(recording: Recording): Fold {
  return recording.streamed
    ? readStream(openaiChat, wire(recording), [recording.body]).fold
    : readWhole(openaiChat, wire(recording), recording.body.toString()).fold
}

/** The text by the plainest possible reading of the recording. */
function plainText({ body, streamed }: Recording): string {
  const values = streamed
    ? [...body.toString().matchAll(/^data: (\{.*\})\s*$/gm)].map(([, json]) => JSON.parse(json ?? ''))
    : [JSON.parse(body.toString())]
  return values
    .flatMap((value) => value.choices ?? [])
    .map((choice) => (choice.delta ?? choice.message)?.content ?? '')
    .map((content) =>
      typeof content === 'string'
        ? content
        : content.map((part: { text?: string }) => part.text ?? '').join(''),
    )
    .join('')
}

const answers = all.filter(({ status }) => status < 400)
const streams = answers.filter(({ streamed }) => streamed)
const named = (list: readonly Recording[]) => list.map((recording) => [recording.name, recording] as const)

test('every recording is judged', () => {
  expect(all.map(({ name }) => name).toSorted()).toEqual(Object.keys(expected).toSorted())
})

describe('recorded answers', () => {
  test.each(named(answers))('%s', (name, recording) => {
    const fold = read(recording)
    expect(summary(fold)).toEqual(expected[name])
    if (fold.error === undefined) expect(textOf(fold.parts())).toBe(plainText(recording))
  })
})

describe('recorded errors', () => {
  test.each(named(all.filter(({ status }) => status >= 400)))('%s', (name, recording) => {
    const { status, headers, body } = recording
    const error = openaiChat.failure({ status, headers, body: body.toString() }, wire(recording), 0)
    const { kind, code } = error
    expect({ error: kind, status: error.status, ...(code === undefined ? {} : { code }) }).toEqual(
      expected[name],
    )
    expect(error.message.length).toBeGreaterThan(20)
  })
})

describe('recorded streams, however they arrive', () => {
  const outcome = (recording: Recording, chunks: readonly Uint8Array[]) => {
    const { events, fold } = readStream(openaiChat, wire(recording), chunks)
    expect(faultsOf(events)).toEqual([])
    return fold.error ?? fold.response(timing)
  }

  test.each(named(streams))('trap-1: %s byte by byte', (_, recording) => {
    const { body } = recording
    const bytes = Array.from(body, (_byte, at) => body.subarray(at, at + 1))
    expect(outcome(recording, bytes)).toEqual(outcome(recording, [body]))
  })

  test.each(named(streams))('trap-2: %s cut in two anywhere', (_, recording) => {
    const { body } = recording
    const whole = JSON.stringify(outcome(recording, [body]))
    // Every place of small ones; of large ones a prime step, so that all kinds of places are hit.
    const step = body.length < 3_000 ? 1 : body.length < 20_000 ? 37 : 997
    for (let at = 1; at < body.length; at += step) {
      const cut = JSON.stringify(outcome(recording, [body.subarray(0, at), body.subarray(at)]))
      if (cut !== whole) expect.fail(`cut at byte ${at}: ${cut}`)
    }
  })

  test.each(named(streams))('trap-3: %s with CRLF and CR', (_, recording) => {
    const whole = outcome(recording, [recording.body])
    for (const eol of ['\r\n', '\r']) {
      const body = Buffer.from(recording.body.toString().replaceAll('\n', eol))
      expect(outcome(recording, [body])).toEqual(whole)
      const halves = Array.from({ length: Math.ceil(body.length / 2) }, (_half, i) =>
        body.subarray(2 * i, 2 * i + 2),
      )
      expect(outcome(recording, halves)).toEqual(whole)
    }
  })

  test.each(named(streams))('trap-10, trap-11: %s cut after every event', (_, recording) => {
    const events = recording.body.toString().split(/(?<=\n\n)/)
    const finish = events.findIndex((event) => /"finish_reason": ?"\w/.test(event))
    const last =
      recording.provider === 'snowflake-cortex'
        ? events.findIndex((event) => event.includes('[DONE]'))
        : finish
    for (let kept = 0; kept < events.length; kept++) {
      const { fold } = readStream(openaiChat, wire(recording), [Buffer.from(events.slice(0, kept).join(''))])
      const complete = last >= 0 && kept > last
      if (!complete) expect([kept, fold.error?.kind]).toEqual([kept, 'truncated'])
      else if (fold.error === undefined) expect(fold.finish).toBeDefined()
      else expect(fold.error.kind).not.toBe('truncated')
    }
  })
})
