// The bytes of one event stream on their way out: opened late, joined per turn, slowed by its reader, never silent long.
import type { Clock } from '#main/engine/effects.ts'
import type { Exchange } from './exchange.ts'
import { baseHeaders, streamHeaders } from './headers.ts'

export interface OutletOptions {
  readonly clock: Clock
  /** A stream is opened, and kept alive, after this silence. */
  readonly silenceMs: number
  /** How long a reader may leave what was written. */
  readonly unreadMs: number
  readonly ping: () => string
  /** Further headers, asked for when the stream opens. */
  readonly headers: () => readonly string[]
  /** The reader is behind; stop for now. */
  readonly onFull: () => void
  readonly onRoom: () => void
  /** The reader takes nothing at all. */
  readonly onStuck: () => void
  /** Gets all that is written, for a later replay. */
  readonly copy?: (text: string) => void
}

export class SseOutlet {
  readonly #exchange: Exchange
  readonly #options: OutletOptions
  #held = ''
  #waiting = ''
  #opened = false
  #flushing = false
  #full = false
  #watched = false
  #ending: 'no' | 'keep' | 'close' = 'no'
  #lastAt: number
  #stopPing: () => void

  constructor(exchange: Exchange, options: OutletOptions) {
    this.#exchange = exchange
    this.#options = options
    this.#lastAt = options.clock.ticks()
    this.#stopPing = options.clock.after(options.silenceMs, this.#ping)
  }

  /** Something left, or is about to: from here on a failure can only be told inside the stream. */
  get opened(): boolean {
    return this.#opened
  }

  /** Kept until the stream opens; an error before that is an ordinary HTTP answer. */
  hold(text: string): void {
    if (this.#opened) this.push(text)
    else this.#held += text
  }

  push(text: string): void {
    if (text === '' || this.#ending !== 'no') return
    this.#opened = true
    this.#waiting += text
    this.#schedule()
  }

  /** `close`: the connection ends with the stream. */
  end(text: string, connection: 'keep' | 'close' = 'keep'): void {
    if (this.#ending !== 'no') return
    this.#opened = true
    this.#waiting += text
    this.#ending = connection
    this.#schedule()
  }

  /** The stream is not opened after all, or its reader has left. */
  drop(): void {
    this.#ending = 'keep'
    this.#stopPing()
  }

  /** Parts that arrive in one turn of the loop leave in one write. */
  #schedule(): void {
    if (this.#flushing) return
    this.#flushing = true
    process.nextTick(this.#flush)
  }

  #flush = (): void => {
    this.#flushing = false
    const { res } = this.#exchange
    if (this.#exchange.gone || res.destroyed) return
    const text = this.#held + this.#waiting
    this.#held = ''
    this.#waiting = ''
    if (!res.headersSent) {
      res.writeHead(200, [...baseHeaders(this.#exchange), ...streamHeaders, ...this.#options.headers()])
    }
    this.#options.copy?.(text)
    this.#lastAt = this.#options.clock.ticks()
    if (this.#ending !== 'no') this.#finish(text)
    else if (!res.write(text) && !this.#full) this.#wait()
  }

  #wait(): void {
    const { res } = this.#exchange
    this.#full = true
    this.#options.onFull()
    if (!this.#watched) res.on('timeout', this.#options.onStuck)
    this.#watched = true
    // The socket's own timer starts anew whenever the kernel takes some of what waits: slow is not stuck.
    res.setTimeout(this.#options.unreadMs)
    res.once('drain', this.#room)
  }

  #room = (): void => {
    this.#full = false
    this.#exchange.res.setTimeout(0)
    if (this.#ending === 'no') this.#options.onRoom()
  }

  #finish(text: string): void {
    const { res } = this.#exchange
    this.#stopPing()
    res.end(text, this.#ending === 'close' ? () => res.socket?.destroySoon() : undefined)
    if ((res.socket?.writableLength ?? 0) > 0) {
      res.setTimeout(this.#options.unreadMs, () => res.destroy())
    }
  }

  #ping = (): void => {
    if (this.#ending !== 'no' || this.#exchange.gone) return
    const { clock, silenceMs, ping } = this.#options
    const silent = clock.ticks() - this.#lastAt
    if (silent >= silenceMs && !this.#full) this.push(ping())
    this.#stopPing = clock.after(silent >= silenceMs ? silenceMs : silenceMs - silent, this.#ping)
  }
}
