// The fields of the answer: measured, kept, and passed on part by part where the caller asked for that.
import { AppError, toAppError } from '#shared/errors.ts'
import type { AnswerField } from '#shared/flow/definition.ts'
import { type AnyLive, isLive, type LiveReader, type Subscription } from '#shared/flow/live.ts'
import { messagesKind } from '#shared/flow/live-messages.ts'
import type { StreamEvent } from '#shared/model/chat.ts'
import type { RunEvent } from '#shared/run/events.ts'

export interface AnswerHost {
  emit(event: RunEvent): void
  /** A part of the answer leaves. */
  passed(): void
}

/** `done` or `fail` is called once, when a value that was still arriving is complete. */
export interface Arriving {
  /** The caller reads a stream. */
  readonly streams: boolean
  done(): void
  fail(error: AppError): void
}

export class Answer {
  readonly #host: AnswerHost
  readonly #limit: number
  readonly #values = new Map<string, unknown>()
  readonly #streams = new Set<Subscription>()
  #size = 0
  #paused = false

  constructor(host: AnswerHost, limit: number) {
    this.#host = host
    this.#limit = limit
  }

  has(field: string): boolean {
    return this.#values.has(field)
  }

  /** In the order of the Plan. */
  collected(fields: readonly AnswerField[]): Record<string, unknown> {
    const answer: Record<string, unknown> = {}
    for (const { field } of fields) if (this.#values.has(field)) answer[field] = this.#values.get(field)
    return answer
  }

  /** True: the value is still arriving. Otherwise it is kept, or `fail` was called. */
  take(field: AnswerField, value: unknown, arriving: Arriving): boolean {
    if (isLive(value)) {
      const shown = arriving.streams && field.stream && field.share
      this.#streams.add(read(value, shown ? this.#forward(field, arriving) : this.#hold(field, arriving)))
      return true
    }
    try {
      this.#grow(sizeOf(value))
      this.#set(field, value)
    } catch (thrown) {
      arriving.fail(toAppError(thrown))
    }
    return false
  }

  /** Passes the parts on. */
  #forward(field: AnswerField, arriving: Arriving): Reader {
    let size = 0
    return {
      part: (part) => {
        const more = typeof part === 'string' ? part.length : messagesKind.size(part)
        this.#grow(more)
        size += more
        this.#host.passed()
        this.#host.emit({ type: 'delta', field: field.field, part })
        return !this.#paused
      },
      restart: (reason) => {
        this.#size -= size
        size = 0
        this.#host.emit({ type: 'restarted', fields: [field.field], reason: reason.code })
      },
      end: (whole) => {
        this.#set(field, whole)
        arriving.done()
      },
      fail: (error) => arriving.fail(error),
    }
  }

  /** A field that leaves only as a whole. */
  #hold(field: AnswerField, arriving: Arriving): Reader {
    return {
      part: () => undefined,
      restart: () => undefined,
      end: (whole) => {
        this.#grow(sizeOf(whole))
        this.#set(field, whole)
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
    for (const stream of this.#streams) stream.resume()
  }

  /** The Run is over: nothing more leaves. */
  close(): void {
    for (const stream of this.#streams) stream.cancel()
    this.#streams.clear()
  }

  #set(field: AnswerField, value: unknown): void {
    this.#values.set(field.field, value)
    this.#host.emit({ type: 'field', field: field.field, value })
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
