// A finished Run → the JSON answer of the REST surface, whole or as the last event of a stream.
import type { JsonObject } from '#shared/json.ts'
import type { RunTotals } from '#shared/run/events.ts'
import type { Begun, Finished } from '../call.ts'
import { restUsage } from '../usage.ts'

/** Written by hand around the parts that need a serialiser: about a third less time than one object for all. */
export function restWhole(begun: Begun, { answer, totals }: Finished): string {
  const { id, endpoint, version, cost } = begun
  const { variant, usage, modelCalls, costUsd, ms } = totals
  const money = cost ? `"cost_usd":${JSON.stringify(costUsd)},` : ''
  return `{"id":"${id}","endpoint":${JSON.stringify(endpoint)},"version":${version},"variant":${
    variant === null ? 'null' : JSON.stringify(variant)
  },"output":${JSON.stringify(answer)},"usage":${JSON.stringify(restUsage(usage, modelCalls))},${money}"latency_ms":${Math.round(ms)},"warnings":${warningsText(begun, totals)}}`
}

function warningsText(begun: Begun, totals: RunTotals): string {
  if (begun.warnings.length === 0 && totals.warnings.length === 0) return '[]'
  const all: JsonObject[] = [...begun.warnings, ...totals.warnings].map(({ code, message, node }) => ({
    code,
    message,
    node,
  }))
  return JSON.stringify(all)
}
