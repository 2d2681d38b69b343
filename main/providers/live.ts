// One streamed call: events go to the caller as they come, and the caller's pauses go back to the socket.
import type { Exchange, Headers } from '#main/outbound/exchange.ts'
import type { Fault } from '#main/outbound/fault.ts'
import { type Events, openStream } from '#main/outbound/stream.ts'
import type { ProviderError, StreamEvent, Usage } from '#shared/model/chat.ts'
import type { AnswerReader } from './adapter.ts'
import type { CallOf } from './chat.ts'
import { faultError } from './errors.ts'

/** How long usage may keep an answer waiting that is otherwise complete. */
const tailMs = 2_000

export class LiveCall implements Events {
  readonly #of: CallOf
  readonly #on: (event: StreamEvent) => boolean | undefined
  readonly #reader: AnswerReader
  readonly #exchange: Exchange
  readonly #left: () => void
  #tail: NodeJS.Timeout | undefined
  #begun = false
  #told = false
  #full = false
  #characters = 0

  /** @param left called once, when the call has ended */
  constructor(of: CallOf, on: (event: StreamEvent) => boolean | undefined, left: () => void) {
    this.#of = of
    this.#on = on
    this.#left = left
    this.#reader = of.adapter.reader(of.target.wire, of.request.stop, (event) => this.#tell(event))
    this.#exchange = openStream(of.call, this)
  }

  resume(): void {
    this.#full = false
    this.#exchange.resume()
  }

  event(data: string, name: string): boolean | undefined {
    this.#reader.event(data, name)
    this.#afterEvent()
    return this.#full ? false : undefined
  }

  end(left: string | undefined): void {
    this.#reader.end(left)
    this.#finish()
  }

  body(status: number, headers: Headers, body: Buffer): void {
    const text = body.toString('utf8')
    if (status >= 200 && status <= 299) this.#reader.whole(text)
    else {
      const { adapter, target, now } = this.#of
      this.#reader.broken(adapter.failure({ status, headers, body: text }, target.wire, now()))
    }
    this.#finish()
  }

  fault(fault: Fault): void {
    const { wire } = this.#of.target
    this.#breakOff(faultError(fault, wire.provider, wire.title))
  }

  #breakOff(error: ProviderError): void {
    // What was produced until now is paid for, although nobody will say how much it was.
    if (!this.#told && !this.#reader.complete && (this.#begun || error.kind === 'aborted')) {
      this.#on({ type: 'usage', usage: this.#estimate() })
    }
    this.#reader.broken(error)
    this.#finish()
  }

  #tell(event: StreamEvent): void {
    if (event.type === 'usage') this.#told = true
    else if (event.type === 'part-start') this.#begin()
    else if ('text' in event) this.#characters += event.text.length
    if (this.#on(event) === false) this.#full = true
  }

  #begin(): void {
    if (this.#begun) return
    this.#begun = true
    this.#exchange.begun()
    if (!this.#told) this.#on({ type: 'usage', usage: this.#estimate() })
  }

  #afterEvent(): void {
    if (this.#reader.over) {
      this.#exchange.drain()
      this.#finish()
    } else if (this.#reader.complete && this.#tail === undefined) {
      this.#tail = setTimeout(() => {
        this.#exchange.close()
        this.end(undefined)
      }, tailMs)
    }
  }

  #finish(): void {
    clearTimeout(this.#tail)
    this.#left()
  }

  /** Four characters to a token: rough, and marked so. */
  #estimate(): Usage {
    const input = Math.ceil(this.#of.written.body.length / 4)
    const output = Math.ceil(this.#characters / 4)
    return { input, cacheRead: null, cacheWrite: null, output, reasoning: null, estimated: true }
  }
}
