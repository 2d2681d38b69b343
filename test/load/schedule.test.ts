import { describe, expect, test } from 'vitest'
import { type Clock, sendWhenDue } from './schedule.ts'

/** Time passes only by waiting, and each wait may end late. */
function virtualClock(late: (wait: number) => number = () => 0): Clock & { readonly waits: number[] } {
  let now = 1_000
  const waits: number[] = []
  return {
    waits,
    now: () => now,
    wait: (us) => {
      now += us + late(waits.push(us))
      return Promise.resolve()
    },
  }
}

async function sent(clock: Clock, perSecond: number, count: number) {
  const log: { at: number; due: number }[] = []
  const fire = (_index: number, due: number) => log.push({ at: clock.now() - 1_000, due: due - 1_000 })
  await sendWhenDue({ perSecond, count, fire }, clock)
  return log
}

describe('an open loop', () => {
  test('sends each request when it is due', async () => {
    const log = await sent(virtualClock(), 200, 4)
    expect(log).toEqual([0, 5_000, 10_000, 15_000].map((due) => ({ at: due, due })))
  })

  test('sends what became due during a late wake-up at once and keeps the due times', async () => {
    const log = await sent(
      virtualClock((wait) => (wait === 1 ? 12_000 : 0)),
      200,
      6,
    )
    expect(log.map(({ due }) => due)).toEqual([0, 5_000, 10_000, 15_000, 20_000, 25_000])
    expect(log.map(({ at }) => at)).toEqual([0, 17_000, 17_000, 17_000, 20_000, 25_000])
  })

  test('does not wait after the last request', async () => {
    const clock = virtualClock()
    await sent(clock, 1_000, 3)
    expect(clock.waits).toEqual([1_000, 1_000])
  })

  test('does not drift at a rate whose step is no whole number', async () => {
    const log = await sent(virtualClock(), 300, 301)
    expect(log.at(-1)?.due).toBeCloseTo(1_000_000, 6)
  })
})
