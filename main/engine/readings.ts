// Streams that a step needs whole: read to their end before it starts (nodes.md 1.4.3).
import type { AppError } from '#shared/errors.ts'
import type { AnyLive } from '#shared/flow/live.ts'

export interface Reading {
  readonly live: AnyLive
  /** Called with the whole value. */
  whole(value: unknown): void
}

export class Readings {
  readonly #open = new Map<number, () => void>()

  /** `done` when all are complete, `broke` when one is not; neither once it was stopped. */
  begin(
    step: number,
    readings: readonly Reading[],
    on: { readonly done: () => void; readonly broke: (error: AppError) => void },
  ): void {
    let left = readings.length
    let stopped = false
    // A stream may be over already, and then its reader is told before there is a subscription to cancel.
    this.#open.set(step, () => {
      stopped = true
    })
    const subscriptions = readings.map(({ live, whole }) =>
      live.read({
        part: () => undefined,
        restart: () => undefined,
        end: (value: unknown) => {
          if (stopped) return
          whole(value)
          left -= 1
          if (left > 0) return
          this.#open.delete(step)
          on.done()
        },
        fail: (error) => {
          if (stopped) return
          this.stop(step)
          on.broke(error)
        },
      }),
    )
    if (!this.#open.has(step)) return
    this.#open.set(step, () => {
      stopped = true
      for (const subscription of subscriptions) subscription.cancel()
    })
  }

  /** Says whether there was something to stop. */
  stop(step: number): boolean {
    const stop = this.#open.get(step)
    this.#open.delete(step)
    stop?.()
    return stop !== undefined
  }

  stopAll(): void {
    for (const step of [...this.#open.keys()]) this.stop(step)
  }
}
