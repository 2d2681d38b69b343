// The body of a request as bytes: refused by its headers where they tell, counted while it arrives, timed throughout.
import type { Clock } from '#main/engine/effects.ts'
import { AppError } from '#shared/errors.ts'
import { Bag, type Slot } from './bag.ts'
import type { Exchange } from './exchange.ts'
import type { Head } from './head.ts'

export interface BodyTimes {
  readonly totalMs: number
  /** Without a byte. */
  readonly progressMs: number
}
const defaults: BodyTimes = { totalMs: 30_000, progressMs: 15_000 }

interface Arrival extends Slot {
  readonly startedAt: number
  lastAt: number
  readonly late: () => void
}

export interface Bodies {
  /** Throws `unsupported_media_type` and `payload_too_large` at once; rejects with the latter, `request_timeout` or `cancelled`. */
  read(exchange: Exchange, head: Head, limit: number): Promise<Buffer>
}

export function createBodies(clock: Clock, times: BodyTimes = defaults): Bodies {
  // One timer looks after all bodies on their way; most arrive whole before it would have fired.
  const arriving = new Bag<Arrival>()
  let sweeping = false
  function sweep(): void {
    const now = clock.ticks()
    for (const arrival of arriving.all()) {
      const slow = now - arrival.startedAt >= times.totalMs || now - arrival.lastAt >= times.progressMs
      if (slow) arrival.late()
    }
    sweeping = arriving.size > 0
    if (sweeping) clock.after(1000, sweep)
  }
  function watch(late: () => void): Arrival {
    const now = clock.ticks()
    const arrival: Arrival = { slot: -1, startedAt: now, lastAt: now, late }
    arriving.add(arrival)
    if (!sweeping) {
      sweeping = true
      clock.after(1000, sweep)
    }
    return arrival
  }

  return {
    read(exchange, head, limit) {
      checkType(head)
      if (head.contentLength > limit) throw tooLarge(limit)
      const { req, res } = exchange
      if (exchange.expects) res.writeContinue()
      return new Promise((resolve, reject) => {
        let first: Buffer | undefined
        let rest: Buffer[] | undefined
        let size = 0
        const fail = (error: AppError) => {
          arriving.delete(arrival)
          req.off('data', onData)
          reject(error)
        }
        const arrival = watch(() =>
          fail(new AppError('request_timeout', { message: 'The body arrived too slowly.' })),
        )
        const onData = (chunk: Buffer) => {
          size += chunk.length
          if (size > limit) return fail(tooLarge(limit))
          arrival.lastAt = clock.ticks()
          if (first === undefined) first = chunk
          else if (rest === undefined) rest = [first, chunk]
          else rest.push(chunk)
        }
        req.on('data', onData)
        req.on('end', () => {
          arriving.delete(arrival)
          resolve(rest === undefined ? (first ?? empty) : Buffer.concat(rest, size))
        })
        exchange.whenGone(() => fail(new AppError('cancelled', { message: 'The caller left.' })))
      })
    },
  }
}

const empty = Buffer.alloc(0)
const json = /^application\/json(?:\s*;\s*charset\s*=\s*"?utf-?8"?)?\s*;?$/i

/** Also for routes that read nothing: a form that a foreign page sends must not pass for a request of ours. */
export function checkType({ contentType, contentLength, encoding, chunked }: Head): void {
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new AppError('unsupported_media_type', {
      message: 'A compressed body is not accepted.',
      details: { reason: 'encoding' },
    })
  }
  if (contentType !== 'application/json' && (contentLength > 0 || chunked) && !json.test(contentType ?? '')) {
    throw new AppError('unsupported_media_type', { message: 'Send the body as application/json.' })
  }
}

function tooLarge(limit: number): AppError {
  return new AppError('payload_too_large', { message: `The body may have ${limit} bytes.` })
}
