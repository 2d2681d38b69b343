// May this call begin now? Concurrency caps, request limits, then a place; all given back when the Run is over.
import type { Clock } from '#main/engine/effects.ts'
import { AppError } from '#shared/errors.ts'
import { holderOf } from './ledger.ts'
import { type Party, requestClaims } from './limits.ts'
import { createPlaces, createTally, type Places, type Room, type Tally } from './places.ts'
import type { Counters, GatewaySettings } from './ports.ts'

/** The tightest request limit, for the `RateLimit-*` headers. */
export interface RateFacts {
  readonly limit: number
  readonly remaining: number
  readonly resetS: number
}

export interface Admission {
  readonly rate: RateFacts | null
  /** Undefined: the place is taken already. Rejects with `overloaded`. */
  readonly entered: Promise<void> | undefined
  /** Gives everything back, also while waiting. Harmless when repeated. */
  release(): void
}

export interface Gate {
  readonly places: Places
  /** Throws `concurrency_limited`, `rate_limited`, `overloaded`. */
  admit(party: Party): Admission
}

export function createGate(counters: Counters, clock: Clock): Gate {
  const places = createPlaces(clock)
  const tally = createTally()
  return {
    places,
    admit(party) {
      const caps = capsOf(party)
      checkCaps(caps, tally)
      const rate = takeRequests(party, counters, clock.ticks())
      const room = roomOf(party.settings)
      const waiting = places.tryEnter(room) ? undefined : places.wait(room, party.key.priority)
      for (const { name } of caps) tally.add(name)
      let state: 'waiting' | 'inside' | 'gone' = waiting ? 'waiting' : 'inside'
      const entered = waiting?.entered.then(() => {
        if (state === 'gone') places.leave(room)
        else state = 'inside'
      })
      // Whoever waits learns of it by awaiting; whoever gave up need not.
      entered?.catch(() => undefined)
      return {
        rate,
        entered,
        release() {
          if (state === 'gone') return
          if (state === 'inside') places.leave(room)
          else waiting?.leave()
          state = 'gone'
          for (const { name } of caps) tally.remove(name)
        },
      }
    },
  }
}

interface Cap {
  readonly name: string
  readonly max: number
}

/** `limits.concurrent` of the gateway is the number of places; beyond it callers queue. */
function roomOf({ limits, maxRuns, maxQueue, queueMs }: GatewaySettings): Room {
  return { maxRuns: limits.concurrent ?? maxRuns, maxQueue, queueMs }
}

/** A Key has a cap of its own even when nobody set one, unless its Consumer's is the one that was meant to hold. */
function capsOf({ settings, route, key }: Party): readonly Cap[] {
  const own = key.limits.concurrent ?? key.consumer.limits.concurrent ?? settings.runsPerKey
  const caps: Cap[] = [{ name: `key:${key.id}`, max: own }]
  const { concurrent } = key.consumer.limits
  if (concurrent !== undefined) caps.push({ name: `consumer:${key.consumer.id}`, max: concurrent })
  if (route.limits.concurrent !== undefined) {
    caps.push({ name: `endpoint:${route.slug}`, max: route.limits.concurrent })
  }
  return caps
}

function checkCaps(caps: readonly Cap[], tally: Tally): void {
  for (const { name, max } of caps) {
    if (tally.of(name) < max) continue
    const by = holderOf(name)
    throw new AppError('concurrency_limited', {
      message: `This ${by} has ${max} runs at once, which is its limit.`,
      details: { reason: by },
      retryAfterMs: 1000,
    })
  }
}

function takeRequests(party: Party, counters: Counters, ticks: number): RateFacts | null {
  const claims = requestClaims(party)
  if (claims.length === 0) return null
  const taken = counters.take(claims, ticks)
  if (taken.ok) return taken.tightest
  const { limit, remaining, resetS, retryAfterMs } = taken
  const key = claims[taken.index]?.key ?? ''
  const by = key.includes('/address:') ? 'address' : holderOf(key)
  throw new AppError('rate_limited', {
    message: `The request limit of this ${by} is reached.`,
    details: { reason: by, limit, remaining, reset_s: resetS },
    retryAfterMs,
  })
}
