// The row of the log that a Run leaves behind, made from its events.
import type { AppError } from '../errors.ts'
import type { GuardVerdict } from '../flow/definition.ts'
import type { Plan } from '../flow/plan.ts'
import { isJsonObject, type Json } from '../json.ts'
import { unknownUsage } from '../model/chat.ts'
import type { RunEvent, RunTotals, StepRecord } from './events.ts'
import type { RunError, RunOrigin, RunRow, StepRow } from './row.ts'

/** What the events do not say. */
export interface RecordFacts {
  readonly id: string
  readonly origin: RunOrigin
  readonly endpoint: string
  readonly label: string | null
  readonly version: number | null
  readonly versionHash: string
  /** Of the Label's split; the Run adds its own arms. */
  readonly variant?: string | null
  readonly consumer: string | null
  readonly key: string | null
  /** Milliseconds since 1970, until the Run says so itself. */
  readonly startedAt: number
  /** As the caller sent it; null keeps no bodies. */
  readonly input: Json | null
  /** False keeps the answer out of the row. Default: true. */
  readonly keepOutput?: boolean
  readonly metadata: RunRow['metadata']
  readonly parent?: string | null
  /** Says what `policy.redact` keeps out of the row. */
  readonly plan: Plan
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

interface Redaction {
  readonly input: ReadonlySet<string>
  readonly answer: ReadonlySet<string>
  /** Nodes whose notes and verdicts may quote a redacted port. */
  readonly nodes: ReadonlySet<string>
}

export interface Recorder {
  on(event: RunEvent): void
  /** At any time; complete after the last event. */
  row(): RunRow
}

const redacted = '[redacted]'
const nothing: Redaction = { input: new Set(), answer: new Set(), nodes: new Set() }

/** A Plan is read once, however many Runs it has. */
const redactions = new WeakMap<Plan, Redaction>()

function redactionOf(plan: Plan): Redaction {
  let redaction = redactions.get(plan)
  if (!redaction) {
    redaction = findRedacted(plan)
    redactions.set(plan, redaction)
  }
  return redaction
}

/** Ports of steps that ask the caller are fields of the input, those of answer steps are fields of the answer. */
function findRedacted(plan: Plan): Redaction {
  if (plan.steps.every((step) => step.policy.redact.length === 0)) return nothing
  const input = new Set<string>()
  const answer = new Set<string>()
  const nodes = new Set<string>()
  const asked = new Set([
    ...Object.keys(plan.request.fields),
    'messages',
    'system',
    'tools',
    'params',
    'last_text',
  ])
  for (const { id, answer: at, inlets, policy } of plan.steps) {
    const field = plan.answer.fields[at]
    if (policy.redact.length > 0) nodes.add(id)
    for (const port of policy.redact) {
      if (inlets.length === 0 && asked.has(port)) input.add(inputKey(port))
      if (field) answer.add(field.field)
    }
  }
  return { input, answer, nodes }
}

/** System text and the last text of a chat stand in its messages. */
function inputKey(port: string): string {
  return port === 'system' || port === 'last_text' ? 'messages' : port
}

export function recorder(facts: RecordFacts): Recorder {
  const redact = redactionOf(facts.plan)
  const steps: StepRecord[] = []
  let verdicts: Json[] | null = null
  let startedAt = facts.startedAt
  let streamed = false
  let totals: RunTotals | null = null
  let answer: Readonly<Record<string, unknown>> | null = null
  let error: AppError | null = null
  return {
    on: (event) => {
      switch (event.type) {
        case 'step-settled':
          steps.push(event.record)
          return
        case 'delta':
          streamed = true
          return
        case 'run-started':
          startedAt = event.at
          return
        case 'verdict':
          verdicts ??= []
          verdicts.push(verdictRow(event.node, event.verdict, redact))
          return
        case 'run-failed':
          error = event.error
          totals = event.totals
          answer = event.answer
          return
        case 'run-finished':
          totals = event.totals
          answer = event.answer
          return
      }
    },
    row: () => ({
      id: facts.id,
      origin: facts.origin,
      state: totals === null ? 'running' : error === null ? 'completed' : 'failed',
      endpoint: facts.endpoint,
      label: facts.label,
      version: facts.version,
      versionHash: facts.versionHash,
      variant: totals?.variant ?? facts.variant ?? null,
      consumer: facts.consumer,
      key: facts.key,
      startedAt,
      finishedAt: totals === null ? null : startedAt + Math.round(totals.ms),
      latencyMs: rounded(totals?.ms ?? 0),
      firstTokenMs: totals?.firstTokenMs == null ? null : rounded(totals.firstTokenMs),
      streamed,
      usage: totals?.usage ?? unknownUsage,
      modelCalls: totals?.modelCalls ?? 0,
      attempts: totals?.attempts ?? 0,
      costUsd: totals === null ? null : totals.costUsd,
      servedBy: totals?.servedBy ?? null,
      degraded: totals?.degraded ?? false,
      errorCode: error?.code ?? null,
      error: error === null ? null : runError(error),
      warnings: totals?.warnings ?? [],
      steps: steps.map((record) => stepRow(record, redact)),
      verdicts: verdicts ?? [],
      input: without(facts.input, redact.input),
      output: answer === null || facts.keepOutput === false ? null : without(answer as Json, redact.answer),
      metadata: facts.metadata,
      parent: facts.parent ?? null,
    }),
  }
}

function without(body: Json | null, names: ReadonlySet<string>): Json | null {
  if (names.size === 0 || !isJsonObject(body)) return body
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [key, names.has(key) ? redacted : value]),
  )
}

export function runError(error: AppError): RunError {
  return {
    code: error.code,
    message: error.message,
    retryable: error.retryable,
    status: error.status,
    node: error.node ?? null,
    connection: error.connection ?? null,
    model: error.model ?? null,
    details: error.details,
  }
}

function stepRow(record: StepRecord, redact: Redaction): StepRow {
  const { node, status, error, attempts, models, notes } = record
  const row: Writable<StepRow> = {
    node,
    status,
    atMs: rounded(record.atMs),
    ms: rounded(record.ms),
    code: error === null ? null : error.code,
  }
  if (attempts.length > 0) row.attempts = attempts
  if (models.length > 0) row.models = models
  if (notes !== null && !redact.nodes.has(node)) row.notes = notes
  return row
}

/** Spans say where something stood and how long it was, not what it was. */
function verdictRow(node: string, verdict: GuardVerdict, redact: Redaction): Json {
  const { guard, stage, score, reason, ms, rules } = verdict
  const row: Record<string, Json> = {
    node,
    guard,
    verdict: verdict.verdict,
    stage,
    score,
    reason,
    ms: rounded(ms),
  }
  if (rules !== undefined) row.rules = rules
  if (!redact.nodes.has(node)) row.spans = verdict.spans.map((span) => ({ ...span }))
  return row
}

/** Hundredths of a millisecond: finer times only make the log longer. */
function rounded(ms: number): number {
  return Math.round(ms * 100) / 100
}
