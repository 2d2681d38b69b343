// Plans for tests of the engine: nodes and edges in a few lines, lowered as nodes.md 2 says. The product's compiler has
// its own tests; these Plans hold whatever it may give.
import type { AnswerField, Effects, TriesSpec } from '#shared/flow/definition.ts'
import type {
  Plan,
  PlanBranch,
  PlanEdge,
  PlanInlet,
  PlanOutlet,
  PlanStep,
  StepPolicy,
} from '#shared/flow/plan.ts'
import { conversion, type Inlet, type Outlet } from '#shared/flow/ports.ts'
import type { InputField } from '#shared/flow/types.ts'
import type { Json } from '#shared/json.ts'

/** A node of a test: its type names a runner. */
export interface TestNode {
  readonly type: string
  readonly config?: Json
  readonly inlets?: Readonly<Record<string, Inlet>>
  readonly outlets?: Readonly<Record<string, Outlet & { readonly unhandled?: string }>>
  readonly policy?: Partial<Omit<StepPolicy, 'retry'>> & { readonly retry?: Partial<StepPolicy['retry']> }
  readonly effects?: Effects
  readonly retries?: 'calls' | 'run'
  readonly answer?: Partial<AnswerField> & { readonly field: string }
  readonly tries?: Partial<TriesSpec> & { readonly ports: readonly string[] }
  readonly mode?: PlanStep['mode']
  readonly stub?: Json
  readonly localOnly?: boolean
}
export interface TestFlow {
  readonly nodes: Readonly<Record<string, TestNode>>
  /** `a.out -> b.in`, also `a.error` and `b.when`. */
  readonly edges: readonly string[]
  readonly request?: Partial<Plan['request']>
}

interface Wire {
  readonly index: number
  readonly text: string
  readonly from: string
  readonly outlet: string
  readonly to: string
  readonly inlet: string
}

export function planOf(flow: TestFlow): Plan {
  const wires = flow.edges.map(wireOf)
  const order = sorted(flow, wires)
  const index = new Map(order.map((id, at) => [id, at]))
  const branches = branchesOf(flow, wires, order, index)
  const edges = wires.map((wire) => edgeOf(flow, wire, index))
  markStreams(flow, wires, order, edges)
  const answers = order.filter((id) => flow.nodes[id]?.answer)
  const steps = order.map((id) => stepOf(flow, id, { wires, edges, branches, answers, index }))
  const fields = answers.map((id) => ({
    ...answerOf(flow.nodes[id] as TestNode),
    step: index.get(id) as number,
  }))
  return {
    flow: 'test',
    steps,
    edges,
    branches,
    request: {
      schema: {},
      fields: {} as Record<string, InputField>,
      chat: null,
      textField: null,
      noChat: null,
      ...flow.request,
    },
    answer: { schema: {}, fields, main: 0 },
    streams: fields.some((field) => field.stream) && edges.some((edge) => edge.streams),
    effects: 'reads',
    targets: [],
    hosts: [],
  }
}

function wireOf(text: string, index: number): Wire {
  const [from = '', to = ''] = text.split(' -> ')
  const [a = '', outlet = ''] = from.split('.')
  const [b = '', inlet = ''] = to.split('.')
  return { index, text, from: a, outlet, to: b, inlet }
}

/** As given, but each node after those that feed it. */
function sorted(flow: TestFlow, wires: readonly Wire[]): string[] {
  const order: string[] = []
  const visit = (id: string) => {
    if (order.includes(id)) return
    for (const wire of wires) if (wire.to === id) visit(wire.from)
    order.push(id)
  }
  for (const id of Object.keys(flow.nodes)) visit(id)
  return order
}

function edgeOf(flow: TestFlow, wire: Wire, index: ReadonlyMap<string, number>): PlanEdge {
  const outlet = flow.nodes[wire.from]?.outlets?.[wire.outlet]
  const inlet = flow.nodes[wire.to]?.inlets?.[wire.inlet]
  const from = wire.outlet === 'error' ? 'error' : outlet?.type
  const to = wire.inlet === 'when' ? 'any' : inlet?.type
  const converted = from && to ? conversion(from, to) : undefined
  if (!converted) throw new Error(`this edge does not fit: ${wire.text}`)
  return {
    index: wire.index,
    text: wire.text,
    from: index.get(wire.from) as number,
    outlet: wire.outlet,
    to: index.get(wire.to) as number,
    inlet: wire.inlet,
    conversion: converted,
    streams: false,
    untrusted: outlet?.untrusted === true,
  }
}

/** From the back: who would stream on; then from the front: who gets a stream. */
function markStreams(
  flow: TestFlow,
  wires: readonly Wire[],
  order: readonly string[],
  edges: PlanEdge[],
): void {
  const wanted = new Set<number>()
  for (const id of order.toReversed()) {
    const node = flow.nodes[id] as TestNode
    const onward =
      answerStreams(node) ||
      wires.some((w) => w.from === id && wanted.has(w.index) && node.outlets?.[w.outlet]?.streams === 'pass')
    if (!onward) continue
    for (const w of wires) if (w.to === id && node.inlets?.[w.inlet]?.reads === 'early') wanted.add(w.index)
  }
  const streaming = new Set<number>()
  for (const id of order) {
    const node = flow.nodes[id] as TestNode
    for (const w of wires) {
      if (w.from !== id || !wanted.has(w.index) || edges[w.index]?.conversion !== 'none') continue
      const kind = node.outlets?.[w.outlet]?.streams
      const fed = wires.some((into) => into.to === id && streaming.has(into.index))
      if (kind === 'source' || (kind === 'pass' && fed)) streaming.add(w.index)
    }
  }
  for (const index of streaming) edges[index] = { ...(edges[index] as PlanEdge), streams: true }
}

function answerStreams(node: TestNode): boolean {
  return node.answer !== undefined && node.answer.stream !== false
}

function answerOf(node: TestNode): AnswerField {
  return {
    type: 'text',
    required: true,
    stream: true,
    main: true,
    share: true,
    ...(node.answer as { field: string }),
  }
}

function branchesOf(
  flow: TestFlow,
  wires: readonly Wire[],
  order: readonly string[],
  index: ReadonlyMap<string, number>,
): PlanBranch[] {
  const branches: PlanBranch[] = []
  for (const owner of order) {
    const tries = flow.nodes[owner]?.tries
    tries?.ports.forEach((port, at) => {
      const edges = wires.filter((wire) => wire.to === owner && wire.inlet === port).map((wire) => wire.index)
      const members = new Set<string>()
      for (const id of order.toReversed()) {
        const out = wires.filter((wire) => wire.from === id)
        const inside = out.every((wire) => edges.includes(wire.index) || members.has(wire.to))
        if (out.length > 0 && inside) members.add(id)
      }
      branches.push({
        index: branches.length,
        owner: index.get(owner) as number,
        port,
        k: at + 1,
        edges,
        members: order.filter((id) => members.has(id)).map((id) => index.get(id) as number),
        parent: -1,
        next: at + 1 < tries.ports.length ? branches.length + 1 : -1,
        advanceOn: tries.advanceOn ?? ['provider'],
        firstTokenMs: tries.firstTokenMs ?? null,
        attemptMs: tries.attemptMs ?? null,
        restart: tries.restart ?? false,
        degraded: tries.degradedFrom !== undefined && at + 1 >= tries.degradedFrom,
      })
    })
  }
  return branches.map((branch) => ({ ...branch, parent: innermost(branches, branch.owner) }))
}

function innermost(branches: readonly PlanBranch[], step: number): number {
  const around = branches.filter((branch) => branch.members.includes(step))
  around.sort((a, b) => a.members.length - b.members.length)
  return around[0]?.index ?? -1
}

interface Lowered {
  readonly wires: readonly Wire[]
  readonly edges: readonly PlanEdge[]
  readonly branches: readonly PlanBranch[]
  readonly answers: readonly string[]
  readonly index: ReadonlyMap<string, number>
}

function stepOf(flow: TestFlow, id: string, lowered: Lowered): PlanStep {
  const node = flow.nodes[id] as TestNode
  const index = lowered.index.get(id) as number
  const into = (inlet: string) =>
    lowered.wires.filter((wire) => wire.to === id && wire.inlet === inlet).map((wire) => wire.index)
  const out = (outlet: string) =>
    lowered.wires.filter((wire) => wire.from === id && wire.outlet === outlet).map((wire) => wire.index)
  const inlets: PlanInlet[] = Object.entries(node.inlets ?? {}).map(([name, inlet]) => {
    const { type, gather, reads } = inlet
    const required = inlet.required && !node.tries?.ports.includes(name)
    return { name, type, required, gather, reads, edges: into(name) }
  })
  const outlets: PlanOutlet[] = Object.entries(node.outlets ?? {}).map(([name, outlet]) => ({
    name,
    type: outlet.type,
    edges: out(name),
    streams: out(name).some((edge) => lowered.edges[edge]?.streams),
    secret: outlet.secret === true,
    ...(outlet.unhandled === undefined ? {} : { unhandled: outlet.unhandled }),
  }))
  const around = lowered.branches.filter((branch) => branch.members.includes(index))
  return {
    index,
    id,
    type: node.type,
    title: id,
    config: node.config ?? {},
    inlets,
    when: into('when'),
    outlets,
    error: out('error'),
    mode: node.mode ?? 'on',
    policy: policyOf(node),
    effects: node.effects ?? 'pure',
    retries: node.retries ?? 'run',
    branch: innermost(lowered.branches, index),
    gates: around.filter((branch) => branch.k > 1).map((branch) => branch.index),
    answer: lowered.answers.indexOf(id),
    untrusted: lowered.edges.filter((edge) => edge.to === index && edge.untrusted).map((edge) => edge.inlet),
    localOnly: node.localOnly ?? false,
    stage: 'input',
    stub: node.stub ?? null,
  }
}

function policyOf({ policy = {}, retries }: TestNode): StepPolicy {
  const { retry, ...rest } = policy
  return {
    timeoutMs: null,
    firstTokenMs: 20_000,
    idleMs: 30_000,
    onError: 'fail',
    default: null,
    concurrency: null,
    redact: [],
    ...rest,
    retry: {
      tries: retries === 'calls' ? 2 : 1,
      on: ['transient'],
      backoffMs: 500,
      maxBackoffMs: 8_000,
      jitter: false,
      ...retry,
    },
  }
}
