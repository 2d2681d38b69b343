/**
 * Calls many functions at one pace with one timer for each interval in use, so pacing costs one wake-up per tick
 * and not one per stream. Ticks that were missed are made up for.
 */
export class Pacer {
  readonly #wheels = new Map<number, Set<() => boolean>>()

  /** Calls `emit` every `intervalMs` until it returns false. */
  each(intervalMs: number, emit: () => boolean) {
    const running = this.#wheels.get(intervalMs)
    if (running) {
      running.add(emit)
      return
    }
    const members = new Set([emit])
    this.#wheels.set(intervalMs, members)
    let due = performance.now() + intervalMs
    const tick = () => {
      for (const member of members) if (!member()) members.delete(member)
      if (members.size === 0) {
        this.#wheels.delete(intervalMs)
        return
      }
      due += intervalMs
      setTimeout(tick, Math.max(0, due - performance.now()))
    }
    setTimeout(tick, intervalMs)
  }
}
