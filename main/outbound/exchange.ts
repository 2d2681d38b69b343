// One request on one channel: limits, abort, back-pressure and the one retry on a dead pooled socket. No promise and no
// stream object: the sink is told, so that a whole call costs its caller one promise and a stream none per chunk.
import type { Dispatcher } from 'undici'
import { type Fault, fault, faultOf } from './fault.ts'
import { type Channel, wasReused } from './pools.ts'

export interface Call {
  readonly channel: Channel
  readonly method: string
  /** With query. */
  readonly path: string
  /** Names and values in turn; built once per Connection. */
  readonly headers: readonly string[]
  readonly body: string | Uint8Array | null
  readonly signal: AbortSignal | null
  /** To the first part (`until`), connecting included; null: none. */
  readonly firstMs: number | null
  /** Between two arrivals of bytes after that; null: none. Blank lines and comments are signs of life. */
  readonly idleMs: number | null
  /** What ends `firstMs`: the head of the answer, or the sink by calling `begun`. */
  readonly until: 'head' | 'begun'
}

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

export function header(headers: Headers, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value : (value?.join(', ') ?? '')
}

/** Exactly one of `end` and `fault` comes last. Nothing is called before `exchange` has returned. */
export interface Sink {
  head(status: number, headers: Headers): void
  data(chunk: Buffer): void
  end(): void
  fault(fault: Fault): void
}

export interface Exchange {
  pause(): void
  resume(): void
  /** The first part is there: from now on the idle limit counts. */
  begun(): void
  /** Ends the exchange from this side; the sink hears nothing more. */
  close(): void
  /** The sink has what it wants: the rest is read and dropped, so that the socket can be used again. */
  drain(): void
}

export function exchange(call: Call, sink: Sink): Exchange {
  return new Running(call, sink)
}

/** How long the rest of a finished answer may take before its socket is given up. */
const drainMs = 2_000

const quiet: Sink = { head() {}, data() {}, end() {}, fault() {} }

class Running implements Exchange, Dispatcher.DispatchHandler {
  readonly #call: Call
  #sink: Sink
  #controller: Dispatcher.DispatchController | undefined
  /** One for the whole call: it fires early rather than late, and looks at the deadline. */
  #timer: NodeJS.Timeout | undefined
  #deadline = Number.POSITIVE_INFINITY
  #waiting: 'first' | 'idle' = 'first'
  #started = false
  #answered = false
  #retried = false
  #over = false
  #paused = false

  constructor(call: Call, sink: Sink) {
    this.#call = call
    this.#sink = sink
    const { signal } = call
    if (signal?.aborted === true) {
      this.#over = true
      queueMicrotask(() => sink.fault(abortedFault))
      return
    }
    signal?.addEventListener('abort', this, { once: true })
    this.#arm(call.firstMs)
    this.#dispatch()
  }

  /** The signal fired. */
  handleEvent(): void {
    this.#fail(abortedFault)
  }

  pause(): void {
    if (this.#over || this.#paused) return
    this.#paused = true
    this.#controller?.pause()
    // A slow reader is not an idle server.
    this.#deadline = Number.POSITIVE_INFINITY
  }

  resume(): void {
    if (this.#over || !this.#paused) return
    this.#paused = false
    this.#arm(this.#waiting === 'first' ? this.#call.firstMs : this.#call.idleMs)
    this.#controller?.resume()
  }

  begun(): void {
    if (this.#over || this.#waiting === 'idle') return
    this.#waiting = 'idle'
    if (!this.#paused) this.#arm(this.#call.idleMs)
  }

  close(): void {
    if (this.#over) return
    this.#settle()
    this.#controller?.abort(closed)
  }

  drain(): void {
    if (this.#over) return
    this.#sink = quiet
    this.#call.signal?.removeEventListener('abort', this)
    if (this.#paused) this.resume()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.close(), drainMs)
    this.#timer.unref()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(closed)
  }

  onResponseStarted(): void {
    this.#started = true
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (this.#over || status < 200) return
    this.#answered = true
    if (this.#call.until === 'head') this.begun()
    this.#sink.head(status, headers)
    if (this.#paused) controller.pause()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    if (this.#waiting === 'idle' && !this.#paused && this.#call.idleMs !== null) {
      this.#deadline = performance.now() + this.#call.idleMs
    }
    this.#sink.data(chunk)
    if (this.#paused) controller.pause()
  }

  onResponseEnd(): void {
    if (this.#over) return
    this.#settle()
    this.#sink.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return
    if (!this.#started && !this.#retried && wasReused(error)) {
      this.#retried = true
      this.#dispatch()
      return
    }
    this.#fail(faultOf(error, this.#answered))
  }

  #dispatch(): void {
    const { channel, method, path, headers, body } = this.#call
    const options = { origin: channel.origin, path, method, headers: headers as string[], body }
    try {
      channel.dispatcher.dispatch(options, this)
    } catch (error) {
      queueMicrotask(() => this.#fail(faultOf(error, false)))
    }
  }

  #arm(ms: number | null): void {
    if (ms === null) {
      this.#deadline = Number.POSITIVE_INFINITY
      return
    }
    this.#deadline = performance.now() + ms
    // The shortest limit of the call, so that a later and shorter one needs no new timer.
    this.#timer ??= setTimeout(onTimer, Math.min(ms, this.#call.idleMs ?? ms), this)
  }

  /** The timer fired: perhaps the limit has passed, perhaps it has moved since. */
  checkTime(): void {
    this.#timer = undefined
    const left = this.#deadline - performance.now()
    if (left < 1) this.#timedOut()
    else if (left < Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(onTimer, Math.min(left, this.#call.idleMs ?? left), this)
  }

  #timedOut(): void {
    const first = this.#waiting === 'first'
    const ms = (first ? this.#call.firstMs : this.#call.idleMs) ?? 0
    const message = first ? `it gave no first part in ${ms} ms` : `it was silent for ${ms} ms`
    this.#fail({ kind: 'timeout', reason: first ? 'first_part' : 'idle', message, ms })
  }

  #settle(): void {
    this.#over = true
    clearTimeout(this.#timer)
    this.#call.signal?.removeEventListener('abort', this)
  }

  #fail(what: Fault): void {
    if (this.#over) return
    this.#settle()
    this.#controller?.abort(closed)
    this.#sink.fault(what)
  }
}

function onTimer(running: Running): void {
  running.checkTime()
}

const abortedFault = fault('aborted', 'aborted', 'the call was cancelled')
const closed = new Error('the call was ended from this side')
