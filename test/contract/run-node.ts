// Runs one node as a test wants it: a literal context, real builders, and effects that are not there unless given.
import { buildersFor } from '#main/engine/build.ts'
import type {
  AnyNodeDefinition,
  GuardBuilders,
  NodeRunner,
  Outlets,
  StepContext,
} from '#shared/flow/definition.ts'

export const noGuards: GuardBuilders = { pii: () => () => [], secrets: () => () => [], rule: () => undefined }

export interface Recorded {
  readonly notes: Record<string, unknown>
  readonly warnings: { readonly code: string; readonly message: string }[]
  readonly arms: string[]
}

type RunFacts = StepContext['run']

export const runFacts: RunFacts = {
  id: 'run_0123456789abcdefghijklmn',
  input: { fields: {} },
  endpoint: null,
  label: null,
  version: null,
  variant: null,
  consumer: null,
  metadata: {},
  headers: {},
  vars: {},
  stubWrites: false,
}

/** Models and HTTP throw: a node that calls them must be given them. */
export function stepContext(given: Partial<Omit<StepContext, 'run'>> & { run?: Partial<RunFacts> } = {}) {
  const recorded: Recorded = { notes: {}, warnings: [], arms: [] }
  const denied = (what: string) => () => Promise.reject(new Error(`${what} is not allowed here`))
  const ctx: StepContext = {
    node: 'node',
    signal: new AbortController().signal,
    streams: false,
    models: { chat: denied('models.chat'), stream: denied('models.stream') },
    http: denied('http'),
    now: () => 1_700_000_000_000,
    random: () => 0.5,
    bucket: () => 0.5,
    note: (key, value) => {
      recorded.notes[key] = value
    },
    warn: (code, message) => {
      recorded.warnings.push({ code, message })
    },
    arm: (name) => {
      recorded.arms.push(name)
    },
    verdict: () => undefined,
    untrusted: () => false,
    fence: (text) => `<fence>${text}</fence>`,
    ...given,
    run: { ...runFacts, ...given.run },
  }
  return { ctx, recorded }
}

export interface NodeRun {
  readonly config?: unknown
  readonly input?: Readonly<Record<string, unknown>>
  readonly ctx?: StepContext
  readonly guards?: GuardBuilders
}

/** The outlets as `run` gave them, before its promises settle. */
export async function startNode(
  definition: AnyNodeDefinition,
  runner: NodeRunner,
  { config = {}, input = {}, ctx = stepContext().ctx, guards = noGuards }: NodeRun = {},
): Promise<Outlets> {
  const parsed: unknown = definition.config.parse(config)
  const ready = runner.prepare?.({ config: parsed, build: buildersFor('input', guards) })
  return runner.run({ config: parsed, ready, input, ctx })
}

/** The outlets taken, with their settled values. */
export async function runNode(definition: AnyNodeDefinition, runner: NodeRunner, run: NodeRun = {}) {
  const outlets: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(await startNode(definition, runner, run))) {
    const settled: unknown = await value
    if (settled !== undefined) outlets[name] = settled
  }
  return outlets
}
