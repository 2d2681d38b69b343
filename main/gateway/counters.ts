// Token buckets and calendar budgets of one process. Levels are worked out when looked at: no timers.
import type { Bucket, Counters } from './ports.ts'

type Window = 'day' | 'week' | 'month' | 'total'

/** Keeps what was spent across restarts. Called before the amount is acknowledged; must not throw. */
export interface BudgetJournal {
  /** US dollars of the period so far, reservations included. */
  spent(key: string, period: string): number
  add(key: string, period: string, usd: number): void
}

export interface CounterOptions {
  readonly journal?: BudgetJournal
  /** Buckets held at most; the fullest, which say nothing, go first. */
  readonly maxBuckets?: number
}

interface Level {
  level: number
  at: number
  readonly capacity: number
  /** Units per millisecond. */
  readonly rate: number
}
interface Spending {
  readonly period: string
  usd: number
}

/** Rounding of binary fractions must not refuse the last call that fits: 0.1 + 0.2 ≤ 0.3. */
const rounding = 1e-9

export function createCounters(options: CounterOptions = {}): Counters {
  const { journal, maxBuckets = 50_000 } = options
  const levels = new Map<string, Level>()
  const spendings = new Map<string, Spending>()

  function levelOf(key: string, bucket: Bucket, now: number): Level {
    let held = levels.get(key)
    const rate = bucket.max / (bucket.windowS * 1000)
    if (!held || held.capacity !== bucket.burst || held.rate !== rate) {
      if (levels.size >= maxBuckets) forget(levels, now)
      const level = held ? Math.min(bucket.burst, refilled(held, now)) : bucket.burst
      held = { level, at: now, capacity: bucket.burst, rate }
      levels.set(key, held)
      return held
    }
    held.level = refilled(held, now)
    held.at = Math.max(held.at, now)
    return held
  }

  function spendingOf(key: string, window: Window, now: number): Spending {
    const period = periodOf(window, now)
    let held = spendings.get(key)
    if (held?.period !== period) {
      held = { period, usd: journal?.spent(key, period) ?? 0 }
      spendings.set(key, held)
    }
    return held
  }

  return {
    take(requests, now) {
      let tightest: { limit: number; remaining: number; resetS: number } | null = null
      for (let index = 0; index < requests.length; index += 1) {
        const { key, bucket, amount } = requests[index] as (typeof requests)[number]
        const held = levelOf(key, bucket, now)
        const wanted = Math.min(amount, held.capacity)
        if (held.level + rounding < wanted) {
          const retryAfterMs = Math.max(1, Math.ceil((wanted - held.level) / held.rate))
          return {
            ok: false,
            index,
            retryAfterMs,
            limit: bucket.max,
            remaining: whole(held.level),
            resetS: resetOf(held),
          }
        }
      }
      for (const { key, bucket, amount } of requests) {
        const held = levels.get(key) ?? levelOf(key, bucket, now)
        held.level -= amount
        const remaining = whole(held.level)
        if (tightest === null || remaining < tightest.remaining) {
          tightest = { limit: bucket.max, remaining, resetS: resetOf(held) }
        }
      }
      return { ok: true, tightest }
    },
    adjust(key, bucket, amount, now) {
      const held = levelOf(key, bucket, now)
      held.level = Math.min(held.capacity, held.level - amount)
    },
    reserve(key, maxUsd, window, amount, now) {
      const held = spendingOf(key, window, now)
      if (!(amount >= 0) || held.usd + amount > maxUsd + rounding) return null
      held.usd += amount
      journal?.add(key, held.period, amount)
      let open = true
      return {
        settle(actual) {
          if (!open) return
          open = false
          // The money belongs to the period it was reserved in, also when that has ended meanwhile.
          const spent = Number.isFinite(actual) ? Math.max(0, actual) : amount
          held.usd += spent - amount
          journal?.add(key, held.period, spent - amount)
        },
      }
    },
  }
}

function refilled(held: Level, now: number): number {
  return Math.min(held.capacity, held.level + Math.max(0, now - held.at) * held.rate)
}

function whole(level: number): number {
  return Math.max(0, Math.floor(level + rounding))
}

/** Seconds until the bucket is full. */
function resetOf(held: Level): number {
  return Math.ceil(Math.max(0, held.capacity - held.level) / held.rate / 1000)
}

/** A full bucket is as good as none. If that is not enough, the oldest go: memory has a bound. */
function forget(levels: Map<string, Level>, now: number): void {
  for (const [key, held] of levels) if (refilled(held, now) >= held.capacity) levels.delete(key)
  const room = levels.size * 0.9
  for (const key of levels.keys()) {
    if (levels.size <= room) break
    levels.delete(key)
  }
}

/** Name of the calendar period in UTC; weeks begin on Monday. */
export function periodOf(window: Window, now: number): string {
  if (window === 'total') return 'total'
  const iso = (at: number) => new Date(at).toISOString()
  if (window === 'day') return iso(now).slice(0, 10)
  if (window === 'month') return iso(now).slice(0, 7)
  const day = 86_400_000
  const sinceMonday = (new Date(now).getUTCDay() + 6) % 7
  return `week of ${iso(now - sinceMonday * day).slice(0, 10)}`
}
