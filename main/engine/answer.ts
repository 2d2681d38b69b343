// The fields of the answer: measured, kept, and passed on part by part where the caller asked for that.
import { AppError } from '#shared/errors.ts'
import type { AnyLive, LiveReader, Subscription } from '#shared/flow/live.ts'
import { messagesKind } from '#shared/flow/live-messages.ts'
import type { Plan } from '#shared/flow/plan.ts'
import type { StreamEvent } from '#shared/model/chat.ts'
import type { RunEvent } from '#shared/run/events.ts'

export interface AnswerHost {
  emit(event: RunEvent): void
  /** A part of the answer leaves. */
  passed(): void
}

/** One of both is called once, when a value that was still arriving is complete. */
export interface Arriving {
  /** The caller reads a stream. */
  readonly streams: boolean
  done(): void
  fail(error: AppError): void
}

type Fields = Plan['answer']['fields']

export class Answer {
  readonly #host: AnswerHost
  readonly #fields: Fields
  readonly #limit: number
  /** By field; undefined where there is none. */
  readonly #values: unknown[] = []
  #streams: Subscription[] | null = null
  #size = 0
  #paused = false

  /** `fields` in the order of the Plan; they are known by their place there. */
  constructor(host: AnswerHost, fields: Fields, limit: number) {
    this.#host = host
    this.#fields = fields
    this.#limit = limit
    for (let at = 0; at < fields.length; at += 1) this.#values.push(undefined)
  }

  /** A required field without a value. */
  missing(): Fields[number] | null {
    for (let at = 0; at < this.#fields.length; at += 1) {
      const field = this.#fields[at] as Fields[number]
      if (field.required && this.#values[at] === undefined) return field
    }
    return null
  }

  /** In the order of the Plan. */
  collected(): Record<string, unknown> {
    const answer: Record<string, unknown> = {}
    for (let at = 0; at < this.#fields.length; at += 1) {
      const value = this.#values[at]
      if (value !== undefined) answer[(this.#fields[at] as Fields[number]).field] = value
    }
    return answer
  }

  /** Throws `output_invalid` when the answer becomes too large. */
  take(at: number, value: unknown): void {
    this.#grow(sizeOf(value))
    this.#set(at, value)
  }

  read(at: number, live: AnyLive, arriving: Arriving): void {
    const { stream, share } = this.#fields[at] as Fields[number]
    const shown = arriving.streams && stream && share
    this.#streams ??= []
    this.#streams.push(read(live, shown ? this.#forward(at, arriving) : this.#hold(at, arriving)))
  }

  /** Passes the parts on. */
  #forward(at: number, arriving: Arriving): Reader {
    const { field } = this.#fields[at] as Fields[number]
    let size = 0
    return {
      part: (part) => {
        const more = typeof part === 'string' ? part.length : messagesKind.size(part)
        this.#grow(more)
        size += more
        this.#host.passed()
        this.#host.emit({ type: 'delta', field, part })
        return !this.#paused
      },
      restart: (reason) => {
        this.#size -= size
        size = 0
        this.#host.emit({ type: 'restarted', fields: [field], reason: reason.code })
      },
      end: (whole) => {
        this.#set(at, whole)
        arriving.done()
      },
      fail: (error) => arriving.fail(error),
    }
  }

  /** A field that leaves only as a whole. */
  #hold(at: number, arriving: Arriving): Reader {
    return {
      part: () => undefined,
      restart: () => undefined,
      end: (whole) => {
        this.take(at, whole)
        arriving.done()
      },
      fail: (error) => arriving.fail(error),
    }
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#streams) for (const stream of this.#streams) stream.resume()
  }

  /** The Run is over: nothing more leaves. */
  close(): void {
    if (this.#streams) for (const stream of this.#streams) stream.cancel()
    this.#streams = null
  }

  #set(at: number, value: unknown): void {
    this.#values[at] = value
    this.#host.emit({ type: 'field', field: (this.#fields[at] as Fields[number]).field, value })
  }

  #grow(size: number): void {
    this.#size += size
    if (this.#size > this.#limit) {
      throw new AppError('output_invalid', {
        message: `The answer is larger than ${this.#limit} characters.`,
        details: { reason: 'too_large' },
      })
    }
  }
}

type Reader = LiveReader<string | StreamEvent, unknown>

/** One reader for both kinds of streams. */
function read(live: AnyLive, reader: Reader): Subscription {
  return (live as { read(reader: Reader): Subscription }).read(reader)
}

/** Characters of a value as JSON, nearly, without writing it. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  let size = 2
  if (Array.isArray(value)) for (const item of value) size += sizeOf(item) + 1
  else for (const [key, item] of Object.entries(value)) size += key.length + sizeOf(item) + 4
  return size
}
