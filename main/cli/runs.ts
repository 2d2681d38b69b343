import { openStore } from '#main/store/open.ts'
import { AppError } from '#shared/errors.ts'
import type { RunFilter, RunRow, RunState } from '#shared/run/row.ts'
import type { ExitCode } from './exit.ts'
import { storeFile } from './folders.ts'
import { json, line, note, table } from './print.ts'

export interface RunsListOptions {
  readonly endpoint?: string
  readonly state?: string
  readonly code?: string
  readonly limit?: string
  readonly json?: boolean
  readonly store?: string
}

export function listRuns(folder: string, options: RunsListOptions): ExitCode {
  const store = openStore(storeFile(folder, options.store))
  try {
    const limit = Number(options.limit ?? '20')
    if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
      throw new AppError('invalid_request', { message: '--limit takes a whole number from 1 to 10000.' })
    const filter: RunFilter = {
      limit,
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
      ...(options.state === undefined ? {} : { state: options.state as RunState }),
      ...(options.code === undefined ? {} : { code: options.code }),
    }
    const runs = store.runs.list(filter)
    if (options.json) json(runs)
    else
      table(
        ['id', 'started', 'endpoint', 'version', 'result', 'ms', 'tokens', 'cost', 'answered by'],
        runs.map(cells),
        'No runs yet.',
      )
    return 0
  } finally {
    store.close()
  }
}

export function showRun(
  folder: string,
  id: string,
  options: { readonly json?: boolean; readonly store?: string },
): ExitCode {
  const store = openStore(storeFile(folder, options.store))
  try {
    const run = store.runs.get(id)
    if (!run)
      throw new AppError('not_found', {
        message: `There is no run "${id}" in this workspace. "sluice runs list" shows the last ones.`,
      })
    if (options.json) json(run)
    else print(run)
    return 0
  } finally {
    store.close()
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
