// One reader of a buffered Run: from any event on, at its own pace, to the end.
import { AppError } from '#shared/errors.ts'
import type { EventBuffer } from './event-buffer.ts'
import type { Exchange } from './exchange.ts'
import type { Service } from './service.ts'
import { SseOutlet } from './sse-outlet.ts'

export interface FollowOptions {
  /** Events the reader has already. */
  readonly seen: number
  readonly headers: readonly string[]
  readonly silenceMs: number
  readonly ping: () => string
  /** The reader has left before the end. */
  readonly onLeft: () => void
}

const pieceBytes = 64 * 1024

export function follow(
  exchange: Exchange,
  buffer: EventBuffer,
  options: FollowOptions,
  service: Service,
): void {
  let { seen } = options
  let full = false
  const outlet = new SseOutlet(exchange, {
    clock: service.deps.effects.clock,
    silenceMs: options.silenceMs,
    unreadMs: service.times.unreadMs,
    ping: options.ping,
    headers: () => options.headers,
    onFull: () => {
      full = true
    },
    onRoom: () => {
      full = false
      more()
    },
    onStuck: () => exchange.res.destroy(),
  })
  const stop = buffer.onMore(more)
  exchange.whenGone(() => {
    stop()
    outlet.drop()
    options.onLeft()
  })
  more()

  function more(): void {
    if (full || exchange.gone) return
    // A reader who fell behind a lost buffer must not take what follows for the rest.
    if (buffer.lost) {
      cut()
      return
    }
    const { text, count } = buffer.after(seen, pieceBytes)
    seen += count
    if (buffer.ended && seen >= buffer.count) {
      stop()
      outlet.end(text)
    } else {
      outlet.push(text)
      // A long backlog leaves piece by piece, each when the one before has been written.
      if (seen < buffer.count) setImmediate(more)
    }
  }
  function cut(): void {
    stop()
    outlet.drop()
    exchange.res.destroy()
  }
}

/** `Last-Event-ID`: a whole number, or nothing. Throws `invalid_request`. */
export function seenEvents(lastEventId: string | undefined): number {
  if (lastEventId === undefined) return 0
  if (/^(0|[1-9][0-9]{0,8})$/.test(lastEventId)) return Number(lastEventId)
  throw new AppError('invalid_request', {
    message: 'Last-Event-ID must be the id of an event of this run.',
    details: { reason: 'last_event_id' },
  })
}
