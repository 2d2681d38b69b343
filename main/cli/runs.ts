import { AppError, isErrorCode } from '#shared/errors.ts'
import type { RunFilter, RunRow } from '#shared/run/row.ts'
import { existingStore } from './existing-store.ts'
import type { ExitCode } from './exit.ts'
import { oneOf } from './options.ts'
import { json, line, note, table } from './print.ts'

const states = ['completed', 'failed', 'queued', 'running', 'waiting'] as const

export interface RunsListOptions {
  readonly endpoint?: string
  readonly state?: string
  readonly code?: string
  readonly limit?: string
  readonly json?: boolean
  readonly store?: string
}

export function listRuns(folder: string, options: RunsListOptions): ExitCode {
  const filter = filterOf(options)
  const store = existingStore(folder, options.store)
  try {
    const runs = store?.runs.list(filter) ?? []
    if (options.json) json(runs)
    else
      table(
        ['id', 'started', 'endpoint', 'version', 'result', 'ms', 'tokens', 'cost', 'answered by'],
        runs.map(cells),
        (filter.endpoint ?? filter.state ?? filter.code) ? 'No such runs.' : 'No runs yet.',
      )
    return 0
  } finally {
    store?.close()
  }
}

export function showRun(
  folder: string,
  id: string,
  options: { readonly json?: boolean; readonly store?: string },
): ExitCode {
  const store = existingStore(folder, options.store)
  try {
    const run = store?.runs.get(id)
    if (!run)
      throw new AppError('not_found', {
        message: `There is no run "${id}" in this workspace. "sluice runs list" shows the last ones.`,
      })
    if (options.json) json(run)
    else print(run)
    return 0
  } finally {
    store?.close()
  }
}

function filterOf({ limit = '20', endpoint, state, code }: RunsListOptions): RunFilter {
  if (!/^[1-9]\d{0,4}$/.test(limit) || Number(limit) > 10_000)
    throw new AppError('invalid_request', { message: '--limit takes a whole number from 1 to 10000.' })
  if (code !== undefined && !isErrorCode(code) && !code.startsWith('app_'))
    throw new AppError('invalid_request', {
      message: `There is no error code "${code}". docs/errors.md lists them.`,
    })
  return {
    limit: Number(limit),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(state === undefined ? {} : { state: oneOf('--state', state, states) }),
    ...(code === undefined ? {} : { code }),
  }
}

function cells(run: RunRow): readonly string[] {
  const tokens = `${run.usage.input ?? '?'} → ${run.usage.output ?? '?'}`
  return [
    run.id,
    new Date(run.startedAt).toISOString(),
    run.endpoint,
    run.version === null ? 'draft' : `v${run.version}`,
    run.errorCode ?? run.state,
    run.latencyMs.toFixed(0),
    tokens,
    run.costUsd === null ? 'unknown' : `$${run.costUsd.toFixed(5)}`,
    run.servedBy ?? '–',
  ]
}

function print(run: RunRow): void {
  line(
    `${run.id}  ${run.endpoint} ${run.version === null ? 'draft' : `v${run.version}`}${run.label === null ? '' : ` (${run.label})`}  ${run.errorCode ?? run.state}  ${run.latencyMs.toFixed(1)} ms`,
  )
  if (run.error) note(`${run.error.code}: ${run.error.message}`)
  line('')
  const steps = run.steps.map((step) => [
    step.node,
    step.status,
    `${step.atMs.toFixed(1)}`,
    `${step.ms.toFixed(1)}`,
    step.code ?? '',
    (step.attempts ?? [])
      .map((attempt) => `${attempt.target}${attempt.code === null ? '' : ` ${attempt.code}`}`)
      .join(', '),
  ])
  table(['step', 'result', 'at ms', 'ms', 'code', 'attempts'], steps, 'No steps.')
  for (const warning of run.warnings) note(`warning ${warning.code}: ${warning.message}`)
  if (run.input !== null) line(`\ninput   ${JSON.stringify(run.input)}`)
  if (run.output !== null) line(`output  ${JSON.stringify(run.output)}`)
}
