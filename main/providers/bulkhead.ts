// `concurrency` of a Connection: so many calls at once; the others wait in order, within their own time.

export interface Ticket {
  /** Gives the place back; harmless when called again. */
  leave(): void
}

export class Bulkhead {
  readonly #limit: number
  #inside = 0
  readonly #waiting = new Set<() => void>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Calls `enter` at once or when a place is free; never after `signal` has fired, then `gone` is called instead. */
  enter(signal: AbortSignal, enter: (ticket: Ticket) => void, gone: () => void): void {
    if (signal.aborted) {
      queueMicrotask(gone)
      return
    }
    if (this.#inside < this.#limit) {
      enter(this.#admit())
      return
    }
    const begin = () => {
      signal.removeEventListener('abort', leave)
      enter(this.#admit())
    }
    const leave = () => {
      this.#waiting.delete(begin)
      gone()
    }
    this.#waiting.add(begin)
    signal.addEventListener('abort', leave, { once: true })
  }

  #admit(): Ticket {
    this.#inside++
    let out = false
    return {
      leave: () => {
        if (out) return
        out = true
        this.#inside--
        const [next] = this.#waiting
        if (next === undefined) return
        this.#waiting.delete(next)
        next()
      },
    }
  }
}
