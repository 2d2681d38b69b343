// The Connections of a Workspace as models: the one place where adapters, sockets, prices and secrets meet.
import type { Call } from '#main/outbound/exchange.ts'
import { createPools, type Pools } from '#main/outbound/pools.ts'
import { send } from '#main/outbound/send.ts'
import { AppError, toAppError } from '#shared/errors.ts'
import type { ChatRequest, ChatResponse, ModelWarning, StreamEvent, Usage } from '#shared/model/chat.ts'
import type { Adapter } from './adapter.ts'
import { type CallOf, chat } from './chat.ts'
import { Connection, type ConnectionConfig, connectionProblem, hopsHeader } from './connection.ts'
import { appError, faultError } from './errors.ts'
import { LiveCall } from './live.ts'
import { openaiChat } from './openai-chat/provider.ts'
import { chooseModel } from './probe.ts'
import { type Facts, splitTarget, Target } from './target.ts'

/** The adapters of this release, by dialect. */
const adapters: Readonly<Record<string, Adapter>> = { [openaiChat.dialect]: openaiChat }

export interface ConnectOptions {
  readonly connections: Readonly<Record<string, ConnectionConfig>>
  /** The value of a secret by its name; asked on every call, so that a new value counts at once. */
  readonly secret: (name: string) => string | undefined
  /** Proxies, and names in the addresses of some providers. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Address of the built-in simulator, such as `http://127.0.0.1:7499`; asked when it is first needed. */
  readonly simulatorUrl: () => string
  /** Shared sockets; without it, own ones. */
  readonly pools?: Pools
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** How many gateways a Run has passed; told to servers with an address of their own, which may be gateways too. */
  readonly hops?: (run: string) => number
}

/** As `ModelAttempt` of the engine. */
export interface Attempt {
  readonly target: string
  readonly request: ChatRequest
  readonly signal: AbortSignal
  readonly firstTokenMs: number | null
  readonly idleMs: number | null
  readonly run?: string
}

export interface StreamHandle {
  resume(): void
  readonly warnings: readonly ModelWarning[]
}

export interface TestResult {
  readonly ok: boolean
  readonly ms: number
  readonly model?: string
  readonly error?: { readonly code: string; readonly message: string }
}

/** Implements `Models` of the engine. */
export interface ConnectedModels {
  chat(attempt: Attempt): Promise<ChatResponse>
  stream(attempt: Attempt, on: (event: StreamEvent) => boolean | undefined): StreamHandle
  facts(target: string): Facts | undefined
  price(target: string, usage: Usage, at: number): number | null
  /** A small real call. Never rejects. */
  test(connection: string, model?: string): Promise<TestResult>
  /** Ids of the models that the server offers now. */
  list(connection: string): Promise<string[]>
  /** Why Connections cannot be used, by id. */
  readonly problems: ReadonlyMap<string, string>
  /** Lets running calls end and gives the sockets back. */
  close(): void
}

/** Targets kept ready; callers can make up names. */
const maxTargets = 2_000
const testMs = 20_000
const listBytes = 8 * 1024 * 1024

export function connectModels(options: ConnectOptions): ConnectedModels {
  const pools = options.pools ?? createPools(options.env)
  const now = options.now ?? Date.now
  const sources = { ...options, pools }
  const problems = new Map<string, string>()
  for (const [id, config] of Object.entries(options.connections)) {
    const problem = connectionProblem(config, options.env)
    if (problem !== null) problems.set(id, problem)
  }
  const open = new Map<string, Connection>()
  const targets = new Map<string, Target>()

  function connectionOf(id: string): Connection {
    const known = open.get(id)
    if (known !== undefined) return known
    const config = Object.hasOwn(options.connections, id) ? options.connections[id] : undefined
    if (config === undefined) {
      throw new AppError('upstream_rejected', {
        message: `There is no connection ${id} in sluice.yaml.`,
        details: { reason: 'connection' },
      })
    }
    const connection = new Connection(id, config, sources)
    open.set(id, connection)
    return connection
  }

  function targetOf(name: string): Target {
    const known = targets.get(name)
    if (known !== undefined) return known
    const { connection, model } = splitTarget(name)
    const target = new Target(connectionOf(connection), model)
    if (targets.size >= maxTargets) targets.clear()
    targets.set(name, target)
    return target
  }

  /** Everything that can be refused without a call is refused here, by throwing. */
  function prepare(attempt: Attempt, stream: boolean): CallOf {
    const target = targetOf(attempt.target)
    const { connection, wire } = target
    const adapter = adapterOf(connection)
    const written = adapter.write(attempt.request, wire, stream)
    const { firstMs, idleMs } = connection.limits(attempt.firstTokenMs, attempt.idleMs)
    const call: Call = {
      channel: connection.channel,
      method: 'POST',
      path: target.path(adapter.paths.chat),
      headers: withHops(connection.headers(stream), connection, attempt.run),
      body: written.body,
      signal: attempt.signal,
      firstMs,
      idleMs,
      until: stream ? 'begun' : 'head',
    }
    return { adapter, target, request: attempt.request, written, call, now }
  }

  /** The block says one hop, which is true for all but Runs that came through another gateway. */
  function withHops(
    headers: readonly string[],
    { config }: Connection,
    run: string | undefined,
  ): readonly string[] {
    if (run === undefined || config.base_url === undefined) return headers
    const hops = options.hops?.(run) ?? 0
    return hops === 0 ? headers : headers.with(headers.indexOf(hopsHeader) + 1, String(hops + 1))
  }

  const models: ConnectedModels = {
    chat(attempt) {
      return new Promise((resolve, reject) => {
        const of = prepare(attempt, false)
        const { bulkhead } = of.target.connection
        if (bulkhead === undefined) {
          chat(of, resolve, reject)
          return
        }
        bulkhead.enter(
          attempt.signal,
          (ticket) => {
            const left = <T>(settle: (value: T) => void) => {
              return (value: T) => {
                ticket.leave()
                settle(value)
              }
            }
            chat(of, left(resolve), left(reject))
          },
          () => reject(gone(of.target)),
        )
      })
    },

    stream(attempt, on) {
      const of = prepare(attempt, true)
      const { warnings } = of.written
      const { bulkhead } = of.target.connection
      if (bulkhead === undefined) {
        const live = new LiveCall(of, on, () => {})
        return { resume: () => live.resume(), warnings }
      }
      let live: LiveCall | undefined
      bulkhead.enter(
        attempt.signal,
        (ticket) => {
          live = new LiveCall(of, on, () => ticket.leave())
        },
        () => {
          const { wire } = of.target
          const fault = { kind: 'aborted', reason: 'aborted', message: '' } as const
          on({ type: 'error', error: faultError(fault, wire.provider, wire.title) })
        },
      )
      return { resume: () => live?.resume(), warnings }
    },

    facts(name) {
      try {
        return targetOf(name).facts(now())
      } catch {
        return undefined
      }
    },

    price(name, usage, at) {
      try {
        return targetOf(name).price(at)(usage, at)
      } catch {
        return null
      }
    },

    async test(id, model) {
      const begun = performance.now()
      const ms = () => Math.round(performance.now() - begun)
      let asked = model
      try {
        const connection = connectionOf(id)
        asked ??= await chooseModel(connection, () => models.list(id))
        const answer = await models.chat({
          target: `${id}/${asked}`,
          request: hello,
          signal: AbortSignal.timeout(testMs),
          firstTokenMs: testMs,
          idleMs: testMs,
        })
        return { ok: true, ms: ms(), model: answer.model === '' ? asked : answer.model }
      } catch (thrown) {
        const { code, message } = toAppError(thrown)
        return {
          ok: false,
          ms: ms(),
          ...(asked === undefined ? {} : { model: asked }),
          error: { code, message },
        }
      }
    },

    async list(id) {
      const connection = connectionOf(id)
      const adapter = adapterOf(connection)
      return listModels(connection, adapter, now)
    },

    problems,

    close() {
      for (const { channel } of open.values()) pools.close(channel)
      open.clear()
      targets.clear()
    },
  }
  return models
}

function adapterOf({ row }: Connection): Adapter {
  const adapter = adapters[row.dialect]
  // A Connection of another dialect cannot be opened (see connectionProblem).
  if (adapter === undefined) throw new AppError('internal')
  return adapter
}

function listModels(connection: Connection, adapter: Adapter, now: () => number): Promise<string[]> {
  const { row, id } = connection
  const wire = { provider: row.id, title: row.title }
  const where = { connection: id, model: '' }
  return new Promise((resolve, reject) => {
    const call: Call = {
      channel: connection.channel,
      method: 'GET',
      path: connection.modelsPath(adapter.paths.models),
      headers: connection.headers(false),
      body: null,
      signal: AbortSignal.timeout(testMs),
      ...connection.limits(testMs, testMs),
      until: 'head',
    }
    send(call, listBytes, {
      answer({ status, headers, body: bytes }) {
        const body = bytes.toString('utf8')
        if (status < 200 || status > 299) {
          reject(appError(adapter.failure({ status, headers, body }, wire, now()), where))
          return
        }
        try {
          resolve([...adapter.modelIds(body)])
        } catch (cause) {
          const message = `${row.title} sent no list of models.`
          reject(new AppError('upstream_bad_response', { message, connection: id, cause }))
        }
      },
      fault: (fault) => reject(appError(faultError(fault, row.id, row.title), where)),
    })
  })
}

function gone({ connection, model }: Target): AppError {
  return new AppError('cancelled', { connection: connection.id, model })
}

const hello: ChatRequest = {
  system: [],
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'Say ok.' }] }],
  tools: [],
  toolChoice: 'auto',
  maxOutputTokens: 16,
  stop: [],
  extra: {},
  providerOptions: {},
}
