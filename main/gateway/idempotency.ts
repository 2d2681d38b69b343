// Repeats of a POST with the same `Idempotency-Key` get the first answer. Kept in memory, bounded by bytes and age.
import { createHash } from 'node:crypto'
import type { Clock } from '#main/engine/effects.ts'
import { AppError } from '#shared/errors.ts'
import type { Exchange } from './exchange.ts'
import type { KeyEntry } from './ports.ts'

/** An answer as it left, or the stream of one. */
export interface StoredAnswer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

export interface Claim {
  keep(answer: StoredAnswer): void
  /** Nothing is kept; the next request with this key runs. */
  forget(): void
}

export interface Idempotency {
  /** Undefined without the header. Throws `invalid_request`, `conflict`, `in_progress`. */
  claim(exchange: Exchange, key: KeyEntry, body: Buffer): Claim | StoredAnswer | undefined
}

export interface IdempotencyOptions {
  readonly maxBytes: number
  readonly keepMs: number
}
const defaults: IdempotencyOptions = { maxBytes: 64 * 1024 * 1024, keepMs: 86_400_000 }

interface Entry {
  readonly body: string
  readonly run: string
  readonly until: number
  answer: StoredAnswer | undefined
  bytes: number
}

/** What an entry takes besides its answer. */
const entryBytes = 512

export function createIdempotency(clock: Clock, options: IdempotencyOptions = defaults): Idempotency {
  // In order of their beginning, which is the order in which they end.
  const entries = new Map<string, Entry>()
  let bytes = 0

  function remove(name: string, entry: Entry): void {
    if (entries.get(name) !== entry) return
    entries.delete(name)
    bytes -= entry.bytes
  }
  function sweep(now: number): void {
    for (const [name, entry] of entries) {
      if (entry.until > now && bytes <= options.maxBytes) return
      // One that still runs must stay: forgetting it would run it twice.
      if (entry.answer !== undefined) remove(name, entry)
      else if (entry.until > now) continue
      else remove(name, entry)
    }
  }

  return {
    claim({ head, id }, key, body) {
      const { idempotencyKey, path } = head
      if (idempotencyKey === undefined) return undefined
      if (!/^[\x21-\x7e]{1,200}$/.test(idempotencyKey)) {
        throw new AppError('invalid_request', {
          message: 'An Idempotency-Key has 1 to 200 visible characters.',
          details: { reason: 'idempotency_key' },
        })
      }
      const name = `${key.id}\n${path}\n${idempotencyKey}`
      const hash = createHash('sha256').update(body).digest('base64')
      sweep(clock.now())
      const before = entries.get(name)
      if (before) return repeat(before, hash)
      const until = clock.now() + options.keepMs
      const entry: Entry = { body: hash, run: `run_${id}`, until, answer: undefined, bytes: entryBytes }
      entries.set(name, entry)
      bytes += entryBytes
      return {
        keep(answer) {
          if (entries.get(name) !== entry || entry.answer !== undefined) return
          entry.answer = answer
          entry.bytes += 2 * answer.body.length
          bytes += 2 * answer.body.length
          sweep(clock.now())
        },
        forget() {
          if (entry.answer === undefined) remove(name, entry)
        },
      }
    },
  }
}

function repeat(before: Entry, hash: string): StoredAnswer {
  if (before.body !== hash) throw new AppError('conflict')
  if (before.answer !== undefined) return before.answer
  throw new AppError('in_progress', { details: { run_id: before.run }, retryAfterMs: 1000 })
}
