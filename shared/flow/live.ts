// A value that is still arriving. Push-based: one producer, any number of readers, no promise per part.
import { AppError, toAppError } from '../errors.ts'
import type { Message, StreamEvent } from '../model/chat.ts'

/** What a reader is told. Exactly one of `end` and `fail` comes last; nothing comes after it. */
export interface LiveReader<Part, Whole> {
  /** Returns false when it wants no more parts for now; it then calls `resume` on its subscription. */
  part(part: Part): boolean | undefined
  end(whole: Whole): void
  fail(error: AppError): void
  /** All parts so far are void and a new attempt begins. Readers that cannot take that leave it out and are failed. */
  restart?(reason: AppError): void
}

export interface Subscription {
  resume(): void
  cancel(): void
}

/** Characters a paused reader may leave waiting before the producer is told to stop (1 MiB of UTF-16 units). */
const readerLimit = 1 << 20

interface Held<Part, Whole> {
  readonly reader: LiveReader<Part, Whole>
  at: number
  waiting: number
  paused: boolean
  done: boolean
}

/** How parts fold into the whole and how much room a part takes. */
export interface LiveKind<Part, Whole> {
  readonly name: 'text' | 'messages'
  fold(parts: readonly Part[]): Whole
  size(part: Part): number
}

/**
 * Producer side: `push`, then `end` or `fail` once; `push` returns false when a reader is full, then wait for `onDrain`.
 * Reader side: `read` (from the first part on, also late readers) or `collect`.
 */
export class Live<Part, Whole> {
  readonly kind: LiveKind<Part, Whole>
  #parts: Part[] = []
  #ended = false
  #whole: Whole | undefined
  #error: AppError | undefined
  #readers: Held<Part, Whole>[] = []
  #drain: (() => void) | undefined
  #cancel: ((reason: AppError) => void) | undefined

  constructor(kind: LiveKind<Part, Whole>) {
    this.kind = kind
  }

  get settled(): boolean {
    return this.#ended || this.#error !== undefined
  }

  /** Called when every reader has cancelled, so that the producer can stop. */
  onCancel(cancel: (reason: AppError) => void): void {
    this.#cancel = cancel
  }

  onDrain(drain: () => void): void {
    this.#drain = drain
  }

  push(part: Part): boolean {
    if (this.settled) return true
    this.#parts.push(part)
    let room = true
    for (const held of this.#readers) if (!this.#feed(held)) room = false
    return room
  }

  /** `whole` overrides folding, for a producer that knows more than its parts say. */
  end(whole?: Whole): void {
    if (this.settled) return
    this.#ended = true
    this.#whole = whole ?? this.kind.fold(this.#parts)
    for (const held of [...this.#readers]) this.#feed(held)
  }

  fail(thrown: unknown): void {
    if (this.settled) return
    this.#error = toAppError(thrown)
    for (const held of [...this.#readers]) this.#feed(held)
  }

  /** Voids all parts so far; the next attempt's parts follow. */
  restart(reason: AppError): void {
    if (this.settled) return
    this.#parts = []
    for (const held of [...this.#readers]) {
      held.at = 0
      held.waiting = 0
      if (held.reader.restart) held.reader.restart(reason)
      else {
        this.#drop(held)
        held.reader.fail(reason)
      }
    }
  }

  read(reader: LiveReader<Part, Whole>): Subscription {
    const held: Held<Part, Whole> = { reader, at: 0, waiting: 0, paused: false, done: false }
    this.#readers.push(held)
    this.#feed(held)
    return {
      resume: () => {
        held.paused = false
        this.#feed(held)
        if (this.#readers.every((other) => other.waiting <= readerLimit)) this.#drain?.()
      },
      cancel: () => {
        this.#drop(held)
        if (this.#readers.length === 0 && !this.settled) this.#cancel?.(new AppError('cancelled'))
      },
    }
  }

  collect(): Promise<Whole> {
    return new Promise((resolve, reject) => {
      this.read({ part: () => undefined, end: resolve, fail: reject, restart: () => undefined })
    })
  }

  #feed(held: Held<Part, Whole>): boolean {
    while (!held.done && !held.paused && held.at < this.#parts.length) {
      const part = this.#parts[held.at] as Part
      held.at += 1
      if (held.reader.part(part) === false) {
        held.paused = true
        held.waiting = 0
      }
    }
    if (held.done) return true
    if (held.at < this.#parts.length) {
      held.waiting = 0
      for (let i = held.at; i < this.#parts.length; i += 1)
        held.waiting += this.kind.size(this.#parts[i] as Part)
      return held.waiting <= readerLimit
    }
    held.waiting = 0
    if (this.#ended) {
      this.#drop(held)
      held.reader.end(this.#whole as Whole)
    } else if (this.#error) {
      this.#drop(held)
      held.reader.fail(this.#error)
    }
    return true
  }

  #drop(held: Held<Part, Whole>): void {
    held.done = true
    this.#readers = this.#readers.filter((other) => other !== held)
  }
}

export const textKind: LiveKind<string, string> = {
  name: 'text',
  fold: (parts) => parts.join(''),
  size: (part) => part.length,
}

export type LiveText = Live<string, string>
/** Parts are the stream events of one assistant message; the whole is that one message in a list. */
export type LiveMessages = Live<StreamEvent, readonly Message[]>
export type AnyLive = LiveText | LiveMessages

export function liveText(): LiveText {
  return new Live(textKind)
}

export function isLive(value: unknown): value is AnyLive {
  return value instanceof Live
}
