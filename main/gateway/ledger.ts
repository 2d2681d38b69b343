// Tokens and money: reserved at every holder before an upstream call, settled after it. All holders admit or none does.
import type { Clock, Ledger } from '#main/engine/effects.ts'
import { AppError, type ErrorCode } from '#shared/errors.ts'
import { type Claim, type Holder, holders, type Party } from './limits.ts'
import type { Counters, LimitSet } from './ports.ts'

const spends = (limits: LimitSet) =>
  limits.tokens !== undefined || limits.costUsd !== undefined || limits.budget !== undefined

/** Null when nobody limits tokens or money: then the engine need not estimate. */
export function ledgerOf(
  party: Party,
  counters: Counters,
  { now, ticks }: Pick<Clock, 'now' | 'ticks'>,
): Ledger | null {
  const { settings, route, key } = party
  if (
    !spends(settings.limits) &&
    !spends(route.limits) &&
    !spends(key.consumer.limits) &&
    !spends(key.limits)
  ) {
    return null
  }
  const all = holders(party, spends)
  return {
    reserve({ tokens, costUsd }) {
      const budgets = reserveBudgets(all, costUsd, counters, now())
      const tokenClaims = claims(all, 'tokens', tokens)
      const moneyClaims = claims(all, 'costUsd', costUsd ?? 0)
      try {
        if (moneyClaims.length > 0 && costUsd === null) throw unpriced()
        refuseOversized(moneyClaims)
        take(tokenClaims, 'token_limited', counters, ticks())
        try {
          take(moneyClaims, 'budget_exceeded', counters, ticks())
        } catch (thrown) {
          giveBack(tokenClaims, 0, counters, ticks())
          throw thrown
        }
      } catch (thrown) {
        for (const budget of budgets) budget.settle(0)
        throw thrown
      }
      let open = true
      return {
        settle(actual) {
          if (!open) return
          open = false
          giveBack(tokenClaims, spent(actual.tokens, tokens), counters, ticks())
          const usd = spent(actual.costUsd, costUsd ?? 0)
          giveBack(moneyClaims, usd, counters, ticks())
          for (const budget of budgets) budget.settle(usd)
        },
      }
    },
  }
}

/** Unknown, negative and absurd amounts settle as reserved: a vendor's mistake never gives credit. */
function spent(actual: number | null, reserved: number): number {
  return actual !== null && Number.isFinite(actual) && actual >= 0 ? actual : reserved
}

function reserveBudgets(all: readonly Holder[], costUsd: number | null, counters: Counters, now: number) {
  const held: { settle(actual: number): void }[] = []
  for (const { name, limits } of all) {
    if (!limits.budget) continue
    const { maxUsd, window } = limits.budget
    const reservation =
      costUsd === null ? null : counters.reserve(`${name}/budget`, maxUsd, window, costUsd, now)
    if (reservation) {
      held.push(reservation)
      continue
    }
    for (const budget of held) budget.settle(0)
    throw costUsd === null ? unpriced() : usedUp(name)
  }
  return held
}

function claims(all: readonly Holder[], measure: 'tokens' | 'costUsd', amount: number): readonly Claim[] {
  return all.flatMap(({ name, limits }) => {
    const bucket = limits[measure]
    return bucket ? [{ key: `${name}/${measure}`, bucket, amount }] : []
  })
}

/** A token bucket lets one call through that is larger than itself, and waits longer after it; money does not. */
function refuseOversized(moneyClaims: readonly Claim[]): void {
  const over = moneyClaims.find(({ amount, bucket }) => amount > bucket.burst)
  if (over) throw usedUp(over.key.slice(0, over.key.lastIndexOf('/')))
}

function take(wanted: readonly Claim[], code: ErrorCode, counters: Counters, now: number): void {
  if (wanted.length === 0) return
  const taken = counters.take(wanted, now)
  if (taken.ok) return
  const by = holderOf((wanted[taken.index] as Claim).key)
  throw new AppError(code, {
    message:
      code === 'token_limited'
        ? `The token limit of this ${by} is reached.`
        : `The cost limit of this ${by} is reached.`,
    details: { reason: by },
    retryAfterMs: taken.retryAfterMs,
  })
}

/** What was not used comes back; what went beyond the reservation is owed. */
function giveBack(taken: readonly Claim[], actual: number, counters: Counters, now: number): void {
  for (const { key, bucket, amount } of taken) {
    if (actual !== amount) counters.adjust(key, bucket, actual - amount, now)
  }
}

function usedUp(name: string): AppError {
  const by = holderOf(name)
  return new AppError('budget_exceeded', {
    message: `The money budget of this ${by} is used up.`,
    details: { reason: by },
  })
}

function unpriced(): AppError {
  return new AppError('budget_exceeded', {
    message: 'A money budget is set and the price of this model is not known.',
    details: { reason: 'price_unknown' },
  })
}

/** `key`, `consumer`, `endpoint` or `gateway`: never the name of another caller. */
export function holderOf(name: string): string {
  return name.split(/[:/]/, 1)[0] ?? name
}
