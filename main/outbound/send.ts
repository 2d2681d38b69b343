// A call whose answer is wanted whole.
import { type Call, type Exchange, exchange, type Headers, header, type Sink } from './exchange.ts'
import { type Fault, fault } from './fault.ts'
import { codingOf, inflate, unknownCoding } from './inflate.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Inflated. */
  readonly body: Buffer
  /** To the head of the answer. */
  readonly firstByteMs: number
  readonly totalMs: number
}

export interface Whole {
  answer(answer: Answer): void
  fault(fault: Fault): void
}

const nothing = Buffer.alloc(0)

/** Bytes kept of the body of an error answer. */
const errorBytes = 64 * 1024

/**
 * Calls and collects. Of an answer with status 400 or above the first 64 KiB are kept; any other answer larger than
 * `maxBytes` (inflated too) is a fault.
 */
export function send(call: Call, maxBytes: number, whole: Whole): void {
  new Collector(call, maxBytes, whole)
}

class Collector implements Sink {
  readonly #begun = performance.now()
  readonly #maxBytes: number
  readonly #whole: Whole
  readonly #exchange: Exchange
  /** Most answers come in one piece. */
  #first: Buffer | undefined
  #more: Buffer[] | undefined
  #size = 0
  #status = 0
  #headers: Headers = {}
  #firstByteMs = 0

  constructor(call: Call, maxBytes: number, whole: Whole) {
    this.#maxBytes = maxBytes
    this.#whole = whole
    this.#exchange = exchange(call, this)
  }

  head(status: number, headers: Headers): void {
    this.#status = status
    this.#headers = headers
    this.#firstByteMs = performance.now() - this.#begun
  }

  data(chunk: Buffer): void {
    if (this.#first === undefined) this.#first = chunk
    else if (this.#more === undefined) this.#more = [this.#first, chunk]
    else this.#more.push(chunk)
    this.#size += chunk.length
    if (this.#status >= 400 && this.#size > errorBytes) {
      this.#exchange.close()
      this.end()
    } else if (this.#size > this.#maxBytes) {
      this.#exchange.close()
      this.#whole.fault(tooLarge)
    }
  }

  end(): void {
    const body = this.#more === undefined ? (this.#first ?? nothing) : Buffer.concat(this.#more)
    const coding = codingOf(header(this.#headers, 'content-encoding'))
    if (coding === null || body.length === 0) this.#done(body)
    else if (coding === undefined) this.#whole.fault(unknownCoding)
    else inflate(coding, body, this.#maxBytes, (result) => this.#inflated(result))
  }

  fault(what: Fault): void {
    this.#whole.fault(what)
  }

  #inflated(result: Buffer | Fault): void {
    if (Buffer.isBuffer(result)) this.#done(result)
    // The status of an error answer says enough without its text.
    else if (this.#status >= 400) this.#done(nothing)
    else this.#whole.fault(result)
  }

  #done(body: Buffer): void {
    this.#whole.answer({
      status: this.#status,
      headers: this.#headers,
      body,
      firstByteMs: this.#firstByteMs,
      totalMs: performance.now() - this.#begun,
    })
  }
}

export const tooLarge = fault('protocol', 'too_large', 'its answer is too large')
