// Runs small Plans on a virtual clock and writes their events down in one line each.
import type { Effects, Http, Ledger, RunLimits } from '#main/engine/effects.ts'
import { defaultLimits } from '#main/engine/effects.ts'
import { execute } from '#main/engine/execute.ts'
import { type Prepared, prepare } from '#main/engine/prepare.ts'
import { AppError, type ErrorCode } from '#shared/errors.ts'
import type { Builders, NodeRunner, RunArgs, RunFacts } from '#shared/flow/definition.ts'
import { isLive, liveText } from '#shared/flow/live.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'
import { type Message, textOf } from '#shared/model/chat.ts'
import type { RunEvent } from '#shared/run/events.ts'
import { type Reply, type ScriptedModels, scriptedModels } from '../scripted-models.ts'
import { type VirtualClock, virtualClock } from '../virtual-clock.ts'
import { planOf, type TestFlow, type TestNode } from './plan-builder.ts'

type Args = RunArgs<unknown>

/** Runners of the nodes below. None of them is one of the product's. */
export function testRunners(clock: VirtualClock): Record<string, NodeRunner> {
  const wait = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve))
  return {
    source: { run: ({ ctx }: Args) => ({ ...ctx.run.input.fields }) },
    fixed: { run: ({ config }: Args) => ({ text: (config as { text: string }).text }) },
    upper: { run: ({ input }: Args) => ({ text: String(input.text).toUpperCase() }) },
    model: { run: runModel },
    pick: { run: runPick },
    shout: { run: runShout },
    failing: {
      run: ({ config }: Args) => {
        const { code, message } = config as { code: string; message?: string }
        if (code === 'bug') throw new TypeError('oops')
        throw new AppError(code as ErrorCode, message === undefined ? {} : { message })
      },
    },
    slow: {
      run: async ({ config, input }: Args) => {
        const { ms, code, text } = config as { ms: number; code?: ErrorCode; text?: string }
        await wait(ms)
        if (code) throw new AppError(code)
        return { text: text ?? input.text ?? 'done' }
      },
    },
    choose: {
      run: ({ config, input }: Args) =>
        input.value === (config as { equals: unknown }).equals ? { yes: input.value } : { no: input.value },
    },
    merge: { run: ({ input }: Args) => ({ value: input.value }) },
    join: { run: ({ input }: Args) => ({ all: { ...input } }) },
    write: { run: () => ({ done: true }) },
    out: { run: ({ input }: Args) => ({ value: input.value }) },
  }
}

async function runModel({ config, input, ctx }: Args) {
  const { targets, advanceOn = ['provider'], maxTokens } = config as ModelConfig
  const messages: Message[] = [{ role: 'user', parts: [{ type: 'text', text: String(input.text ?? '') }] }]
  const request = {
    system: [],
    messages,
    tools: [],
    toolChoice: 'auto',
    stop: [],
    extra: {},
    providerOptions: {},
    ...(maxTokens === undefined ? {} : { maxOutputTokens: maxTokens }),
  } as const
  const call = {
    targets,
    advanceOn,
    request,
    accept: (response: { parts: Parameters<typeof textOf>[0] }) =>
      textOf(response.parts) === '' ? new AppError('upstream_bad_response') : undefined,
  }
  if (!ctx.streams) {
    const { response } = await ctx.models.chat(call)
    return { text: textOf(response.parts), finish: response.finish.reason, message: [] }
  }
  const stream = await ctx.models.stream(call)
  return {
    text: stream.text,
    finish: stream.done.then((done) => done.finish.reason),
    message: stream.messages,
  }
}
interface ModelConfig {
  readonly targets: readonly string[]
  readonly advanceOn?: readonly string[]
  readonly maxTokens?: number
}

function runPick({ input, ctx }: Args) {
  const at = ctx.tries?.findIndex((one) => one.status === 'ok') ?? -1
  const tries = ctx.tries?.map((one) => `${one.status}${one.code === null ? '' : ` ${one.code}`}`).join(', ')
  return { value: input[ctx.tries?.[at]?.port ?? ''], which: at + 1, tries }
}

/** Streams on what it reads, in capitals. */
function runShout({ input }: Args) {
  if (!isLive(input.text)) return { text: String(input.text).toUpperCase() }
  const out = liveText()
  const reading = input.text as ReturnType<typeof liveText>
  const subscription = reading.read({
    part: (part) => out.push(part.toUpperCase()),
    end: () => out.end(),
    fail: (error) => out.fail(error),
    restart: (reason) => out.restart(reason),
  })
  out.onDrain(() => subscription.resume())
  return { text: out }
}

/** Its second outlet is absent unless a test gives it. */
export const ask: TestNode = { type: 'source', outlets: { question: outlet('text'), other: outlet('text') } }
export const upper: TestNode = {
  type: 'upper',
  inlets: { text: inlet('text') },
  outlets: { text: outlet('text') },
}
export const shout: TestNode = {
  type: 'shout',
  inlets: { text: inlet('text', { reads: 'early' }) },
  outlets: { text: outlet('text', { streams: 'pass' }) },
}
export const merge: TestNode = {
  type: 'merge',
  inlets: { value: inlet('text', { gather: 'merge', reads: 'early' }) },
  outlets: { value: outlet('text', { streams: 'pass' }) },
}
export const write: TestNode = {
  type: 'write',
  inlets: { value: inlet('any') },
  outlets: { done: outlet('boolean') },
  effects: 'writes',
}

export function fixed(text: string, more: Partial<TestNode> = {}): TestNode {
  const inlets = { text: inlet('text', { required: false }) }
  return { type: 'fixed', config: { text }, inlets, outlets: { text: outlet('text') }, ...more }
}
export function model(targets: string | readonly string[], more: Partial<TestNode> = {}): TestNode {
  const config = { targets: typeof targets === 'string' ? [targets] : [...targets] }
  return {
    type: 'model',
    inlets: { text: inlet('text', { required: false }) },
    outlets: {
      text: outlet('text', { streams: 'source' }),
      finish: outlet('text'),
      message: outlet('messages', { streams: 'source' }),
    },
    retries: 'calls',
    effects: 'reads',
    ...more,
    config: { ...config, ...(more.config as object | undefined) },
  }
}
export function failing(code: string, more: Partial<TestNode> = {}): TestNode {
  const inlets = { value: inlet('any', { required: false }) }
  return { type: 'failing', config: { code }, inlets, outlets: { text: outlet('text') }, ...more }
}
export function slow(
  ms: number,
  more: Partial<TestNode> & { readonly code?: string; readonly text?: string } = {},
): TestNode {
  const { code, text, ...rest } = more
  const config = { ms, ...(code === undefined ? {} : { code }), ...(text === undefined ? {} : { text }) }
  const inlets = { text: inlet('text', { required: false }) }
  return { type: 'slow', config, inlets, outlets: { text: outlet('text') }, ...rest }
}
export function choose(equals: string): TestNode {
  return {
    type: 'choose',
    config: { equals },
    inlets: { value: inlet('any') },
    outlets: { yes: outlet('text'), no: outlet('text') },
  }
}
export function pick(count: number, more: Partial<NonNullable<TestNode['tries']>> = {}): TestNode {
  const ports = Array.from({ length: count }, (_, i) => `try_${i + 1}`)
  return {
    type: 'pick',
    inlets: Object.fromEntries(
      ports.map((port) => [port, inlet('text', { reads: 'early', gather: 'merge' })]),
    ),
    outlets: { value: outlet('text', { streams: 'pass' }), which: outlet('number'), tries: outlet('text') },
    tries: { ports, ...more },
  }
}
export function join(...names: readonly string[]): TestNode {
  const inlets = Object.fromEntries(names.map((name) => [name, inlet('any', { required: false })]))
  return { type: 'join', inlets, outlets: { all: outlet('json') } }
}
export function out(field = 'answer', more: Partial<NonNullable<TestNode['answer']>> = {}): TestNode {
  return {
    type: 'out',
    inlets: { value: inlet(more.type ?? 'text', { gather: 'merge', reads: 'early' }) },
    answer: { field, ...more },
  }
}

export interface Options {
  readonly stream?: boolean
  readonly watch?: boolean
  readonly input?: Readonly<Record<string, unknown>>
  readonly script?: Readonly<Record<string, readonly Reply[]>>
  readonly models?: (clock: VirtualClock) => ScriptedModels
  readonly http?: Http
  readonly limits?: Partial<RunLimits>
  readonly ledger?: Ledger
  readonly facts?: Partial<RunFacts>
  readonly seed?: number
  readonly runners?: (clock: VirtualClock) => Record<string, NodeRunner>
  readonly clock?: VirtualClock
  readonly prepared?: Prepared
  readonly effects?: (effects: Effects) => Effects
}

export const builders = { schema: () => () => [], stage: 'input' } as unknown as Builders

export function prepareTest(
  flow: TestFlow,
  clock: VirtualClock,
  more: Record<string, NodeRunner> = {},
): Prepared {
  return prepare(planOf(flow), { runners: { ...testRunners(clock), ...more }, builders: () => builders })
}

/** Starts a Run; events gather as they come. */
export function start(flow: TestFlow, options: Options = {}) {
  const clock = options.clock ?? virtualClock()
  const prepared = options.prepared ?? prepareTest(flow, clock, options.runners?.(clock))
  const models = options.models?.(clock) ?? scriptedModels(clock, options.script ?? {})
  const effects: Effects = {
    clock,
    models,
    http: options.http ?? (async () => Promise.reject(new AppError('internal'))),
  }
  const events: RunEvent[] = []
  const times: number[] = []
  const handle = execute(prepared, {
    facts: {
      id: 'run_test',
      input: { fields: options.input ?? { question: 'hi' } },
      endpoint: null,
      label: null,
      version: null,
      variant: null,
      consumer: null,
      metadata: {},
      headers: {},
      vars: {},
      stubWrites: false,
      ...options.facts,
    },
    effects: options.effects?.(effects) ?? effects,
    limits: { ...defaultLimits, ...options.limits },
    ledger: options.ledger ?? null,
    seed: options.seed ?? 1,
    stream: options.stream ?? false,
    watch: options.watch ?? false,
    on: (event) => {
      events.push(event)
      times.push(clock.ticks())
    },
  })
  const over = () => isLast(events.at(-1))
  return {
    clock,
    models,
    events,
    times,
    handle,
    over,
    lines: () => linesOf(events),
    end: () => endOf(events),
  }
}
export type Started = ReturnType<typeof start>

/** Runs to the end, however long that takes on its clock. */
export async function run(flow: TestFlow, options: Options = {}): Promise<Started> {
  const started = start(flow, options)
  if (!(await started.clock.until(started.over)))
    throw new Error(`the run never ends: ${started.lines().join(' · ')}`)
  return started
}

function isLast(event: RunEvent | undefined): boolean {
  return event?.type === 'run-finished' || event?.type === 'run-failed'
}

export function endOf(
  events: readonly RunEvent[],
): Extract<RunEvent, { type: 'run-finished' | 'run-failed' }> {
  const last = events.at(-1)
  if (last?.type !== 'run-finished' && last?.type !== 'run-failed') throw new Error('the run is not over')
  return last
}

/** One line per event; usage and start of the Run left out. */
export function linesOf(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => {
    const line = lineOf(event)
    return line === null ? [] : [line]
  })
}

function lineOf(event: RunEvent): string | null {
  switch (event.type) {
    case 'run-started':
    case 'usage':
      return null
    case 'step-started':
      return `start ${event.node}`
    case 'step-settled': {
      const { status, node, error, taken } = event.record
      return `${status} ${node}${error ? ` ${error.code}` : ''}${taken.length > 0 ? ` [${taken.join(' ')}]` : ''}`
    }
    case 'delta':
      return `delta ${event.field} ${typeof event.part === 'string' ? event.part : event.part.type}`
    case 'field':
      return `field ${event.field} ${JSON.stringify(event.value)}`
    case 'restarted':
      return `restarted ${event.fields.join(' ')} ${event.reason}`
    case 'step-text':
      return `text ${event.node}.${event.outlet} ${event.text}`
    case 'step-value':
      return `value ${event.node}.${event.outlet} ${JSON.stringify(event.value)}`
    case 'verdict':
      return `verdict ${event.node} ${event.verdict.verdict}`
    case 'route-switched':
      return `switch ${event.node} ${event.from}>${event.to} ${event.reason}`
    case 'warning':
      return `warning ${event.warning.code}`
    case 'run-finished':
      return `finished ${JSON.stringify(event.answer)}`
    case 'run-failed':
      return `run failed ${event.error.code}${event.error.node === undefined ? '' : ` at ${event.error.node}`}`
  }
}
