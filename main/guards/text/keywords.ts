// Aho-Corasick: all of many words in one pass over a text, in time that depends on the text alone.

export class Keywords {
  readonly #classes = new Uint16Array(128)
  readonly #others = new Map<number, number>()
  #width = 1
  #next: Int32Array
  /** Words that end in a state, longest first. */
  readonly #ends: (readonly number[] | undefined)[] = []
  readonly #lengths: readonly number[]

  /** Words are matched in any case of ASCII letters; other letters as they stand. */
  constructor(words: readonly string[]) {
    this.#lengths = words.map((word) => word.length)
    for (const word of words)
      for (let i = 0; i < word.length; i += 1) this.#classify(lower(word.charCodeAt(i)))
    this.#next = new Int32Array(this.#width).fill(-1)
    const ends: number[][] = [[]]
    words.forEach((word, index) => {
      this.#insert(word, index, ends)
    })
    this.#link(ends)
  }

  /** Calls back for every place where a word stands; `end` is exclusive. Returns early on `true`. */
  scan(text: string, visit: (word: number, start: number, end: number) => true | undefined): void {
    const [next, width, classes] = [this.#next, this.#width, this.#classes]
    let state = 0
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i)
      const kind = code < 128 ? (classes[code] as number) : (this.#others.get(code) ?? 0)
      if (kind === 0) {
        state = 0
        continue
      }
      state = next[state * width + kind] as number
      const ends = this.#ends[state]
      if (ends === undefined) continue
      for (const word of ends)
        if (visit(word, i + 1 - (this.#lengths[word] as number), i + 1) === true) return
    }
  }

  #classify(code: number): void {
    if (code < 128) {
      if (this.#classes[code] !== 0) return
      this.#classes[code] = this.#width
      const upper = code >= 97 && code <= 122 ? code - 32 : code
      this.#classes[upper] = this.#width
    } else {
      if (this.#others.has(code)) return
      this.#others.set(code, this.#width)
    }
    this.#width += 1
  }

  #insert(word: string, index: number, ends: number[][]): void {
    let state = 0
    for (let i = 0; i < word.length; i += 1) {
      const code = lower(word.charCodeAt(i))
      const kind = code < 128 ? (this.#classes[code] as number) : (this.#others.get(code) ?? 0)
      const at = state * this.#width + kind
      let to = this.#next[at] as number
      if (to === -1) {
        to = ends.length
        ends.push([])
        this.#grow(ends.length)
        this.#next[at] = to
      }
      state = to
    }
    ends[state]?.push(index)
  }

  #grow(states: number): void {
    if (states * this.#width <= this.#next.length) return
    const larger = new Int32Array(this.#next.length * 2).fill(-1)
    larger.set(this.#next)
    this.#next = larger
  }

  /** Breadth first: where a word cannot go on, go on with its longest end that begins another word. */
  #link(ends: number[][]): void {
    const width = this.#width
    const fail = new Int32Array(ends.length)
    const queue: number[] = []
    for (let kind = 0; kind < width; kind += 1) {
      const to = this.#next[kind] as number
      if (to === -1) this.#next[kind] = 0
      else queue.push(to)
    }
    for (let head = 0; head < queue.length; head += 1) {
      const state = queue[head] as number
      for (let kind = 0; kind < width; kind += 1) {
        const at = state * width + kind
        const to = this.#next[at] as number
        const back = this.#next[(fail[state] as number) * width + kind] as number
        if (to === -1) this.#next[at] = back
        else {
          fail[to] = back
          ends[to]?.push(...(ends[back] ?? []))
          queue.push(to)
        }
      }
    }
    ends.forEach((words, state) => {
      this.#ends[state] = words.length === 0 ? undefined : words
    })
  }
}

function lower(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code
}
