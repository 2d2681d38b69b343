// The money of one Run: reserved before each upstream call and settled after it, against the Run's own cap and the
// budgets outside (features P31, P33).
import { AppError } from '#shared/errors.ts'
import type { ChatRequest, Usage } from '#shared/model/chat.ts'
import type { Effects, Ledger, Reservation } from './effects.ts'
import { estimateInput } from './estimate.ts'

/** Sums of dollars in binary fractions: a cent more than this is a cent more. */
const rounding = 1e-9

export interface Purse {
  /** Throws `cost_cap_reached`, `budget_exceeded` or whatever a budget outside says. */
  reserve(target: string, request: ChatRequest): Spending
}
export interface Spending {
  /** Null: what it cost is not known, so it counts as reserved. */
  settle(actual: { readonly usage: Usage; readonly costUsd: number | null } | null): void
  /** The upstream did not do the work. */
  free(): void
}

/** Null when neither cap nor budget is set: then nothing is estimated. */
export function purseOf(effects: Effects, cap: number | null, ledger: Ledger | null): Purse | null {
  if (cap === null && ledger === null) return null
  // Spent and reserved together; settling corrects it.
  let taken = 0
  return {
    reserve: (target, request) => {
      const { tokens, usage } = worstCase(effects, target, request)
      const costUsd = effects.models.price(target, usage, effects.clock.now())
      if (cap !== null) checkCap(target, cap, taken, costUsd)
      const outside = ledger?.reserve({ tokens, costUsd, target }) ?? null
      const reserved = costUsd ?? 0
      taken += reserved
      return spendingOf(outside, (actual) => {
        taken += actual - reserved
      })
    },
  }
}

function checkCap(target: string, cap: number, taken: number, costUsd: number | null): void {
  if (costUsd === null) {
    throw new AppError('budget_exceeded', {
      message: `The price of '${target}' is not known, so the cost limit of this run cannot be kept.`,
      details: { reason: 'price_unknown' },
    })
  }
  if (taken + costUsd > cap + rounding) {
    throw new AppError('cost_cap_reached', {
      message: `The next call may cost ${dollars(costUsd)}; ${dollars(taken)} of the limit of ${dollars(cap)} are taken.`,
      details: { cap_usd: cap, taken_usd: taken, call_usd: costUsd },
    })
  }
}

function spendingOf(outside: Reservation | null, correct: (costUsd: number) => void): Spending {
  let open = true
  return {
    settle: (actual) => {
      if (!open) return
      open = false
      if (actual && actual.costUsd !== null) correct(actual.costUsd)
      outside?.settle({ tokens: actual ? tokensOf(actual.usage) : null, costUsd: actual?.costUsd ?? null })
    },
    free: () => {
      if (!open) return
      open = false
      correct(0)
      outside?.settle({ tokens: 0, costUsd: 0 })
    },
  }
}

/** Input as estimated, output up to what the request or the model allows. */
function worstCase(effects: Effects, target: string, request: ChatRequest): { tokens: number; usage: Usage } {
  const input = estimateInput(request)
  const output = request.maxOutputTokens ?? effects.models.facts(target)?.maxOutput ?? 0
  return {
    tokens: input + output,
    usage: { input, cacheRead: 0, cacheWrite: 0, output, reasoning: 0, estimated: true },
  }
}

/** Null when nothing is known; unknown counts beside known ones add nothing. */
function tokensOf(usage: Usage): number | null {
  if (usage.input === null && usage.output === null) return null
  return (
    (usage.input ?? 0) +
    (usage.cacheRead ?? 0) +
    (usage.cacheWrite ?? 0) +
    (usage.output ?? 0) +
    (usage.reasoning ?? 0)
  )
}

function dollars(amount: number): string {
  return `${Number(amount.toPrecision(6))} USD`
}
