// `dry_run`: what a call would take, from what this Version's Runs took and from the price list. Unknown is null.
import type { Effects, RunLimits } from '#main/engine/effects.ts'
import type { Usage } from '#shared/model/chat.ts'
import type { RunTotals } from '#shared/run/events.ts'
import type { Exchange } from './exchange.ts'
import type { ParsedCall } from './parse.ts'
import type { ServedVersion } from './ports.ts'
import { sendFacts } from './send.ts'
import type { Service } from './service.ts'

interface History {
  runs: number
  latencyMs: number
  costUsd: number | null
}
const histories = new WeakMap<ServedVersion, History>()
/** Weight of the newest Run in the moving averages. */
const share = 0.1

/** Called with each completed Run. */
export function remember(version: ServedVersion, { ms, costUsd }: RunTotals): void {
  const held = histories.get(version)
  if (!held) {
    histories.set(version, { runs: 1, latencyMs: ms, costUsd })
    return
  }
  held.runs += 1
  held.latencyMs += share * (ms - held.latencyMs)
  held.costUsd =
    costUsd === null || held.costUsd === null ? costUsd : held.costUsd + share * (costUsd - held.costUsd)
}

export interface EstimateOf {
  readonly call: ParsedCall
  readonly limits: RunLimits
}

export function sendEstimate(exchange: Exchange, { call, limits }: EstimateOf, { deps }: Service): void {
  const { version } = call.chosen
  const held = histories.get(version)
  // About four characters make a token; the prompts of the flow are not counted.
  const input = Math.ceil(JSON.stringify(call.given.input).length / 4)
  const worst = worstCost(version, input, deps.effects)
  const caps = [worst, limits.maxCostUsd, call.ask.options.maxCostUsd].filter((cost) => cost !== null)
  sendFacts(exchange, 200, {
    valid: true,
    estimate: {
      input_tokens: input,
      cost_usd_expected: held?.costUsd ?? (worst === 0 ? 0 : null),
      cost_usd_max: caps.length === 0 ? null : Math.min(...caps),
      latency_ms_expected: held ? Math.round(held.latencyMs) : null,
    },
  })
}

/** Every target once, each with the longest answer its model gives. Retries are not in it; the Run's own cap is. */
function worstCost({ prepared }: ServedVersion, input: number, { models, clock }: Effects): number | null {
  let sum = 0
  for (const target of prepared.plan.targets) {
    const output = models.facts(target)?.maxOutput ?? null
    const usage: Usage = { input, cacheRead: 0, cacheWrite: 0, output, reasoning: 0 }
    const cost = output === null ? null : models.price(target, usage, clock.now())
    if (cost === null) return null
    sum += cost
  }
  return sum
}
