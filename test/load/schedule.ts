// Open loop: each request has a due time and is sent then, whatever is still outstanding, so a gateway that stalls
// cannot slow its own arrivals down and hide the stall (coordinated omission).

export interface Clock {
  /** Microseconds. */
  now(): number
  wait(us: number): Promise<void>
}

export interface Arrivals {
  readonly perSecond: number
  readonly count: number
  /** `due` is when request number `index` should have been sent, by the same clock. */
  readonly fire: (index: number, due: number) => void
}

/** Ends when the last request is sent; answers may be outstanding. */
export async function sendWhenDue({ perSecond, count, fire }: Arrivals, clock: Clock) {
  const begin = clock.now()
  const step = 1e6 / perSecond
  for (let next = 0; next < count; ) {
    const due = begin + next * step
    const early = due - clock.now()
    if (early > 0) await clock.wait(early)
    else fire(next++, due)
  }
}

/** CLOCK_MONOTONIC, which all processes of one machine share: stamps of the provider can be compared with it. */
export function nowUs() {
  return Number(process.hrtime.bigint() / 1000n)
}

export const realClock: Clock = {
  now: nowUs,
  wait: (us) => new Promise((resolve) => setTimeout(resolve, us / 1000)),
}
