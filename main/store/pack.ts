// A Run as few bytes: what costs in a log is copying, about 4 µs for each kilobyte. Names of fields are left out, numbers
// are short, and what is the same for thousands of Runs (`source`) is written once.
import type { Json } from '#shared/json.ts'
import type { Usage } from '#shared/model/chat.ts'
import type { RunRow, StepRow } from '#shared/run/row.ts'

/** Origin, endpoint, label, version, hash, consumer and key: one row of `run_sources` for each combination. */
export function packSource(row: RunRow): string {
  return JSON.stringify([
    row.origin,
    row.endpoint,
    row.label,
    row.version,
    row.versionHash,
    row.consumer,
    row.key,
  ])
}

type Source = [RunRow['origin'], string, string | null, number | null, string, string | null, string | null]
type UsageCells = readonly (number | null)[]
type StepCells = readonly [
  node: string,
  atMs: number,
  ms: number,
  /** Left out for a step that went well and called nothing. */
  status?: string,
  code?: string | null,
  attempts?: readonly (readonly [string, number, number, string | null, number])[],
  models?: readonly (readonly [string, string, UsageCells, number | null, number | null, string])[],
  notes?: Readonly<Record<string, Json>> | null,
]
type Detail = [
  variant: string | null,
  finishedAt: number | null,
  firstTokenMs: number | null,
  flags: number,
  usage: UsageCells,
  modelCalls: number,
  attempts: number,
  servedBy: string | null,
  steps: readonly StepCells[],
  /** Left out where empty, which is nearly always. */
  rest?: Partial<Pick<RunRow, 'error' | 'warnings' | 'verdicts' | 'metadata' | 'parent'>> & { usage?: Usage },
]

const streamed = 1
const degraded = 2

export function packDetail(row: RunRow): string {
  const flags = (row.streamed ? streamed : 0) | (row.degraded ? degraded : 0)
  const usage = usageCells(row.usage)
  const detail: Detail = [
    row.variant,
    row.finishedAt,
    short(row.firstTokenMs),
    flags,
    usage,
    row.modelCalls,
    row.attempts,
    row.servedBy,
    row.steps.map(stepCells),
  ]
  const rest = restOf(row)
  if (rest !== undefined) detail.push(rest)
  return JSON.stringify(detail)
}

export interface PackedRun {
  readonly id: string
  readonly source: string
  readonly started_at: number
  readonly state: RunRow['state']
  readonly code: string | null
  readonly latency_ms: number
  readonly cost_usd: number | null
  readonly detail: string
  readonly input: string | null
  readonly output: string | null
}

/** Written by the two functions above and by nothing else, so the shapes are trusted. */
export function unpack(packed: PackedRun): RunRow {
  const [origin, endpoint, label, version, versionHash, consumer, key] = JSON.parse(packed.source) as Source
  const [variant, finishedAt, firstTokenMs, flags, usage, modelCalls, attempts, servedBy, steps, rest = {}] =
    JSON.parse(packed.detail) as Detail
  return {
    id: packed.id,
    origin,
    state: packed.state,
    endpoint,
    label,
    version,
    versionHash,
    variant,
    consumer,
    key,
    startedAt: packed.started_at,
    finishedAt,
    latencyMs: packed.latency_ms,
    firstTokenMs,
    streamed: (flags & streamed) !== 0,
    usage: rest.usage ?? usageOf(usage),
    modelCalls,
    attempts,
    costUsd: packed.cost_usd,
    servedBy,
    degraded: (flags & degraded) !== 0,
    errorCode: packed.code,
    error: rest.error ?? null,
    warnings: rest.warnings ?? [],
    steps: steps.map(stepOf),
    verdicts: rest.verdicts ?? [],
    input: parse(packed.input),
    output: parse(packed.output),
    metadata: rest.metadata ?? {},
    parent: rest.parent ?? null,
  }
}

function restOf(row: RunRow): Detail[9] {
  const { error, warnings, verdicts, metadata, parent, usage } = row
  // Facts beyond the five counts and their sum are rare; they are kept as they came.
  const odd =
    usage.raw !== undefined ||
    usage.estimated !== undefined ||
    usage.inputAudio !== undefined ||
    usage.outputAudio !== undefined
  const plain = error === null && warnings.length === 0 && verdicts.length === 0 && parent === null && !odd
  if (plain && empty(metadata)) return undefined
  return {
    ...(error === null ? {} : { error }),
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(verdicts.length === 0 ? {} : { verdicts }),
    ...(empty(metadata) ? {} : { metadata }),
    ...(parent === null ? {} : { parent }),
    ...(odd ? { usage } : {}),
  }
}

function stepCells(step: StepRow): StepCells {
  const { node, atMs, ms, status, code, attempts, models, notes } = step
  if (
    status === 'ok' &&
    code === null &&
    attempts === undefined &&
    models === undefined &&
    notes === undefined
  )
    return [node, short(atMs), short(ms)]
  return [
    node,
    short(atMs),
    short(ms),
    status,
    code,
    attempts?.map(
      (attempt) =>
        [
          attempt.target,
          short(attempt.atMs),
          short(attempt.ms),
          attempt.code,
          short(attempt.waitedMs),
        ] as const,
    ) ?? [],
    models?.map(
      (model) =>
        [
          model.target,
          model.model,
          usageCells(model.usage),
          model.costUsd,
          short(model.firstTokenMs),
          model.finish,
        ] as const,
    ) ?? [],
    notes ?? null,
  ]
}

function stepOf([
  node,
  atMs,
  ms,
  status = 'ok',
  code = null,
  attempts = [],
  models = [],
  notes = null,
]: StepCells): StepRow {
  return {
    node,
    status,
    atMs,
    ms,
    code,
    ...(attempts.length === 0
      ? {}
      : {
          attempts: attempts.map(([target, at, took, failed, waitedMs]) => ({
            target,
            atMs: at,
            ms: took,
            code: failed,
            waitedMs,
          })),
        }),
    ...(models.length === 0
      ? {}
      : {
          models: models.map(([target, model, usage, costUsd, firstTokenMs, finish]) => ({
            target,
            model,
            usage: usageOf(usage),
            costUsd,
            firstTokenMs,
            finish,
          })),
        }),
    ...(notes === null ? {} : { notes }),
  }
}

function usageCells({ input, cacheRead, cacheWrite, output, reasoning, total }: Usage): UsageCells {
  return total === undefined
    ? [input, cacheRead, cacheWrite, output, reasoning]
    : [input, cacheRead, cacheWrite, output, reasoning, total]
}

function usageOf([
  input = null,
  cacheRead = null,
  cacheWrite = null,
  output = null,
  reasoning = null,
  total,
]: UsageCells): Usage {
  const counts = { input, cacheRead, cacheWrite, output, reasoning }
  return total === undefined || total === null ? counts : { ...counts, total }
}

/** Hundredths of a millisecond. */
function short<T extends number | null>(ms: T): T {
  return ms === null ? ms : ((Math.round(ms * 100) / 100) as T)
}

function empty(record: object): boolean {
  for (const _ in record) return false
  return true
}

function parse(body: string | null): Json | null {
  return body === null ? null : (JSON.parse(body) as Json)
}
