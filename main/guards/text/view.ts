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

/** Collects a view piece by piece; stretches that keep their length cost one entry, however long they are. */
export class ViewBuilder {
  readonly #source: View
  readonly #pieces: string[] = []
  /** Where each entry begins in the view and in the source, and where it ends in the source. */
  readonly #at: number[] = []
  readonly #start: number[] = []
  readonly #end: number[] = []
  #length = 0

  constructor(source: View) {
    this.#source = source
  }

  get length(): number {
    return this.#length
  }

  /** `piece` stands for the whole range of the source. */
  add(piece: string, start: number, end: number): void {
    if (piece === '') return
    this.#entry(piece, start, end)
  }

  /** `piece` stands for as many characters of the source, one by one. */
  alike(piece: string, start: number): void {
    if (piece === '') return
    const last = this.#at.length - 1
    const joins = last >= 0 && this.#end[last] === start && this.#isLinear(last, this.#length)
    if (joins) {
      this.#pieces.push(piece)
      this.#length += piece.length
      this.#end[last] = start + piece.length
    } else this.#entry(piece, start, start + piece.length)
  }

  /** Characters of the source as they are. */
  copy(start: number, end: number): void {
    this.alike(this.#source.text.slice(start, end), start)
  }

  view(): View {
    const source = this.#source
    return {
      text: this.#pieces.join(''),
      original: (start, end) => {
        const from = this.#sourceAt(start, 'start')
        return source.original(from, end > start ? this.#sourceAt(end - 1, 'end') : from)
      },
    }
  }

  #entry(piece: string, start: number, end: number): void {
    this.#pieces.push(piece)
    this.#at.push(this.#length)
    this.#start.push(start)
    this.#end.push(end)
    this.#length += piece.length
  }

  /** Is entry `index` as long in the view, which ends at `viewEnd`, as in the source? */
  #isLinear(index: number, viewEnd: number): boolean {
    return viewEnd - (this.#at[index] ?? 0) === (this.#end[index] ?? 0) - (this.#start[index] ?? 0)
  }

  #sourceAt(index: number, side: 'start' | 'end'): number {
    let low = 0
    let high = this.#at.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#at[middle] ?? 0) <= index) low = middle
      else high = middle - 1
    }
    const start = this.#start[low] ?? 0
    if (!this.#isLinear(low, this.#at[low + 1] ?? this.#length))
      return side === 'start' ? start : (this.#end[low] ?? 0)
    return start + index - (this.#at[low] ?? 0) + (side === 'start' ? 0 : 1)
  }
}
