// When a vendor says to come back. The first of these that is given counts: `retry-after-ms`, `retry-after` (seconds or
// an HTTP date), a RetryInfo in the error body, `x-ratelimit-reset-*`.
import { type Headers, header } from '#main/outbound/exchange.ts'
import { isJsonObject, type Json } from '#shared/json.ts'

export interface Delay {
  readonly ms: number
  /** The vendor named an absurd time (negative, or more than an hour). */
  readonly capped: boolean
}

const hour = 3_600_000

/** @param now milliseconds since 1970, for dates */
export function retryAfter(headers: Headers, details: Json | undefined, now: number): Delay | undefined {
  const ms =
    number(header(headers, 'retry-after-ms')) ??
    seconds(header(headers, 'retry-after'), now) ??
    retryInfo(details) ??
    reset(headers, now)
  if (ms === undefined) return undefined
  if (ms < 0) return { ms: 0, capped: true }
  return ms > hour ? { ms: hour, capped: true } : { ms, capped: false }
}

function number(text: string): number | undefined {
  if (text.trim() === '') return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

function seconds(text: string, now: number): number | undefined {
  const value = number(text)
  if (value !== undefined) return Math.ceil(value * 1000)
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN
  // A date has whole seconds only: round up, or we come too early.
  return Number.isNaN(date) ? undefined : Math.ceil((date - now) / 1000) * 1000
}

/** `{ details: [{ "@type": "…RetryInfo", "retryDelay": "34.4s" }] }` */
function retryInfo(details: Json | undefined): number | undefined {
  if (!Array.isArray(details)) return undefined
  for (const detail of details as readonly Json[]) {
    if (isJsonObject(detail) && typeof detail.retryDelay === 'string') return duration(detail.retryDelay)
  }
  return undefined
}

/** Of the limits that are used up, the one that lasts longest; without counts, the longest. */
function reset(headers: Headers, now: number): number | undefined {
  let used: number | undefined
  let any: number | undefined
  for (const name of Object.keys(headers)) {
    const what = /^x-ratelimit-reset(-.+)?$/.exec(name)
    if (what === null) continue
    const ms = duration(header(headers, name), now)
    if (ms === undefined) continue
    any = Math.max(any ?? ms, ms)
    if (number(header(headers, `x-ratelimit-remaining${what[1] ?? ''}`)) === 0)
      used = Math.max(used ?? ms, ms)
  }
  return used ?? any
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: hour, d: 24 * hour }

/** `1m30s`, `34.4s`, `6ms`, seconds, or a moment in seconds or milliseconds since 1970. */
function duration(text: string, now = 0): number | undefined {
  const value = number(text)
  if (value !== undefined) {
    if (value > 1e11) return value - now
    return value > 1e8 ? value * 1000 - now : Math.ceil(value * 1000)
  }
  const parts = [...text.matchAll(/([\d.]+)(ms|s|m|h|d)/g)]
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text.trim()) return undefined
  return Math.ceil(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0), 0))
}
