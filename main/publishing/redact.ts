// `policies.redact`: personal data of the named kinds is masked before a Run is written to the log.
import { tokenName } from '#shared/guards/tokens.ts'
import { isJsonObject, type Json } from '#shared/json.ts'
import type { RunRow } from '#shared/run/row.ts'
import { guards } from './parts.ts'

export type Redact = (row: RunRow) => RunRow

/** The identity when nothing is to be redacted, so that the log then costs nothing more. */
export function redactRuns(kinds: readonly string[]): Redact {
  if (kinds.length === 0) return (row) => row
  const find = guards.pii({ kinds, regions: [], custom: [] })
  const mask = (text: string): string => {
    let masked = ''
    let from = 0
    for (const span of [...find(text)].sort((a, b) => a.start - b.start)) {
      if (span.start < from) continue
      masked += `${text.slice(from, span.start)}[${tokenName(span.kind)}]`
      from = span.end
    }
    return from === 0 ? text : masked + text.slice(from)
  }
  const walk = (value: Json): Json => {
    if (typeof value === 'string') return mask(value)
    if (Array.isArray(value)) return value.map(walk)
    if (!isJsonObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]))
  }
  return (row) => ({
    ...row,
    input: row.input === null ? null : walk(row.input),
    output: row.output === null ? null : walk(row.output),
    metadata: walk(row.metadata) as RunRow['metadata'],
    error:
      row.error === null
        ? null
        : { ...row.error, message: mask(row.error.message), details: walk(row.error.details) },
    warnings: row.warnings.map((warning) => ({ ...warning, message: mask(warning.message) })),
    steps: row.steps.map((step) =>
      step.notes === undefined
        ? step
        : { ...step, notes: walk(step.notes) as NonNullable<typeof step.notes> },
    ),
  })
}
