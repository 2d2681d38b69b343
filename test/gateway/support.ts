// A gateway on a free port with scripted Runs: what tests of the data plane share.
import { randomBytes } from 'node:crypto'
import type { Effects, RunContext, RunHandle } from '#main/engine/effects.ts'
import { defaultLimits } from '#main/engine/effects.ts'
import type { Prepared } from '#main/engine/prepare.ts'
import { createCounters } from '#main/gateway/counters.ts'
import type {
  GatewayDeps,
  GatewaySettings,
  KeyEntry,
  KeyRing,
  LimitSet,
  Route,
  Routes,
  Scope,
  ServedVersion,
} from '#main/gateway/ports.ts'
import { type Gateway, type GatewayOptions, startGateway } from '#main/gateway/server.ts'
import type { Engine } from '#main/gateway/service.ts'
import { AppError, type ErrorFacts } from '#shared/errors.ts'
import type { ChatShape } from '#shared/flow/definition.ts'
import type { Plan, PlanAnswer } from '#shared/flow/plan.ts'
import type { PortType } from '#shared/flow/ports.ts'
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import type { RunEvent, RunTotals } from '#shared/run/events.ts'
import type { RunRow } from '#shared/run/row.ts'

// ------------------------------------------------------------------------------------------------ what is served

export interface PlanOf {
  readonly fields?: Readonly<Record<string, PortType>>
  readonly optional?: readonly string[]
  readonly chat?: Partial<ChatShape>
  readonly answer?: readonly (Partial<PlanAnswer['fields'][number]> & { readonly field: string })[]
  readonly noChat?: string
  readonly targets?: readonly string[]
}

/** A Plan as the gateway reads it; its steps are the scripted engine's business. */
export function planOf(of: PlanOf = {}): Plan {
  const fields = of.fields ?? (of.chat ? {} : { question: 'text' })
  const optional = of.optional ?? []
  const names = Object.keys(fields)
  const answer = of.answer ?? [{ field: 'answer' }]
  const texts = names.filter((name) => fields[name] === 'text' && !optional.includes(name))
  return {
    flow: 'test',
    steps: [],
    edges: [],
    branches: [],
    request: {
      schema: {
        type: 'object',
        additionalProperties: false,
        required: names.filter((name) => !optional.includes(name)),
        properties: Object.fromEntries(names.map((name) => [name, schemaOf(fields[name] as PortType)])),
      },
      fields: Object.fromEntries(
        names.map((name) => [
          name,
          { type: fields[name] as PortType, required: !optional.includes(name), local_only: false },
        ]),
      ),
      chat: of.chat
        ? { maxMessages: 200, system: 'pass', acceptTools: false, acceptParams: [], ...of.chat }
        : null,
      textField: of.chat ? null : texts.length === 1 ? (texts[0] ?? null) : null,
      noChat: of.noChat ?? null,
    },
    answer: {
      schema: { type: 'object', properties: Object.fromEntries(answer.map(({ field }) => [field, {}])) },
      fields: answer.map((field, step) => ({
        type: 'text',
        required: true,
        stream: true,
        main: step === 0,
        share: true,
        step,
        ...field,
      })),
      main: 0,
    },
    streams: true,
    effects: 'reads',
    targets: of.targets ?? [],
    hosts: [],
  }
}

function schemaOf(type: PortType): JsonObject {
  switch (type) {
    case 'text':
      return { type: 'string' }
    case 'number':
    case 'boolean':
      return { type }
    default:
      return {}
  }
}

export function versionOf(
  number: number | null,
  plan: Plan = planOf(),
  over: Partial<ServedVersion> = {},
): ServedVersion {
  return {
    number,
    hash: `sha256:${String(number ?? 0).padStart(64, '0')}`,
    state: 'published',
    sunset: null,
    successor: null,
    prepared: { plan } as Prepared,
    samples: [],
    ...over,
  }
}

export function routeOf(slug: string, over: Partial<Route> = {}): Route {
  const version = versionOf(1)
  return {
    slug,
    title: slug,
    description: '',
    tags: [],
    state: 'published',
    deprecatedAt: null,
    sunset: null,
    successor: null,
    labels: new Map([
      ['production', { kind: 'version', version: over.versions?.values().next().value ?? version }],
    ]),
    versions: new Map([[1, version]]),
    draft: null,
    surfaces: { rest: true, openai: true, anthropic: true, mcp: true },
    cors: [],
    requireMetadata: [],
    unknownFields: 'ignore',
    shareEvents: false,
    contextHeaders: [],
    limits: {},
    bodyBytes: null,
    run: defaultLimits,
    access: { approval: false },
    ...over,
  }
}

export const plainSettings: GatewaySettings = {
  hosts: [],
  allowIp: [],
  denyIp: [],
  limits: {},
  bodyBytes: 4 * 1024 * 1024,
  maxRuns: 512,
  maxQueue: 512,
  queueMs: 10_000,
  runsPerKey: 64,
  wrongKeysPerMinute: 20,
  vars: {},
}

let generation = 0
export function routesOf(routes: readonly Route[], settings: Partial<GatewaySettings> = {}): Routes {
  generation += 1
  return {
    generation,
    endpoints: new Map(routes.map((route) => [route.slug, route])),
    settings: { ...plainSettings, ...settings },
  }
}

// ------------------------------------------------------------------------------------------------------ who calls

export interface TestKey {
  readonly text: string
  readonly entry: KeyEntry
}
export interface KeyOf extends Partial<Omit<KeyEntry, 'scopes' | 'consumer'>> {
  readonly consumer?: string
  readonly consumerLimits?: LimitSet
  readonly scopes?: readonly Scope[]
}

let keys = 0
export function keyOf(of: KeyOf = {}): TestKey {
  keys += 1
  const { consumer = `consumer-${keys}`, consumerLimits = {}, scopes = ['run'], ...over } = of
  const prefix = String(keys).padStart(8, 'k')
  return {
    text: `slk_${prefix}_${randomBytes(24).toString('base64url')}`,
    entry: {
      id: `key-${keys}`,
      consumer: { id: consumer, tags: {}, limits: consumerLimits },
      access: null,
      pins: new Map(),
      expiresAt: null,
      state: 'active',
      addresses: [],
      origins: [],
      priority: 'normal',
      limits: {},
      hash: new Uint8Array(32),
      ...over,
      scopes: new Set(scopes),
    },
  }
}

export function ringOf(list: readonly TestKey[]): KeyRing {
  generation += 1
  const texts = new Map(list.map(({ entry, text }) => [entry, text]))
  return {
    generation,
    keys: new Map(list.map(({ entry, text }) => [text.slice(4, 12), entry])),
    verify: (entry, presented) => texts.get(entry) === presented,
  }
}

// ------------------------------------------------------------------------------------------------------ what runs

export const noTotals: RunTotals = {
  usage: { input: 10, cacheRead: 2, cacheWrite: 1, output: 5, reasoning: 3 },
  modelCalls: 1,
  attempts: 1,
  costUsd: 0.0021,
  ms: 12,
  firstTokenMs: null,
  servedBy: 'openai/gpt-test',
  variant: null,
  degraded: false,
  warnings: [],
}

/** One scripted Run: what a test does to the world through it. */
export interface Script {
  readonly context: RunContext
  emit(event: RunEvent): void
  delta(text: string, field?: string): void
  finish(answer?: Readonly<Record<string, unknown>>, totals?: Partial<RunTotals>): void
  fail(code: AppError['code'], facts?: ErrorFacts): void
  readonly over: boolean
  readonly aborted: AppError | undefined
  readonly paused: boolean
  /** Called when the Run is aborted, after it has failed. */
  onAbort: ((error: AppError) => void) | undefined
  onResume: (() => void) | undefined
}

/** An engine whose Runs do what `play` says; an aborted Run fails at once with the given error. */
export function scripted(play: (run: Script) => void): Engine & { readonly runs: Script[] } {
  const runs: Script[] = []
  return {
    runs,
    checkSchema: () => () => [],
    readInput: (prepared, input) => {
      const given = isJsonObject(input) ? input : {}
      const { properties, required } = prepared.plan.request.schema as {
        properties: JsonObject
        required: Json[]
      }
      const issues: JsonObject[] = []
      for (const name of required)
        if (given[String(name)] === undefined)
          issues.push({ path: `/${name}`, rule: 'required', message: 'is required' })
      for (const name in given) {
        if (prepared.plan.request.chat && ['messages', 'tools', 'tool_choice', 'params'].includes(name))
          continue
        const schema = properties[name] as JsonObject | undefined
        if (!schema) issues.push({ path: `/${name}`, rule: 'unknown_field', message: 'is unknown' })
        else if (schema.type === 'string' && typeof given[name] !== 'string')
          issues.push({ path: `/${name}`, rule: 'type', message: 'must be a text' })
        else if (schema.type === 'number' && typeof given[name] !== 'number')
          issues.push({ path: `/${name}`, rule: 'type', message: 'must be a number' })
      }
      if (issues.length > 0)
        throw new AppError('invalid_input', { message: 'The input does not fit.', details: { issues } })
      return { fields: given }
    },
    execute(_prepared, context): RunHandle {
      let over = false
      let aborted: AppError | undefined
      let paused = false
      const totalsOf = (over: Partial<RunTotals>) => ({
        ...noTotals,
        variant: context.facts.variant,
        ...over,
      })
      const script: Script = {
        context,
        emit: (event) => over || context.on(event),
        delta: (text, field = 'answer') => script.emit({ type: 'delta', field, part: text }),
        finish(answer = { answer: 'It works.' }, totals = {}) {
          if (over) return
          over = true
          context.on({ type: 'run-finished', answer, totals: totalsOf(totals) })
        },
        fail(code, facts = {}) {
          if (over) return
          over = true
          context.on({
            type: 'run-failed',
            error: new AppError(code, facts),
            answer: {},
            totals: totalsOf({}),
          })
        },
        get over() {
          return over
        },
        get aborted() {
          return aborted
        },
        get paused() {
          return paused
        },
        onAbort: undefined,
        onResume: undefined,
      }
      runs.push(script)
      context.on({ type: 'run-started', run: context.facts.id, at: context.effects.clock.now() })
      play(script)
      return {
        abort(error) {
          if (over) return
          aborted = error
          over = true
          context.on({ type: 'run-failed', error, answer: {}, totals: totalsOf({}) })
          script.onAbort?.(error)
        },
        pause() {
          paused = true
        },
        resume() {
          paused = false
          script.onResume?.()
        },
      }
    },
  }
}

/** Answers at once. */
export const instant = () => scripted((run) => run.finish())

// --------------------------------------------------------------------------------------------------- the gateway

export const realClock: Effects['clock'] = {
  now: () => Date.now(),
  ticks: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}

export interface StageOptions {
  readonly routes?: readonly Route[]
  readonly settings?: Partial<GatewaySettings>
  readonly keys?: readonly TestKey[]
  readonly engine?: Engine
  readonly clock?: Effects['clock']
  readonly times?: GatewayOptions['times']
  readonly deps?: Partial<GatewayDeps>
  readonly host?: string
  readonly port?: number
  readonly tls?: GatewayOptions['tls']
}

export interface Stage {
  readonly gateway: Gateway
  readonly url: string
  readonly key: TestKey
  readonly rows: RunRow[]
  readonly reports: { level: string; message: string; facts?: JsonObject }[]
  /** Publishes: the next request sees these. */
  publish(routes: readonly Route[], settings?: Partial<GatewaySettings>): void
  setKeys(list: readonly TestKey[]): void
  /** With the stage's Key, JSON in. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>
  close(): Promise<void>
}

export async function stage(options: StageOptions = {}): Promise<Stage> {
  const key =
    options.keys?.[0] ?? keyOf({ scopes: ['run', 'trace', 'cost', 'draft', 'pick_variant', 'models'] })
  let routes = routesOf(options.routes ?? [routeOf('hello')], options.settings)
  let ring = ringOf(options.keys ?? [key])
  const rows: RunRow[] = []
  const reports: Stage['reports'] = []
  const effects: Effects = {
    clock: options.clock ?? realClock,
    models: {
      chat: () => Promise.reject(new AppError('internal')),
      stream: () => ({ resume: () => undefined }),
      facts: () => undefined,
      price: () => null,
    },
    http: () => Promise.reject(new AppError('internal')),
  }
  const deps: GatewayDeps = {
    routes: () => routes,
    keys: () => ring,
    effects,
    log: { push: (row) => void rows.push(row) },
    runs: {
      get: async (id, consumer) => rows.find((row) => row.id === id && row.consumer === consumer),
    },
    counters: createCounters(),
    newId: () => randomBytes(18).toString('base64url').replaceAll(/[-_]/g, '0'),
    report: (event) => void reports.push(event as Stage['reports'][number]),
    ...options.deps,
  }
  const gateway = await startGateway(deps, {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    ...(options.tls ? { tls: options.tls } : {}),
    engine: options.engine ?? instant(),
    ...(options.times ? { times: options.times } : {}),
  })
  const authorization = `Bearer ${key.text}`
  return {
    gateway,
    url: gateway.url,
    key,
    rows,
    reports,
    publish(list, settings = options.settings) {
      routes = routesOf(list, settings)
    },
    setKeys(list) {
      ring = ringOf(list)
    },
    post: (path, body, headers = {}) =>
      fetch(gateway.url + path, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    get: (path, headers = {}) => fetch(gateway.url + path, { headers: { authorization, ...headers } }),
    close: () => gateway.close(0),
  }
}

export async function errorOf(response: Response): Promise<JsonObject & { readonly status: number }> {
  const body = (await response.json()) as { error: JsonObject }
  return { ...body.error, status: response.status }
}

export interface SseEvent {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: string
}

/** Reads server-sent events as the standard says, one by one. */
export async function* eventsOf(response: Response): AsyncGenerator<SseEvent> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end)
      text = text.slice(end + 2)
      const field = (name: string) =>
        block
          .split('\n')
          .filter((line) => line.startsWith(`${name}: `))
          .map((line) => line.slice(name.length + 2))
          .join('\n')
      if (block.startsWith(':')) continue
      yield { id: field('id') || undefined, event: field('event') || undefined, data: field('data') }
    }
  }
}

export async function allEvents(response: Response): Promise<SseEvent[]> {
  const events: SseEvent[] = []
  for await (const event of eventsOf(response)) events.push(event)
  return events
}
