// The world outside of the engine: models of the project's connections, HTTP under its host list, the clock. It is built
// anew when the project changes; Runs that have begun keep the one they began with.
import type { Clock, Effects, Http, Models } from '#main/engine/effects.ts'
import { createHttp } from '#main/outbound/http.ts'
import { createPools } from '#main/outbound/pools.ts'
import { type ConnectedModels, connectModels } from '#main/providers/connect.ts'
import { AppError } from '#shared/errors.ts'
import type { HttpCall } from '#shared/flow/definition.ts'
import type { Project } from '#shared/project/schema.ts'

export const systemClock: Clock = {
  now: Date.now,
  ticks: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}

export interface OutsideOptions {
  readonly secret: (name: string) => string | undefined
  /** How many gateways a Run has passed already: sent along, so that a gateway that calls itself is stopped. */
  readonly hops?: (run: string) => number
  readonly env: Readonly<Record<string, string | undefined>>
}

export type Outside = Awaited<ReturnType<typeof createOutside>>

export async function createOutside(first: Project, options: OutsideOptions) {
  const pools = createPools(options.env)
  let simulator: { readonly url: string; close(): Promise<void> } | undefined
  let models: ConnectedModels | undefined
  let http: Http

  /** Takes the connections and hosts of a project; secrets are read again. */
  async function connect(project: Project): Promise<void> {
    if (simulator === undefined && usesSimulator(project)) {
      const { startSimulator } = await import('#main/providers/simulator/server.ts')
      simulator = await startSimulator({ port: 0 })
    }
    const before = models
    models = connectModels({
      pools,
      connections: project.connections,
      secret: options.secret,
      env: options.env,
      simulatorUrl: () => simulator?.url ?? '',
      ...(options.hops && { hops: options.hops }),
    })
    before?.close()
    const send = createHttp(pools, { allow: project.policies.hosts?.allow ?? [] })
    http = (call, how) => send({ ...call, headers: outgoing(call.headers, how) }, how)
  }
  await connect(first)

  /** Secret references in the headers of `http` nodes are filled here, after all that is recorded or logged. */
  function outgoing(
    headers: HttpCall['headers'],
    { run, node }: { readonly run: string; readonly node: string },
  ): HttpCall['headers'] {
    const filled: Record<string, string> = { 'sluice-hops': String((options.hops?.(run) ?? 0) + 1) }
    for (const [name, value] of Object.entries(headers)) {
      filled[name] = value.replace(/\$\{secret:([a-z][a-z0-9_]{0,63})\}/g, (_, secret: string) => {
        const plain = options.secret(secret)
        if (plain !== undefined) return plain
        throw new AppError('flow_error', {
          message: `The secret "${secret}" has no value. Set it: sluice secret set <folder> ${secret} (or SLUICE_SECRET_${secret.toUpperCase()}).`,
          details: { reason: 'secret_missing' },
          node,
        })
      })
    }
    return filled
  }

  const connected = () => models as ConnectedModels

  const current: Models = {
    chat: (attempt) => connected().chat(attempt),
    stream: (attempt, on) => connected().stream(attempt, on),
    facts: (target) => connected().facts(target),
    price: (target, usage, at) => connected().price(target, usage, at),
  }
  const effects: Effects = { clock: systemClock, models: current, http: (call, how) => http(call, how) }
  return {
    effects,
    connect,
    test: (connection: string, model?: string) => connected().test(connection, model),
    /** Why connections cannot be used, by name. */
    problems: () => connected().problems,
    list: (connection: string) => connected().list(connection),
    async close(): Promise<void> {
      await simulator?.close()
      await pools.closeAll()
    },
  }
}

/** Only connections without an address of their own need the simulator inside. */
function usesSimulator(project: Project): boolean {
  return Object.values(project.connections).some(
    ({ provider, base_url }) => provider === 'simulator' && base_url === undefined,
  )
}
