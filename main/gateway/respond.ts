// How a Run becomes an answer: one JSON document, a stream, or events kept for later readers.
import { AppError, isErrorCode } from '#shared/errors.ts'
import type { RunEvent, RunTotals } from '#shared/run/events.ts'
import type { RateFacts } from './admit.ts'
import { pushRate } from './errors.ts'
import type { EventBuffer } from './event-buffer.ts'
import type { Exchange } from './exchange.ts'
import { follow } from './follow.ts'
import { baseHeaders, pushOutcome, visible } from './headers.ts'
import type { Claim } from './idempotency.ts'
import { sendError, sendJson } from './send.ts'
import type { Service } from './service.ts'
import { SseOutlet } from './sse-outlet.ts'
import type { Begun, Finished, StreamWriter, Surface } from './surfaces/call.ts'

export interface Reply {
  /** Everything but the end. */
  event(event: RunEvent): void
  finished(outcome: Finished): void
  failed(error: AppError, totals: RunTotals): void
}

export interface ReplyParts {
  readonly exchange: Exchange
  readonly surface: Surface
  readonly begun: Begun
  readonly rate: RateFacts | null
  readonly ignored: readonly string[]
  readonly claim: Claim | undefined
  readonly service: Service
  /** The Run that is answered. */
  readonly control: { pause(): void; resume(): void; abort(error: AppError): void; left(): void }
}

export function wholeReply(parts: ReplyParts): Reply {
  const { exchange, surface, begun, claim, control } = parts
  exchange.whenGone(() => control.left())
  return {
    event: () => undefined,
    finished(outcome) {
      if (exchange.gone) return claim?.forget()
      const headers = baseHeaders(exchange)
      pushOutcome(headers, outcome.totals, begun.cost)
      pushFacts(headers, parts)
      const body = surface.whole(begun, outcome)
      claim?.keep({ status: 200, headers: ['Content-Type', 'application/json', ...headers], body })
      sendJson(exchange, headers, { status: 200, body, unreadMs: parts.service.times.unreadMs })
    },
    failed: (error) => refuse(error, parts),
  }
}

export function streamReply(parts: ReplyParts): Reply {
  const { exchange, surface, begun, claim, control, service } = parts
  const writer = surface.writer(begun)
  const copied: string[] = []
  const outlet = new SseOutlet(exchange, {
    clock: service.deps.effects.clock,
    silenceMs: surface.silenceMs,
    unreadMs: service.times.unreadMs,
    ping: () => writer.ping(),
    headers: () => streamFacts(parts),
    onFull: () => control.pause(),
    onRoom: () => control.resume(),
    onStuck: () => {
      control.abort(new AppError('cancelled', { message: 'The caller did not read the stream.' }))
      exchange.res.destroy()
    },
    ...(claim === undefined ? {} : { copy: (text: string) => void copied.push(text) }),
  })
  exchange.whenGone(() => {
    outlet.drop()
    control.left()
  })
  const keep = (last: string) =>
    claim?.keep({
      status: 200,
      headers: [
        'Content-Type',
        'text/event-stream; charset=utf-8',
        ...baseHeaders(exchange),
        ...streamFacts(parts),
      ],
      body: copied.join('') + last,
    })
  return {
    event(event) {
      if (event.type === 'restarted' && !surface.restarts && outlet.opened) {
        // The caller's protocol has no word for "what I said is void"; the broken attempt is the end of it.
        const code = isErrorCode(event.reason) ? event.reason : 'upstream_bad_response'
        return control.abort(new AppError(code, { message: 'The model failed in the middle of its answer.' }))
      }
      const text = writer.event(event)
      if (text === '') return
      if (opens(event)) outlet.push(text)
      else outlet.hold(text)
    },
    finished(outcome) {
      const last = writer.finished(outcome)
      outlet.end(last)
      if (exchange.gone) claim?.forget()
      // What waits for its turn is not copied yet.
      else if (claim !== undefined) process.nextTick(() => keep(''))
    },
    failed(error, totals) {
      if (!outlet.opened) {
        outlet.drop()
        return refuse(error, parts)
      }
      outlet.end(writer.failed(error, totals), surface.shape === 'openai' ? 'close' : 'keep')
      if (isKept(error) && claim !== undefined) process.nextTick(() => keep(''))
      else claim?.forget()
    },
  }
}

/** The caller may leave and come back; the Run goes on for a while. */
export function resumableReply(parts: ReplyParts, buffer: EventBuffer): Reply {
  const { exchange, surface, begun, claim, control, service } = parts
  const writer = surface.writer(begun)
  let opened = false
  const stopWaiting = service.deps.effects.clock.after(surface.silenceMs, open)
  exchange.whenGone(() => control.left())

  function open(): void {
    if (opened || exchange.gone) return
    opened = true
    stopWaiting()
    const { silenceMs } = surface
    const options = { seen: 0, headers: streamFacts(parts), silenceMs, ping: () => writer.ping() }
    follow(exchange, buffer, { ...options, onLeft: () => control.left() }, service)
  }
  function end(last: string): void {
    buffer.push(last)
    buffer.end()
  }
  return {
    event(event) {
      const text = writer.event(event)
      buffer.push(text)
      if (text !== '' && opens(event)) open()
    },
    finished(outcome) {
      end(writer.finished(outcome))
      open()
      const headers = [
        'Content-Type',
        'text/event-stream; charset=utf-8',
        ...baseHeaders(exchange),
        ...streamFacts(parts),
      ]
      if (buffer.lost) claim?.forget()
      else claim?.keep({ status: 200, headers, body: buffer.after(0, Number.POSITIVE_INFINITY).text })
    },
    failed(error, totals) {
      stopWaiting()
      end(writer.failed(error, totals))
      if (opened || exchange.gone) claim?.forget()
      else refuse(error, parts)
    },
  }
}

/** The same Run, told twice. */
export function both(one: Reply, other: Reply): Reply {
  return {
    event(event) {
      one.event(event)
      other.event(event)
    },
    finished(outcome) {
      one.finished(outcome)
      other.finished(outcome)
    },
    failed(error, totals) {
      one.failed(error, totals)
      other.failed(error, totals)
    },
  }
}

/** Nobody waits: the answer is asked for later. */
export function laterReply(writer: StreamWriter, buffer: EventBuffer): Reply {
  function end(last: string): void {
    buffer.push(last)
    buffer.end()
  }
  return {
    event: (event) => buffer.push(writer.event(event)),
    finished: (outcome) => end(writer.finished(outcome)),
    failed: (error, totals) => end(writer.failed(error, totals)),
  }
}

/** The answer itself begins; what comes before it can still turn into an ordinary error. */
function opens({ type }: RunEvent): boolean {
  return type === 'delta' || type === 'field' || type === 'restarted'
}

function refuse(error: AppError, { exchange, claim, rate, service }: ReplyParts): void {
  const sent = exchange.gone ? undefined : sendError(exchange, error, { rate, report: service.deps.report })
  if (sent !== undefined && isKept(error)) claim?.keep(sent)
  else claim?.forget()
}

/** What would fail again in the same way is worth keeping; what the caller broke off is not. */
function isKept(error: AppError): boolean {
  return !error.retryable && error.code !== 'cancelled'
}

function pushFacts(headers: string[], { rate, ignored, exchange }: ReplyParts): void {
  if (ignored.length > 0) headers.push('Sluice-Ignored-Fields', shortList(ignored))
  if (rate !== null) pushRate(headers, rate, exchange.shape)
}

/** A header has its limits, and a caller may send ten thousand fields that nobody takes. */
function shortList(names: readonly string[]): string {
  const list = visible(names.slice(0, 50).join(', '))
  return list.length <= 1000 && names.length <= 50 ? list : `${list.slice(0, 1000)}, ...`
}

function streamFacts(parts: ReplyParts): readonly string[] {
  const headers: string[] = []
  if (parts.begun.variant !== null) headers.push('Sluice-Variant', visible(parts.begun.variant))
  pushFacts(headers, parts)
  return headers
}
