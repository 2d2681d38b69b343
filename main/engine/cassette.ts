// Cassettes (features D2): all effects of a Run, recorded with their times, and replayed without a network.
import { AppError } from '#shared/errors.ts'
import type { Json } from '#shared/json.ts'
import type { Cassette, Entry } from './cassette-entry.ts'
import { Player, type ReplayOptions } from './cassette-player.ts'
import { type RecordOptions, Tape } from './cassette-tape.ts'
import type { Effects } from './effects.ts'

/** One JSON value per line, the head first. */
export function writeCassette(cassette: Cassette): string {
  const { entries, ...head } = cassette
  return [head, ...entries].map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** Throws `invalid_request` with the line. */
export function readCassette(text: string): Cassette {
  const [head, ...entries] = text
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [parseLine(line, index)]))
  if ((head as { format?: unknown } | undefined)?.format !== 'sluice/cassette@1')
    throw unreadable(0, 'it is not a sluice/cassette@1')
  return { ...(head as Omit<Cassette, 'entries'>), entries: entries as unknown as Entry[] }
}

function parseLine(line: string, index: number): Json {
  try {
    return JSON.parse(line) as Json
  } catch (cause) {
    throw unreadable(index, 'it is not JSON', cause)
  }
}

function unreadable(index: number, why: string, cause?: unknown): AppError {
  return new AppError('invalid_request', {
    message: `The cassette cannot be read, line ${index + 1}: ${why}.`,
    cause,
  })
}

/** `effects` for one Run; `cassette()` at any time, complete when the Run is over. */
export function recordEffects(
  effects: Effects,
  options: RecordOptions = {},
): { effects: Effects; cassette(): Cassette } {
  const tape = new Tape(effects, options)
  return { effects: tape.effects(), cassette: () => tape.cassette() }
}

/**
 * Effects for one Run with the seed and the id of the Cassette. A request that it does not hold is `cassette_miss`, with
 * `details.changed` naming the fields that differ from the one recorded in its place; it never goes out.
 */
export function replayEffects(cassette: Cassette, options: ReplayOptions): Effects {
  return new Player(cassette, options).effects()
}
