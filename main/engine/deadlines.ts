// The time limits of one Run and of its steps, on one timer: hardly any of them ever passes.
import type { Clock } from './effects.ts'

export interface Deadline {
  /** Milliseconds since the Run began. */
  readonly at: number
  passed(): void
}

export interface DeadlinesHost {
  readonly clock: Clock
  elapsed(): number
}

export class Deadlines {
  readonly #host: DeadlinesHost
  #open: Deadline[] = []
  #stopTimer: (() => void) | null = null
  /** When the timer fires. */
  #next = Number.POSITIVE_INFINITY
  #over = false

  constructor(host: DeadlinesHost) {
    this.#host = host
  }

  add(ms: number, passed: () => void): Deadline {
    const now = this.#host.elapsed()
    const deadline = { at: now + ms, passed }
    this.#open.push(deadline)
    if (deadline.at < this.#next) this.#arm(deadline.at, ms)
    return deadline
  }

  /** The timer stays as it is: another deadline may need it, and firing for nothing costs less than setting it anew. */
  remove(deadline: Deadline): void {
    const at = this.#open.indexOf(deadline)
    if (at >= 0) this.#open.splice(at, 1)
  }

  stop(): void {
    this.#over = true
    this.#open = []
    this.#stopTimer?.()
    this.#stopTimer = null
  }

  #arm(at: number, ms: number): void {
    this.#stopTimer?.()
    this.#next = at
    this.#stopTimer = this.#host.clock.after(ms, () => this.#fire(at))
  }

  /** What passes may remove other deadlines, add some or end the Run. */
  #fire(now: number): void {
    this.#stopTimer = null
    this.#next = Number.POSITIVE_INFINITY
    for (let due = this.#first(); due && due.at <= now; due = this.#first()) {
      this.remove(due)
      due.passed()
    }
    const first = this.#first()
    if (this.#over || !first || first.at >= this.#next) return
    this.#arm(first.at, Math.max(0, first.at - this.#host.elapsed()))
  }

  #first(): Deadline | undefined {
    let first: Deadline | undefined
    for (const deadline of this.#open) if (!first || deadline.at < first.at) first = deadline
    return first
  }
}
