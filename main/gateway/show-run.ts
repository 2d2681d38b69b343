// A Run after its beginning: how it stands, its events, its end. Visible to Keys of the same Consumer only.
import { AppError } from '#shared/errors.ts'
import type { Json, JsonObject } from '#shared/json.ts'
import type { RunError, RunRow } from '#shared/run/row.ts'
import type { Exchange } from './exchange.ts'
import { follow, seenEvents } from './follow.ts'
import { checkRights, type LiveRun } from './live-runs.ts'
import type { KeyEntry, Routes } from './ports.ts'
import { sendFacts } from './send.ts'
import type { Service } from './service.ts'
import { answerShape } from './surfaces/answer.ts'
import { restUsage } from './surfaces/usage.ts'

export interface RunQuestion {
  readonly id: string
  readonly key: KeyEntry
}

const idForm = /^run_[0-9A-Za-z]{1,64}$/

function unknown(): AppError {
  return new AppError('not_found', { message: 'There is no such run.' })
}

async function rowOf({ id, key }: RunQuestion, { live, deps }: Service): Promise<RunRow | LiveRun> {
  if (!idForm.test(id)) throw unknown()
  const running = live.get(id, key)
  if (running) return running.row ?? running
  const row = await deps.runs.get(id, key.consumer.id)
  if (!row) throw unknown()
  return row
}

export async function showRun(exchange: Exchange, question: RunQuestion, service: Service): Promise<void> {
  const found = await rowOf(question, service)
  exchange.run = question.id
  const { scopes } = question.key
  sendFacts(exchange, 200, 'begun' in found ? unfinished(found) : finished(found, exchange.routes, scopes))
}

export async function cancelRun(exchange: Exchange, question: RunQuestion, service: Service): Promise<void> {
  const found = await rowOf(question, service)
  exchange.run = question.id
  if ('begun' in found)
    found.abort(new AppError('cancelled', { message: 'The run was cancelled by its caller.' }))
  const state = 'begun' in found ? (found.row?.state ?? 'running') : found.state
  sendFacts(exchange, 200, { id: question.id, state })
}

export async function followRun(exchange: Exchange, question: RunQuestion, service: Service): Promise<void> {
  const { id, key } = question
  const seen = seenEvents(exchange.head.lastEventId)
  const run = idForm.test(id) ? service.live.get(id, key) : undefined
  if (!run) await rowOf(question, service)
  if (!run?.buffer || run.buffer.lost) {
    throw new AppError('gone', { message: 'The events of this run are not kept.' })
  }
  checkRights(run, key.scopes)
  if (seen > run.buffer.count) {
    throw new AppError('invalid_request', {
      message: 'This run has no such event yet.',
      details: { reason: 'last_event_id' },
    })
  }
  exchange.run = id
  run.joined()
  const ping = () => 'event: ping\ndata: {}\n\n'
  const onLeft = () => run.left()
  follow(exchange, run.buffer, { seen, headers: [], silenceMs: 10_000, ping, onLeft }, service)
}

function unfinished({ begun, handle }: LiveRun): JsonObject {
  const { id, endpoint, label, version, hash, variant, createdAt } = begun
  return {
    id,
    state: handle ? 'running' : 'queued',
    endpoint,
    label,
    version,
    version_hash: hash,
    variant,
    created_at: time(createdAt),
    finished_at: null,
    error: null,
  }
}

function finished(row: RunRow, routes: Routes, scopes: KeyEntry['scopes']): JsonObject {
  const trace = scopes.has('trace')
  return {
    id: row.id,
    state: row.state,
    endpoint: row.endpoint,
    label: row.label,
    version: row.version,
    version_hash: row.versionHash,
    variant: row.variant,
    output: outputOf(row, routes),
    usage: restUsage(row.usage, row.modelCalls),
    ...(scopes.has('cost') ? { cost_usd: row.costUsd } : {}),
    latency_ms: Math.round(row.latencyMs),
    warnings: row.warnings.map((warning) => ({ ...warning })),
    created_at: time(row.startedAt),
    finished_at: row.finishedAt === null ? null : time(row.finishedAt),
    error: row.error === null ? null : errorOf(row.id, row.error, trace),
    ...(trace ? { steps: row.steps.map(stepOf) } : {}),
  }
}

function time(at: number): string {
  return new Date(at).toISOString()
}

/** The log holds fields that are not shared; which ones, only the Version's Plan says. */
function outputOf(row: RunRow, routes: Routes): Json {
  if (row.output === null || row.state !== 'completed') return null
  const route = routes.endpoints.get(row.endpoint)
  const version = row.version === null ? route?.draft : route?.versions.get(row.version)
  if (!version || version.hash !== row.versionHash) return null
  try {
    return answerShape(version.prepared.plan).whole(row.output as JsonObject)
  } catch (thrown) {
    // An old Version that no longer compiles: nothing says which fields may be shown.
    if (thrown instanceof AppError) return null
    throw thrown
  }
}

function errorOf(run: string, error: RunError, trace: boolean): JsonObject {
  const { code, message, retryable, node, connection, model, details } = error
  return {
    code,
    message,
    retryable,
    run_id: run,
    ...(trace && node !== null ? { node } : {}),
    ...(trace && connection !== null ? { connection } : {}),
    ...(trace && model !== null ? { model } : {}),
    details,
  }
}

function stepOf({ node, status, atMs, ms, code, attempts, models }: RunRow['steps'][number]): JsonObject {
  return {
    node,
    status,
    at_ms: atMs,
    latency_ms: ms,
    code,
    attempts: (attempts ?? []).map((attempt) => ({
      target: attempt.target,
      at_ms: attempt.atMs,
      latency_ms: attempt.ms,
      code: attempt.code,
      waited_ms: attempt.waitedMs,
    })),
    models: (models ?? []).map((model) => ({
      target: model.target,
      model: model.model,
      usage: restUsage(model.usage, 1),
      cost_usd: model.costUsd,
      first_token_ms: model.firstTokenMs,
      finish: model.finish,
    })),
  }
}
