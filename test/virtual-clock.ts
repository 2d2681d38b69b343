// A clock that moves only when a test says so. Between two timers everything that was promised is given time to happen.
export interface VirtualClock {
  now(): number
  ticks(): number
  after(ms: number, call: () => void): () => void
  /** Moves on by `ms`, calling timers in order of their time. */
  advance(ms: number): Promise<void>
  /** Lets promises settle without moving. */
  settle(): Promise<void>
  /** Moves from timer to timer until `done` holds or `limitMs` have passed; says whether it holds. */
  until(done: () => boolean, limitMs?: number): Promise<boolean>
  /** Timers that still wait. */
  readonly waiting: number
}

interface Timer {
  readonly at: number
  readonly order: number
  readonly call: () => void
}

export function virtualClock(start = 1_700_000_000_000): VirtualClock {
  let elapsed = 0
  let order = 0
  const timers = new Set<Timer>()

  /** A turn of the event loop empties the queue of microtasks, however deep the promises are chained. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

  function next(before: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of timers) {
      if (timer.at > before) continue
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    }
    return first
  }

  async function fire(timer: Timer): Promise<void> {
    timers.delete(timer)
    elapsed = Math.max(elapsed, timer.at)
    timer.call()
    await settle()
  }

  return {
    now: () => start + elapsed,
    ticks: () => elapsed,
    after: (ms, call) => {
      const timer: Timer = { at: elapsed + Math.max(0, ms), order: order++, call }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    settle,
    advance: async (ms) => {
      const target = elapsed + ms
      await settle()
      for (let timer = next(target); timer; timer = next(target)) await fire(timer)
      elapsed = target
    },
    until: async (done, limitMs = 3_600_000) => {
      const limit = elapsed + limitMs
      await settle()
      while (!done()) {
        const timer = next(limit)
        if (!timer) return false
        await fire(timer)
      }
      return true
    },
    get waiting() {
      return timers.size
    },
  }
}
