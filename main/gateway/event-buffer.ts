// The events of a Run that can be read later or again. Bounded: beyond its limit it is lost as a whole, never in part.
export class EventBuffer {
  readonly #limit: number
  #events: string[] = []
  #bytes = 0
  #ended = false
  #lost = false
  #listeners = new Set<() => void>()

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get ended(): boolean {
    return this.#ended
  }
  get lost(): boolean {
    return this.#lost
  }
  /** Rough: UTF-16 units. */
  get bytes(): number {
    return this.#bytes
  }
  get count(): number {
    return this.#events.length
  }

  /** One or more whole events, each ending in a blank line. */
  push(text: string): void {
    if (text === '' || this.#ended || this.#lost) return
    this.#bytes += text.length
    if (this.#bytes > this.#limit) this.lose()
    else for (const event of text.slice(0, -2).split('\n\n')) this.#events.push(`${event}\n\n`)
    this.#tell()
  }

  end(): void {
    this.#ended = true
    this.#tell()
  }

  lose(): void {
    this.#lost = true
    this.#events = []
    this.#bytes = 0
    this.#tell()
  }

  /** Whole events after the first `count`, up to about `maxBytes`, and how many they are. */
  after(count: number, maxBytes: number): { readonly text: string; readonly count: number } {
    let text = ''
    let at = count
    while (at < this.#events.length && text.length < maxBytes) {
      text += this.#events[at]
      at += 1
    }
    return { text, count: at - count }
  }

  /** Called when there is more, or an end. */
  onMore(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}
