// A call whose answer is wanted as events while it arrives.
import { type Call, type Exchange, exchange, type Headers, header, type Sink } from './exchange.ts'
import { type Fault, fault } from './fault.ts'
import { codingOf, type Inflater, openInflater, unknownCoding } from './inflate.ts'
import { tooLarge } from './send.ts'
import { SseParser } from './sse.ts'

/** Either events and then `end`, or one `body`, or (also after events) one `fault`. */
export interface Events {
  /** Returns false to pause. */
  event(data: string, name: string): boolean | undefined
  /** The server ended properly; `left` is what stood after the last blank line. */
  end(left: string | undefined): void
  /** The answer is not an event stream: an error, a page, or a whole answer from a server that does not stream. */
  body(status: number, headers: Headers, body: Buffer): void
  fault(fault: Fault): void
}

const bodyBytes = 32 * 1024 * 1024
const errorBytes = 64 * 1024

export function openStream(call: Call, events: Events): Exchange {
  return new Streaming(call, events)
}

class Streaming implements Sink, Exchange {
  readonly #exchange: Exchange
  readonly #events: Events
  readonly #parser: SseParser
  #inflater: Inflater | undefined
  /** `look`: the content type did not tell, the first byte will. */
  #kind: 'look' | 'events' | 'body' = 'look'
  #status = 0
  #headers: Headers = {}
  #body: Buffer[] = []
  #size = 0
  #over = false

  constructor(call: Call, events: Events) {
    this.#events = events
    this.#parser = new SseParser((data, name) => {
      if (!this.#over && this.#events.event(data, name) === false) this.pause()
    })
    this.#exchange = exchange(call, this)
  }

  // Inflating stands between: pausing it fills it, and that pauses the exchange.
  pause(): void {
    if (this.#inflater === undefined) this.#exchange.pause()
    else this.#inflater.pause()
  }

  resume(): void {
    if (this.#inflater === undefined) this.#exchange.resume()
    else this.#inflater.resume()
  }

  begun(): void {
    this.#exchange.begun()
  }

  close(): void {
    this.#over = true
    this.#inflater?.close()
    this.#exchange.close()
  }

  drain(): void {
    this.#over = true
    this.#inflater?.close()
    this.#exchange.drain()
  }

  head(status: number, headers: Headers): void {
    this.#status = status
    this.#headers = headers
    if (status < 200 || status > 299) this.#kind = 'body'
    else if (header(headers, 'content-type').toLowerCase().startsWith('text/event-stream'))
      this.#kind = 'events'
    const coding = codingOf(header(headers, 'content-encoding'))
    if (coding === undefined) this.#fail(unknownCoding)
    else if (coding !== null) {
      this.#inflater = openInflater(coding, {
        data: (chunk) => this.#plain(chunk),
        drain: () => this.#exchange.resume(),
        end: () => this.#finish(),
        fault: (what) => this.#broken(what),
      })
    }
  }

  data(chunk: Buffer): void {
    if (this.#over) return
    if (this.#inflater === undefined) this.#plain(chunk)
    else if (!this.#inflater.write(chunk)) this.#exchange.pause()
  }

  end(): void {
    if (this.#inflater === undefined) this.#finish()
    else this.#inflater.end()
  }

  fault(what: Fault): void {
    if (this.#over) return
    this.#over = true
    this.#inflater?.close()
    this.#events.fault(what)
  }

  #plain(chunk: Buffer): void {
    if (this.#over) return
    if (this.#kind === 'look') this.#kind = lookAt(chunk)
    if (this.#kind === 'events') {
      if (!this.#parser.push(chunk)) this.#fail(tooLargeEvent)
      return
    }
    this.#body.push(chunk)
    this.#size += chunk.length
    if (this.#status >= 300 && this.#size > errorBytes) {
      this.#exchange.close()
      this.#finish()
    } else if (this.#size > bodyBytes) this.#fail(tooLarge)
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    if (this.#kind === 'events') this.#events.end(this.#parser.end())
    else this.#events.body(this.#status, this.#headers, Buffer.concat(this.#body))
  }

  /** Inflating failed. An error answer is told all the same. */
  #broken(what: Fault): void {
    if (this.#status >= 300) this.#finish()
    else this.#fail(what)
  }

  #fail(what: Fault): void {
    if (this.#over) return
    this.#exchange.close()
    this.fault(what)
  }
}

/** What an event stream can begin with: a byte order mark, a comment, or data, event, id, retry. */
const beginnings = new Set([0xef, ...Buffer.from(':deir')])

function lookAt(chunk: Buffer): 'look' | 'events' | 'body' {
  for (const byte of chunk) {
    // Blank lines say nothing yet.
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue
    return beginnings.has(byte) ? 'events' : 'body'
  }
  return 'look'
}

const tooLargeEvent = fault('protocol', 'too_large', 'one event of its stream is larger than 8 MiB')
