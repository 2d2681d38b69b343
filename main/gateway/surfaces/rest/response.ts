// A finished Run → the JSON answer of the REST surface.
import type { JsonObject } from '#shared/json.ts'
import type { RunTotals } from '#shared/run/events.ts'
import type { Begun, Finished } from '../call.ts'
import { restUsage } from '../usage.ts'

export function restWhole(begun: Begun, { answer, totals }: Finished): string {
  return JSON.stringify(restAnswer(begun, answer, totals))
}

export function restAnswer(begun: Begun, answer: JsonObject, totals: RunTotals): JsonObject {
  const { id, endpoint, version, cost } = begun
  return {
    id,
    endpoint,
    version,
    variant: totals.variant,
    output: answer,
    usage: restUsage(totals.usage, totals.modelCalls),
    ...(cost ? { cost_usd: totals.costUsd } : {}),
    latency_ms: Math.round(totals.ms),
    warnings: [...begun.warnings, ...totals.warnings].map((warning) => ({ ...warning })),
  }
}
