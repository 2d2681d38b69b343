// The server process: the one place that knows all sides. Gateway and control listener over one workspace and one store.
import { connectControl } from '#main/api/client.ts'
import { startControl } from '#main/api/control.ts'
import { claimStart, readServerFile, removeServerFile, writeServerFile } from '#main/api/server-file.ts'
import { type BudgetJournal, createCounters } from '#main/gateway/counters.ts'
import type { GatewayDeps } from '#main/gateway/ports.ts'
import { startGateway } from '#main/gateway/server.ts'
import { budgetJournal } from '#main/publishing/budget-journal.ts'
import { changesOf, weaknesses } from '#main/publishing/changes.ts'
import { controlOf } from '#main/publishing/control.ts'
import { openRuntime, type Runtime } from '#main/publishing/runtime.ts'
import { storeKey } from '#main/publishing/store-key.ts'
import { randomText } from '#main/secrets/keys.ts'
import { secrets } from '#main/secrets/secrets.ts'
import { openStore, type Store } from '#main/store/open.ts'
import { watchWorkspace } from '#main/workspace/watch.ts'
import { AppError } from '#shared/errors.ts'
import { dataFolder, dataKeyFile, storeFile, workspaceFolder } from './cli/folders.ts'
import { listening } from './cli/listening.ts'
import { appVersion } from './version.ts'

export interface ServerOptions {
  readonly folder: string
  /** False: no studio address is given out; the command line still reaches the server. */
  readonly studio: boolean
  readonly studioPort?: number | undefined
  readonly gatewayPort?: number | undefined
  readonly host?: string | undefined
  readonly store?: string | undefined
  readonly env?: string | undefined
  /** One line per event for the person at the terminal. Never holds a key, a prompt or an answer. */
  readonly report: (line: string) => void
}

export interface RunningServer {
  readonly gateway: string
  readonly studio: string | null
  /** A secret of the workspace; only for showing the demo key to the person who started the demo. */
  secret(name: string): string | undefined
  /** Refuses new requests, lets running ones finish (30 s), writes everything down. */
  close(): Promise<void>
}

const defaultPorts = { studio: 7420 } as const

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  if (options.host === '') throw new AppError('invalid_request', { message: '--host takes an address.' })
  const folder = workspaceFolder(options.folder)
  const data = dataFolder(folder)
  const started = claimStart(data)
  const closers: (() => Promise<void> | void)[] = []
  const closeAll = async () => {
    const failed: unknown[] = []
    for (const close of closers.reverse()) {
      try {
        await close()
      } catch (thrown) {
        failed.push(thrown)
      }
    }
    if (failed.length > 0) throw failed[0]
  }
  try {
    await refuseSecond(data)
    const file = storeFile(folder, options.store)
    const store = openStore(file, (failure) => options.report(logTrouble(failure)))
    closers.push(() => store.close())
    store.checkWritable()
    const journal = budgetJournal(store.budgets, (failure) => options.report(moneyTrouble(failure)))
    closers.push(() => journal.flush())
    const key = storeKey(store, dataKeyFile(file), { env: process.env, report: options.report })
    const own = secrets({ dataKey: key, env: process.env, table: store.secrets })
    const passed = { by: (_run: string) => 0 }
    const runtime = await openRuntime({
      folder,
      env: options.env,
      secrets: own,
      dataKey: key,
      storedKeys: () => store.keys.list(),
      deprecatedSince: (reference) =>
        store.meta.since(`deprecated:${reference}`, Math.floor(Date.now() / 1000)),
      stillDeprecated: (references) => store.meta.keepOnly('deprecated:', references),
      processEnv: process.env,
      // The gateway starts after the models that its Runs call.
      hops: (run) => passed.by(run),
    })
    closers.push(() => runtime.close())
    const changes = changesOf(runtime, options.report)
    const listen = address(runtime.project().gateway.listen, options)
    checkOpen(listen.host, runtime, options.report)

    const gateway = await listening(listen, { port: '--gateway-port', host: '--host' }, () =>
      startGateway(gatewayDeps(runtime, { store, journal, report: options.report }), listen),
    )
    passed.by = gateway.hopsOf
    closers.push(() => gateway.close())
    const studioUrl = { current: null as string | null }
    const controlPort = options.studio ? (options.studioPort ?? defaultPorts.studio) : 0
    const controlAt = { host: '127.0.0.1', port: controlPort }
    const control = await listening(controlAt, { port: '--studio-port' }, () =>
      startControl({
        ...controlAt,
        report: (message, error) =>
          options.report(`${message}: ${error instanceof Error ? error.message : String(error)}`),
        handlers: controlOf({
          folder,
          overlay: options.env,
          app: appVersion,
          actor: 'control',
          store,
          secrets: own,
          dataKey: key,
          env: process.env,
          project: runtime.project,
          outside: async () => runtime.outside,
          status: () => ({
            pid: process.pid,
            version: appVersion,
            gateway: gateway.url,
            studio: studioUrl.current,
            generation: runtime.routes().generation,
            endpoints: [...runtime.routes().endpoints.values()].map((route) => ({
              slug: route.slug,
              state: route.state,
              labels: Object.fromEntries(
                [...route.labels].map(([label, target]) => [
                  label,
                  target.kind === 'version' ? String(target.version.number) : 'split',
                ]),
              ),
            })),
            log: store.runLog.stats(),
            problems: [],
          }),
          changed: async (what) => {
            if (what === 'keys') {
              runtime.swapKeys()
              for (const row of store.keys.list()) if (row.revokedAt !== null) gateway.cancelKey(row.id)
            } else if (what === 'secrets') await runtime.reconnect()
            else await changes.apply({ orFail: true })
          },
        }),
      }),
    )
    closers.push(() => control.close())
    studioUrl.current = options.studio ? control.url : null
    const stopWatching = watchWorkspace(
      folder,
      () =>
        void changes
          .apply({ orFail: false })
          .catch((thrown: unknown) => options.report(`reload failed: ${String(thrown)}`)),
    )
    closers.push(stopWatching)
    writeServerFile(data, { pid: process.pid, control: control.url, token: control.token, store: file })
    closers.push(() => removeServerFile(data, process.pid))
    started()
    for (const line of weaknesses(runtime)) options.report(line)
    return {
      gateway: gateway.url,
      studio: studioUrl.current,
      secret: (name) => own.get(name),
      close: closeAll,
    }
  } catch (thrown) {
    started()
    await closeAll()
    throw thrown
  }
}

function logTrouble(failure: string | null): string {
  return failure === null
    ? 'The log of runs is written again.'
    : `The log of runs cannot be written (${failure}). Requests are served; their runs wait in memory.`
}

function moneyTrouble(failure: string | null): string {
  return failure === null
    ? 'Budgets are written down again.'
    : `Budgets cannot be written down (${failure}). They hold, and are written when it is possible again.`
}

function gatewayDeps(
  runtime: Runtime,
  { store, journal, report }: { store: Store; journal: BudgetJournal; report: (line: string) => void },
): GatewayDeps {
  return {
    routes: runtime.routes,
    keys: runtime.keys,
    direct: runtime.direct,
    effects: runtime.effects,
    log: { push: (row) => store.runLog.push(runtime.redact(row)) },
    runs: {
      get: async (id, consumer) => {
        const row = store.runLog.pending(id) ?? store.runs.get(id)
        return row?.consumer === consumer ? row : undefined
      },
    },
    counters: createCounters({
      journal,
    }),
    newId: () => randomText(24),
    report: ({ level, message, facts }) =>
      report(facts === undefined ? `${level}: ${message}` : `${level}: ${message} ${JSON.stringify(facts)}`),
  }
}

async function refuseSecond(data: string): Promise<void> {
  const running = readServerFile(data)
  if (running && (await connectControl(running))) {
    throw new AppError('conflict', {
      message: `A server already runs on this workspace (process ${running.pid}). Stop it first.`,
    })
  }
}

/** `gateway.listen` of the project, unless the command line says otherwise. */
function address(listen: string, options: ServerOptions): { readonly host: string; readonly port: number } {
  const at = listen.lastIndexOf(':')
  return {
    host: options.host ?? listen.slice(0, at).replace(/^\[|\]$/g, ''),
    port: options.gatewayPort ?? Number(listen.slice(at + 1)),
  }
}

/** Beyond loopback without a single Key is what 175,000 open model servers did (I-39). */
function checkOpen(host: string, runtime: Runtime, report: (line: string) => void): void {
  if (['127.0.0.1', '::1', 'localhost'].includes(host)) return
  const usable = [...runtime.keys().keys.values()].some((key) => key.state === 'active')
  if (!usable)
    throw new AppError('forbidden', {
      message: `The gateway does not listen on ${host} without a key. Make one first: sluice key create <folder> --consumer <name>`,
    })
  report(
    `The gateway listens on ${host}: other machines can reach it, and nothing is encrypted. gateway.allow_ip says who may; gateway.hosts names what they call it.`,
  )
}
