// A value that is still arriving. Push-based: one producer, any number of readers, no promise per part.
import { AppError, toAppError } from '../errors.ts'
import type { Message, StreamEvent } from '../model/chat.ts'

/**
 * What a reader is told. Exactly one of `end` and `fail` comes last; nothing comes after it. A reader that throws in
 * `part` or `end` is told so by `fail`: its fault reaches neither the producer nor the other readers.
 */
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

/** For whoever needs no parts. Each is called once at most, at once if it is already so. */
export interface LiveWatcher {
  /** The first part came, or an end without one. */
  begin?(): void
  /** It is over; `error` when it broke. */
  over?(error: AppError | undefined): void
}

/** Characters a paused reader may leave waiting before the producer is told to stop (1 MiB of UTF-16 units). */
const readerLimit = 1 << 20
/** Read parts are joined in batches of this size, so that a long stream costs its text and not its parts. */
const squeezeFrom = 256

/** How parts fold into the whole and how much room a part takes. */
export interface LiveKind<Part, Whole> {
  readonly name: 'text' | 'messages'
  fold(parts: readonly Part[]): Whole
  size(part: Part): number
  /** Fewer parts that fold to the same whole. */
  squeeze(parts: readonly Part[]): Part[]
}

interface Held<Part, Whole> {
  readonly reader: LiveReader<Part, Whole>
  /** Number of the next part, counted from the first part of the stream. */
  at: number
  /** Room of the parts it has been given; what was pushed minus this is waiting. */
  given: number
  paused: boolean
  done: boolean
}

/**
 * Producer side: `push`, then `end` or `fail` once; `push` returns false when a reader is full, then wait for `onDrain`.
 * Reader side: `read` (from the first part on, also late readers) or `collect`. Nobody is waited for who has not begun
 * to read: a step that still waits for another inlet must not stop a producer on which that inlet may depend.
 */
export class Live<Part, Whole> {
  readonly kind: LiveKind<Part, Whole>
  /** Parts that every reader has passed, squeezed; kept for late readers and for the whole. */
  #past: Part[] = []
  /** Number of the first part in `#parts`. */
  #base = 0
  #parts: Part[] = []
  #pushed = 0
  #begun = false
  #ended = false
  #whole: Whole | undefined
  #error: AppError | undefined
  #readers: Held<Part, Whole>[] = []
  #watchers: LiveWatcher[] = []
  #full = false
  #drain: (() => void) | undefined
  #cancel: ((reason: AppError) => void) | undefined

  constructor(kind: LiveKind<Part, Whole>) {
    this.kind = kind
  }

  get settled(): boolean {
    return this.#ended || this.#error !== undefined
  }

  /** What it broke with. */
  get error(): AppError | undefined {
    return this.#error
  }

  /** A first part came, or an end without one: there is a value. */
  get begun(): boolean {
    return this.#begun
  }

  /** Called when every reader has cancelled, so that the producer can stop. */
  onCancel(cancel: (reason: AppError) => void): void {
    this.#cancel = cancel
  }

  /** Called when there is room again after `push` returned false. */
  onDrain(drain: () => void): void {
    this.#drain = drain
  }

  push(part: Part): boolean {
    if (this.settled) return true
    this.#parts.push(part)
    this.#pushed += this.kind.size(part)
    this.#begin()
    for (const held of this.#readers) this.#feed(held)
    if (this.#parts.length >= squeezeFrom) this.#squeeze()
    this.#full = !this.#hasRoom()
    return !this.#full
  }

  /** `whole` overrides folding, for a producer that knows more than its parts say. */
  end(whole?: Whole): void {
    if (this.settled) return
    this.#ended = true
    this.#whole = whole
    this.#begin()
    this.#over()
  }

  fail(thrown: unknown): void {
    if (this.settled) return
    this.#error = toAppError(thrown)
    this.#over()
  }

  /** Voids all parts so far; the next attempt's parts follow. */
  restart(reason: AppError): void {
    if (this.settled) return
    this.#past = []
    this.#parts = []
    this.#base = 0
    this.#pushed = 0
    this.#full = false
    for (const held of [...this.#readers]) {
      held.at = 0
      held.given = 0
      if (held.reader.restart) held.reader.restart(reason)
      else this.#close(held, reason)
    }
  }

  read(reader: LiveReader<Part, Whole>): Subscription {
    const held: Held<Part, Whole> = {
      reader,
      at: this.#base - this.#past.length,
      given: 0,
      paused: false,
      done: false,
    }
    this.#readers.push(held)
    this.#feed(held)
    return {
      resume: () => {
        held.paused = false
        this.#feed(held)
        this.#drained()
      },
      cancel: () => {
        if (held.done) return
        this.#drop(held)
        if (this.settled) return
        if (this.#readers.length === 0) this.#cancel?.(new AppError('cancelled'))
        this.#drained()
      },
    }
  }

  watch(watcher: LiveWatcher): void {
    if (this.#begun) watcher.begin?.()
    if (this.settled) watcher.over?.(this.#error)
    else this.#watchers.push(watcher)
  }

  collect(): Promise<Whole> {
    return new Promise((resolve, reject) => {
      this.read({ part: () => undefined, end: resolve, fail: reject, restart: () => undefined })
    })
  }

  #begin(): void {
    if (this.#begun) return
    this.#begun = true
    for (const watcher of [...this.#watchers]) watcher.begin?.()
  }

  #over(): void {
    for (const held of [...this.#readers]) this.#feed(held)
    const watchers = this.#watchers
    this.#watchers = []
    for (const watcher of watchers) watcher.over?.(this.#error)
  }

  #feed(held: Held<Part, Whole>): void {
    while (!held.done && !held.paused) {
      const part = this.#partAt(held.at)
      if (part === undefined) break
      held.at += 1
      held.given += this.kind.size(part)
      try {
        if (held.reader.part(part) === false) held.paused = true
      } catch (thrown) {
        this.#close(held, toAppError(thrown))
      }
    }
    if (held.done || held.at < this.#base + this.#parts.length) return
    // Squeezing may change the room of parts: whoever has caught up has nothing waiting.
    held.given = this.#pushed
    if (this.#ended) {
      this.#drop(held)
      try {
        held.reader.end(this.#wholeValue())
      } catch (thrown) {
        held.reader.fail(toAppError(thrown))
      }
    } else if (this.#error) this.#close(held, this.#error)
  }

  #partAt(number: number): Part | undefined {
    const index = number - this.#base
    return index < 0 ? this.#past[this.#past.length + index] : this.#parts[index]
  }

  #wholeValue(): Whole {
    this.#whole ??= this.kind.fold(this.#past.length === 0 ? this.#parts : [...this.#past, ...this.#parts])
    return this.#whole
  }

  /** Drops what all readers have passed. A reader still inside the squeezed part keeps it as it is. */
  #squeeze(): void {
    let passed = this.#base + this.#parts.length
    for (const held of this.#readers) if (held.at < passed) passed = held.at
    const count = passed - this.#base
    if (count < squeezeFrom / 2) return
    this.#past = this.kind.squeeze([...this.#past, ...this.#parts.slice(0, count)])
    this.#parts = this.#parts.slice(count)
    this.#base = passed
  }

  #hasRoom(): boolean {
    for (const held of this.#readers) if (this.#pushed - held.given > readerLimit) return false
    return true
  }

  #drained(): void {
    if (!this.#full || !this.#hasRoom()) return
    this.#full = false
    this.#drain?.()
  }

  #close(held: Held<Part, Whole>, error: AppError): void {
    if (held.done) return
    this.#drop(held)
    held.reader.fail(error)
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
  squeeze: (parts) => [parts.join('')],
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
