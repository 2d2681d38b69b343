// What a Run adds up: usage, cost, attempts, arms and warnings.

import type { Usage } from '#shared/model/chat.ts'
import type { ModelFacts, RunTotals, RunWarning } from '#shared/run/events.ts'

const noUsage: Usage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 }
const none: readonly never[] = Object.freeze([])

export interface Totals {
  usage: Usage
  costUsd: number | null
  modelCalls: number
  attempts: number
  servedBy: string | null
  degraded: boolean
  firstTokenMs: number | null
  arms: string[] | null
  warnings: RunWarning[] | null
}

export function newTotals(): Totals {
  return {
    usage: noUsage,
    costUsd: 0,
    modelCalls: 0,
    attempts: 0,
    servedBy: null,
    degraded: false,
    firstTokenMs: null,
    arms: null,
    warnings: null,
  }
}

export function addModel(totals: Totals, facts: ModelFacts): void {
  totals.usage = sumUsage(totals.usage, facts.usage)
  totals.costUsd = totals.costUsd === null || facts.costUsd === null ? null : totals.costUsd + facts.costUsd
  totals.modelCalls += 1
  totals.servedBy = facts.target
}

/** Unknown and something is unknown. */
function sumUsage(a: Usage, b: Usage): Usage {
  return {
    input: add(a.input, b.input),
    cacheRead: add(a.cacheRead, b.cacheRead),
    cacheWrite: add(a.cacheWrite, b.cacheWrite),
    output: add(a.output, b.output),
    reasoning: add(a.reasoning, b.reasoning),
  }
}

function add(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b
}

export function closeTotals(totals: Totals, variant: string | null, ms: number): RunTotals {
  return {
    usage: totals.usage,
    modelCalls: totals.modelCalls,
    attempts: totals.attempts,
    costUsd: totals.costUsd,
    ms,
    firstTokenMs: totals.firstTokenMs,
    servedBy: totals.servedBy,
    variant:
      totals.arms === null ? variant : [...(variant === null ? none : [variant]), ...totals.arms].join('+'),
    degraded: totals.degraded,
    warnings: totals.warnings ?? none,
  }
}
