import { describe, expect, it } from 'vitest'
import { createCounters, periodOf } from './counters.ts'

const bucket = { max: 60, windowS: 60, burst: 10 }
const take = (key: string, amount = 1, of = bucket) => ({ key, bucket: of, amount })

describe('token buckets', () => {
  it('let the burst through, then one for each interval', () => {
    const counters = createCounters()
    let passed = 0
    for (let i = 0; i < 1000; i += 1) if (counters.take([take('k')], 0).ok) passed += 1
    expect(passed).toBe(10)
    expect(counters.take([take('k')], 999).ok).toBe(false)
    expect(counters.take([take('k')], 1000).ok).toBe(true)
    expect(counters.take([take('k')], 1000).ok).toBe(false)
  })

  it('tell truly when the next one is free', () => {
    const counters = createCounters()
    for (let i = 0; i < 10; i += 1) counters.take([take('k')], 0)
    const refused = counters.take([take('k')], 250)
    expect(refused).toEqual({ ok: false, index: 0, retryAfterMs: 750, limit: 60, remaining: 0, resetS: 10 })
    expect(counters.take([take('k')], 999).ok).toBe(false)
    expect(counters.take([take('k')], 1000).ok).toBe(true)
  })

  it('take from all or from none', () => {
    const counters = createCounters()
    const small = { max: 1, windowS: 60, burst: 1 }
    expect(counters.take([take('wide'), take('small', 1, small)], 0)).toMatchObject({
      ok: true,
      tightest: { limit: 1, remaining: 0 },
    })
    expect(counters.take([take('wide'), take('small', 1, small)], 0)).toMatchObject({ ok: false, index: 1 })
    expect(counters.take([take('wide')], 0)).toMatchObject({ ok: true, tightest: { remaining: 8 } })
  })

  it('owe what went beyond a reservation, and never show less than nothing', () => {
    const counters = createCounters()
    counters.take([take('k', 5)], 0)
    counters.adjust('k', bucket, 20, 0)
    expect(counters.take([take('k')], 0)).toMatchObject({ ok: false, remaining: 0, retryAfterMs: 16_000 })
    counters.adjust('k', bucket, -100, 0)
    expect(counters.take([take('k')], 0)).toMatchObject({ ok: true, tightest: { remaining: 9 } })
  })

  it('let one through that is larger than the bucket, when it is full', () => {
    const counters = createCounters()
    expect(counters.take([take('k', 25)], 0).ok).toBe(true)
    expect(counters.take([take('k', 1)], 15_000).ok).toBe(false)
    expect(counters.take([take('k', 1)], 16_000).ok).toBe(true)
  })

  it('give nothing when time seems to go back', () => {
    const counters = createCounters()
    for (let i = 0; i < 10; i += 1) counters.take([take('k')], 3_600_000)
    expect(counters.take([take('k')], 0).ok).toBe(false)
    expect(counters.take([take('k')], 3_600_500).ok).toBe(false)
    expect(counters.take([take('k')], 3_601_000).ok).toBe(true)
  })

  it('keep the level when the limit is changed', () => {
    const counters = createCounters()
    for (let i = 0; i < 10; i += 1) counters.take([take('k')], 0)
    const wider = { max: 60, windowS: 60, burst: 20 }
    expect(counters.take([take('k', 1, wider)], 0).ok).toBe(false)
  })

  it('stay within their memory', () => {
    const counters = createCounters({ maxBuckets: 1000 })
    for (let i = 0; i < 10_000; i += 1) counters.take([take(`address:${i}`)], i)
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 100_000; i += 1) counters.take([take(`other:${i}`)], 10_000 + i)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(32 * 1024 * 1024)
  })
})

describe('calendar budgets', () => {
  it('admit while spent and reserved fit, and settle to what was spent', () => {
    const counters = createCounters()
    const first = counters.reserve('b', 1, 'month', 0.3, 0)
    expect(counters.reserve('b', 1, 'month', 0.3, 0)).not.toBeNull()
    expect(counters.reserve('b', 1, 'month', 0.3, 0)).not.toBeNull()
    expect(counters.reserve('b', 1, 'month', 0.3, 0)).toBeNull()
    first?.settle(0.1)
    first?.settle(0)
    expect(counters.reserve('b', 1, 'month', 0.3, 0)).not.toBeNull()
    expect(counters.reserve('b', 1, 'month', 0.01, 0)).toBeNull()
  })

  it('do not refuse the last call that fits for want of decimals', () => {
    const counters = createCounters()
    for (let i = 0; i < 10; i += 1) expect(counters.reserve('b', 1, 'total', 0.1, 0)).not.toBeNull()
    expect(counters.reserve('b', 1, 'total', 0.001, 0)).toBeNull()
  })

  it('never give credit', () => {
    const counters = createCounters()
    counters.reserve('b', 1, 'total', 1, 0)?.settle(-5)
    expect(counters.reserve('b', 1, 'total', 1, 0)).not.toBeNull()
    expect(counters.reserve('b', 1, 'total', 0.5, 0)).toBeNull()
    expect(counters.reserve('c', 1, 'total', Number.NaN, 0)).toBeNull()
    expect(counters.reserve('c', 1, 'total', -1, 0)).toBeNull()
    counters.reserve('c', 1, 'total', 0.4, 0)?.settle(Number.NaN)
    expect(counters.reserve('c', 1, 'total', 0.7, 0)).toBeNull()
  })

  it('begin anew with the period, and settle in the one they were reserved in', () => {
    const counters = createCounters()
    const day = 86_400_000
    const late = counters.reserve('b', 1, 'day', 1, day - 1)
    expect(counters.reserve('b', 1, 'day', 1, day - 1)).toBeNull()
    expect(counters.reserve('b', 1, 'day', 0.5, day)).not.toBeNull()
    late?.settle(0)
    expect(counters.reserve('b', 1, 'day', 0.6, day)).toBeNull()
  })

  it('name their periods in UTC, weeks from Monday', () => {
    const sunday = Date.UTC(2026, 10, 22, 23, 59)
    expect(periodOf('day', sunday)).toBe('2026-11-22')
    expect(periodOf('month', sunday)).toBe('2026-11')
    expect(periodOf('week', sunday)).toBe('week of 2026-11-16')
    expect(periodOf('week', sunday + 60_000)).toBe('week of 2026-11-23')
    expect(periodOf('total', sunday)).toBe('total')
  })

  it('survive a restart, with what was reserved counted as spent', () => {
    const book = new Map<string, number>()
    const journal = {
      spent: (key: string, period: string) => book.get(`${key} ${period}`) ?? 0,
      add: (key: string, period: string, usd: number) =>
        void book.set(`${key} ${period}`, (book.get(`${key} ${period}`) ?? 0) + usd),
    }
    const before = createCounters({ journal })
    before.reserve('b', 1, 'total', 0.5, 0)?.settle(0.2)
    before.reserve('b', 1, 'total', 0.6, 0)
    const after = createCounters({ journal })
    expect(after.reserve('b', 1, 'total', 0.3, 0)).toBeNull()
    expect(after.reserve('b', 1, 'total', 0.2, 0)).not.toBeNull()
  })
})
