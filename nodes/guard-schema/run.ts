import type { GuardVerdict, Outlets, Prepare, Run, SchemaCheck } from '#shared/flow/definition.ts'
import type { Stage } from '#shared/guards/config.ts'
import { isTooDeep, type ReadJson, readJson } from '#shared/guards/read-json.ts'
import { blockedValue, Scribe, verdictOf, verdictValue } from '#shared/guards/scribe.ts'
import type { Json, JsonSchema } from '#shared/json.ts'
import type { guardSchema } from './node.ts'

interface Ready {
  readonly check: SchemaCheck
  readonly stage: Stage
}

/** Paths of a note that a person reads; more say nothing new. */
const maxIssues = 20

export const prepare: Prepare<typeof guardSchema, Ready> = ({ config, build }) => ({
  check: build.schema(config.schema as JsonSchema),
  stage: config.stage ?? build.stage,
})

export const run: Run<typeof guardSchema, Ready> = ({ config, ready, input, ctx }): Outlets => {
  const { value } = input
  const scribe = new Scribe(ctx, ready.stage, {})
  try {
    const read = readValue(value, config.repair)
    const issues = read.ok ? ready.check(read.value) : []
    if (issues.length > 0)
      ctx.note(
        'issues',
        issues.slice(0, maxIssues).map(({ path, rule }) => ({ path, rule })),
      )
    const reason = read.ok ? (issues.length > 0 ? 'schema' : undefined) : read.reason
    const repairs = read.ok ? read.repairs : []
    const spans: GuardVerdict['spans'] = repairs.map(({ kind, start, end }) => ({
      start,
      end,
      kind: `repair:${kind}`,
    }))
    const repaired = reason === undefined && repairs.length > 0
    const verdict = scribe.write({
      verdict: repaired ? 'rewritten' : verdictOf(config.action, reason),
      reason: reason ?? (repaired ? 'repaired' : null),
      score: null,
      spans,
    })
    if (verdict.verdict === 'blocked')
      return { blocked: blockedValue(verdict), verdict: verdictValue(verdict) }
    return { pass: read.ok ? read.value : value, verdict: verdictValue(verdict) }
  } catch (thrown) {
    return { pass: value, verdict: verdictValue(scribe.failed(config, thrown)) }
  }
}

function readValue(value: unknown, repair: boolean): ReadJson {
  if (typeof value === 'string') return readJson(value, repair)
  return isTooDeep(value as Json)
    ? { ok: false, reason: 'too_deep' }
    : { ok: true, value: value as Json, repairs: [] }
}
