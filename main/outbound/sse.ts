// Server-sent events from bytes: one streaming decoder, lines by LF, CRLF or CR, events by blank lines. Chunk borders
// mean nothing: they may fall inside a character, a line break or between two fields.
import { StringDecoder } from 'node:string_decoder'

/** Characters of one event at the most. */
export const maxEventSize = 8 * 1024 * 1024

/** An event with data; comments, ids and empty events are not told. */
export type OnEvent = (data: string, name: string) => void

export class SseParser {
  readonly #onEvent: OnEvent
  readonly #decoder = new StringDecoder('utf8')
  /** The beginning of a line whose end has not come yet. */
  #rest = ''
  #data: string | undefined
  #name = ''
  #afterCr = false
  #fresh = true

  constructor(onEvent: OnEvent) {
    this.#onEvent = onEvent
  }

  /** False: an event is larger than `maxEventSize`; nothing more should be pushed. */
  push(bytes: Buffer): boolean {
    return this.#text(this.#decoder.write(bytes))
  }

  /** Data of an event that the end of the stream left without its blank line; undefined when there is none. */
  end(): string | undefined {
    this.#text(this.#decoder.end())
    if (this.#rest !== '') this.#line(this.#rest)
    this.#rest = ''
    const left = this.#data
    this.#data = undefined
    return left
  }

  #text(text: string): boolean {
    if (text === '') return true
    let at = 0
    if (this.#fresh) {
      this.#fresh = false
      if (text.charCodeAt(0) === 0xfeff) at = 1
    }
    if (this.#afterCr) {
      this.#afterCr = false
      if (text.charCodeAt(at) === 10) at++
    }
    const crs = text.includes('\r')
    while (at < text.length) {
      const end = crs ? lineEnd(text, at) : text.indexOf('\n', at)
      if (end < 0) {
        this.#rest += at === 0 ? text : text.slice(at)
        return this.#rest.length + (this.#data?.length ?? 0) <= maxEventSize
      }
      const line = text.slice(at, end)
      at = end + 1
      if (text.charCodeAt(end) === 13) {
        if (at === text.length) this.#afterCr = true
        else if (text.charCodeAt(at) === 10) at++
      }
      if (this.#rest === '') this.#line(line)
      else {
        const whole = this.#rest + line
        this.#rest = ''
        this.#line(whole)
      }
      if (this.#data !== undefined && this.#data.length > maxEventSize) return false
    }
    return true
  }

  #line(line: string): void {
    if (line === '') {
      const data = this.#data
      const name = this.#name
      this.#data = undefined
      this.#name = ''
      if (data !== undefined && data !== '') this.#onEvent(data, name)
      return
    }
    // Split at the first colon; values hold colons too.
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? line : line.slice(0, colon)
    if (field !== 'data' && field !== 'event') return
    const start = colon < 0 ? line.length : line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1
    const value = line.slice(start)
    if (field === 'event') this.#name = value
    else this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
  }
}

function lineEnd(text: string, from: number): number {
  const lf = text.indexOf('\n', from)
  const cr = text.indexOf('\r', from)
  return lf < 0 || (cr >= 0 && cr < lf) ? cr : lf
}
