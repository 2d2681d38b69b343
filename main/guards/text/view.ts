// A text as it is read by a guard, with the way back to the text as it was written.

export interface Place {
  readonly start: number
  readonly end: number
}

/** `text` is derived from an original; `original` leads a range of it back. */
export interface View {
  readonly text: string
  original(start: number, end: number): Place
}

export function identity(text: string): View {
  return { text, original: (start, end) => ({ start, end }) }
}

/** Same length as its source, character by character. */
export function alike(source: View, text: string): View {
  return { text, original: (start, end) => source.original(start, end) }
}

/** Collects a view piece by piece; each piece says which range of the source it stands for. */
export class ViewBuilder {
  readonly #source: View
  #text = ''
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  constructor(source: View) {
    this.#source = source
  }

  get length(): number {
    return this.#text.length
  }

  add(piece: string, start: number, end: number): void {
    this.#text += piece
    for (let i = 0; i < piece.length; i += 1) {
      this.#starts.push(start)
      this.#ends.push(end)
    }
  }

  /** Characters of the source as they are. */
  copy(start: number, end: number): void {
    this.#text += this.#source.text.slice(start, end)
    for (let i = start; i < end; i += 1) {
      this.#starts.push(i)
      this.#ends.push(i + 1)
    }
  }

  view(): View {
    const [source, starts, ends] = [this.#source, this.#starts, this.#ends]
    return {
      text: this.#text,
      original: (start, end) => {
        if (end <= start) return source.original(starts[start] ?? 0, starts[start] ?? 0)
        return source.original(starts[start] ?? 0, ends[end - 1] ?? source.text.length)
      },
    }
  }
}
