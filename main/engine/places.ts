// A cap of how many steps of one node run at once, over all Runs of a Plan (`policy.concurrency`).

export interface Places {
  /**
   * True when there is a place; otherwise `then` is called later with one, in order of asking. Who no longer needs it
   * then gives it back.
   */
  take(then: () => void): boolean
  /** Gives a place back, or leaves the queue. */
  leave(then: () => void): void
  free(): void
}

export function placesOf(count: number): Places {
  let taken = 0
  const queue: (() => void)[] = []
  return {
    take: (then) => {
      if (taken < count) {
        taken += 1
        return true
      }
      queue.push(then)
      return false
    },
    leave: (then) => {
      const at = queue.indexOf(then)
      if (at >= 0) queue.splice(at, 1)
    },
    free: () => {
      const next = queue.shift()
      // Not at once: a long queue of quick steps would otherwise run inside one another.
      if (next) queueMicrotask(next)
      else taken -= 1
    },
  }
}
