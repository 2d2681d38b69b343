// `sluice run`: one Run of a draft or Version in this process, with the same engine, log and events as the gateway.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { readCassette, recordEffects, replayEffects, writeCassette } from '#main/engine/cassette.ts'
import { defaultLimits, type Effects } from '#main/engine/effects.ts'
import { execute } from '#main/engine/execute.ts'
import { readInput } from '#main/engine/input.ts'
import type { ServedVersion } from '#main/gateway/ports.ts'
import { systemClock } from '#main/publishing/outside.ts'
import { openRuntime } from '#main/publishing/runtime.ts'
import { storeKey } from '#main/publishing/store-key.ts'
import { randomText } from '#main/secrets/keys.ts'
import { secrets } from '#main/secrets/secrets.ts'
import { openStore } from '#main/store/open.ts'
import { AppError } from '#shared/errors.ts'
import type { RunFacts, RunInput } from '#shared/flow/definition.ts'
import type { Json } from '#shared/json.ts'
import type { RunEvent } from '#shared/run/events.ts'
import { recorder } from '#shared/run/record.ts'
import type { RunRow } from '#shared/run/row.ts'
import type { ExitCode } from './exit.ts'
import { dataKeyFile, storeFile, workspaceFolder } from './folders.ts'
import { json, line, note } from './print.ts'

export interface RunOptions {
  readonly input?: string
  readonly stream?: boolean
  readonly record?: string
  readonly replay?: string
  readonly speed: string
  readonly json?: boolean
  readonly store?: string
  readonly env?: string
}

export async function runFlow(folder: string, flow: string, options: RunOptions): Promise<ExitCode> {
  if (options.speed !== 'full' && options.speed !== 'recorded') {
    throw new AppError('invalid_request', {
      message: `--speed takes full or recorded, not "${options.speed}".`,
    })
  }
  if (options.record !== undefined) refuseRecording(options.record)
  const root = workspaceFolder(folder)
  const file = storeFile(root, options.store)
  const store = openStore(file)
  const key = storeKey(store, dataKeyFile(file), { env: process.env, report: note })
  const runtime = await openRuntime({
    folder: root,
    env: options.env,
    secrets: secrets({ dataKey: key, env: process.env, table: store.secrets }),
    dataKey: key,
    storedKeys: () => [],
    deprecatedSince: () => 0,
    stillDeprecated: () => undefined,
    processEnv: process.env,
  })
  try {
    const version = runtime.served(flow)
    const given = await inputOf(version, options.input)
    const input = readInput(version.prepared, given)
    const replayed =
      options.replay === undefined ? undefined : readCassette(readFileSync(options.replay, 'utf8'))
    const outside = replayed
      ? replayEffects(replayed, { speed: options.speed, clock: systemClock })
      : runtime.effects
    const recording =
      options.record === undefined
        ? undefined
        : recordEffects(outside, { plan: version.prepared.plan, seed: 0 })
    const row = await once({
      flow,
      version,
      input,
      given,
      effects: recording?.effects ?? outside,
      // The same seed and id as when it was recorded, so that every draw falls the same.
      seed: replayed?.seed ?? 0,
      id: replayed?.run ?? `run_${randomText(24)}`,
      vars: runtime.project().variables,
      stream: options.stream ?? false,
      print: options.stream === true && !options.json,
    })
    // A replay is the run that is in the log already.
    if (!replayed) store.runLog.push(runtime.redact(row))
    show(row, options)
    if (recording && options.record !== undefined)
      writeFileSync(options.record, writeCassette(recording.cassette()))
    return row.state === 'completed' ? 0 : 1
  } finally {
    await runtime.close()
    store.close()
    const { failure, waiting } = store.runLog.stats()
    if (waiting > 0) note(`The run is not in the log: ${failure}.`)
  }
}

/** Before the run, which costs money, not after it. */
function refuseRecording(file: string): void {
  const folder = dirname(resolve(file))
  if (!existsSync(folder))
    throw new AppError('invalid_request', {
      message: `There is no folder "${folder}" to record into. Make it first.`,
    })
}

interface Once {
  readonly id: string
  readonly seed: number
  readonly flow: string
  readonly version: ServedVersion
  readonly input: RunInput
  readonly given: Json
  readonly effects: Effects
  readonly vars: Readonly<Record<string, string>>
  readonly stream: boolean
  readonly print: boolean
}

function once(run: Once): Promise<RunRow> {
  const { version } = run
  const [slug = run.flow, ref] = run.flow.split('@')
  const label = ref === undefined || ref === 'draft' || /^\d+$/.test(ref) ? null : ref
  const facts: RunFacts = {
    id: run.id,
    input: run.input,
    endpoint: slug,
    label,
    version: version.number,
    variant: null,
    consumer: null,
    metadata: {},
    headers: {},
    vars: run.vars,
    stubWrites: false,
  }
  return new Promise((resolve) => {
    const record = recorder({
      id: facts.id,
      origin: 'cli',
      endpoint: slug,
      label,
      version: version.number,
      versionHash: version.hash,
      consumer: null,
      key: null,
      startedAt: run.effects.clock.now(),
      input: run.given,
      metadata: {},
      parent: null,
      plan: version.prepared.plan,
    })
    const handle = execute(version.prepared, {
      facts,
      effects: run.effects,
      limits: defaultLimits,
      ledger: null,
      seed: run.seed,
      stream: run.stream,
      watch: false,
      on(event) {
        record.on(event)
        if (run.print) print(event)
        if (event.type === 'run-finished' || event.type === 'run-failed') resolve(record.row())
      },
    })
    process.once('SIGINT', () => handle.abort(new AppError('cancelled')))
  })
}

function print(event: RunEvent): void {
  if (event.type === 'delta' && typeof event.part === 'string') process.stdout.write(event.part)
  else if (event.type === 'restarted') note(`\n[restarted: ${event.reason}]`)
  else if (event.type === 'run-finished') line('')
}

function show(row: RunRow, options: RunOptions): void {
  for (const warning of row.warnings) note(`warning ${warning.code}: ${warning.message}`)
  if (options.json) json(row)
  else if (row.error)
    note(`${row.error.code}${row.error.node === null ? '' : ` at ${row.error.node}`}: ${row.error.message}`)
  else if (!options.stream) line(JSON.stringify(row.output, null, 2))
  if (!options.json)
    note(
      `${row.id}  ${row.latencyMs.toFixed(0)} ms  ${row.servedBy ?? 'no model call'}  cost ${row.costUsd === null ? 'unknown' : `$${row.costUsd.toFixed(5)}`}`,
    )
}

/** JSON, `@file`, `-` for standard input; any other text fills the only required text field. */
async function inputOf(version: ServedVersion, text: string | undefined): Promise<Json> {
  if (text === undefined) return {}
  const written =
    text === '-' ? await standardInput() : text.startsWith('@') ? readFileSync(text.slice(1), 'utf8') : text
  if (/^\s*\{/.test(written)) {
    try {
      return JSON.parse(written) as Json
    } catch (cause) {
      throw new AppError('invalid_input', {
        message: `The input is not JSON: ${cause instanceof Error ? cause.message : String(cause)}.`,
        cause,
      })
    }
  }
  const { textField, chat } = version.prepared.plan.request
  if (textField !== null) return { [textField]: written }
  if (chat !== null) return { messages: [{ role: 'user', content: written }] }
  throw new AppError('invalid_input', {
    message: `This flow takes more than one text. Give JSON with: ${Object.keys(version.prepared.plan.request.fields).join(', ')}.`,
  })
}

async function standardInput(): Promise<string> {
  if (process.stdin.isTTY) note('Type the input, then Enter and Ctrl+D.')
  const parts: Buffer[] = []
  for await (const part of process.stdin as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}
