// A Plan in live form: runners bound, templates and patterns built, arrays counted. Once per publish, never per request.
import { AppError } from '#shared/errors.ts'
import type { Builders, NodeRunner, SchemaCheck } from '#shared/flow/definition.ts'
import type { Plan, PlanBranch, PlanEdge, PlanInlet, PlanOutlet, PlanStep } from '#shared/flow/plan.ts'
import type { PortType } from '#shared/flow/ports.ts'
import type { InputField } from '#shared/flow/types.ts'
import { type Places, placesOf } from './places.ts'
import { type Convert, converterOf } from './values.ts'

/** The arrays of a Plan are frozen, and V8 walks such arrays several times slower: those of every Run are copied. */
export interface Prepared {
  readonly plan: Plan
  readonly steps: readonly PreparedStep[]
  readonly edges: readonly PreparedEdge[]
  readonly branches: readonly PreparedBranch[]
  /** What each step waits for at the start: its edges, its gates and, for an owner of tries, their outcome. */
  readonly pending: readonly number[]
  /** Steps that wait for nothing, in order. */
  readonly start: readonly number[]
  readonly checkInput: SchemaCheck
  /** Those of the request, in order. */
  readonly fields: readonly (readonly [name: string, field: InputField])[]
  readonly answer: Plan['answer']['fields']
}

export interface PreparedStep {
  readonly index: number
  readonly id: string
  readonly plan: PlanStep
  readonly run: NodeRunner['run']
  readonly ready: unknown
  readonly inlets: readonly PreparedInlet[]
  readonly outlets: readonly PlanOutlet[]
  readonly when: readonly number[]
  /** Edges out of `error`. */
  readonly error: readonly number[]
  /** Some outlet is read as a stream when the caller asks for one. */
  readonly streams: boolean
  /** Outlets that may not be taken in vain. */
  readonly unheard: readonly PlanOutlet[]
  /** Some outlet is called like something that every object has, such as `constructor`. */
  readonly inherits: boolean
  /** All edges out, those of `error` included. */
  readonly edges: readonly number[]
  /** Branches that it owns, in order. */
  readonly tries: readonly number[]
  /** First Branches with a time limit that it is inside of: their time begins with their first step. */
  readonly opens: readonly number[]
  /** The Branch that takes its error when `error` has no edge, or -1. */
  readonly capture: number
  readonly places: Places | null
}

export interface PreparedInlet {
  readonly name: string
  readonly required: boolean
  readonly race: boolean
  /** The Branch that feeds it, or -1. */
  readonly branch: number
  readonly edges: readonly number[]
}

export interface PreparedEdge {
  readonly from: number
  readonly to: number
  readonly streams: boolean
  readonly convert: Convert | null
  /** The Branch whose result it carries, or -1: such an edge is counted by the Branch and not by the step. */
  readonly branch: number
  readonly race: Race | null
}

/** An inlet where the first value wins. */
export interface Race {
  readonly step: number
  readonly edges: readonly number[]
  /** Steps that work for one edge alone and are aborted when it loses. */
  readonly feeders: ReadonlyMap<number, readonly number[]>
}

export interface PreparedBranch {
  readonly plan: PlanBranch
  /** Steps that wait for its gate. */
  readonly gated: readonly number[]
  /** Branches that lie inside of it. */
  readonly inner: readonly number[]
  /** The gate of a Branch around it may close: the gated Branches outside, innermost first. */
  readonly outer: readonly number[]
}

export interface Parts {
  readonly runners: Readonly<Record<string, NodeRunner>>
  readonly builders: (stage: 'input' | 'output') => Builders
}

/** Throws `flow_error` with the node when a runner is missing or cannot be prepared. */
export function prepare(plan: Plan, parts: Parts): Prepared {
  const races = racesOf(plan)
  const steps = plan.steps.map((step) => prepareStep(plan, step, parts))
  const pending = plan.steps.map((step) => pendingOf(step, steps[step.index] as PreparedStep))
  return {
    plan,
    steps,
    edges: plan.edges.map((edge) => ({
      from: edge.from,
      to: edge.to,
      streams: edge.streams,
      convert: converterOf(edge, sourceType(plan, edge)),
      branch: plan.branches.find((branch) => branch.edges.includes(edge.index))?.index ?? -1,
      race: races.get(edge.index) ?? null,
    })),
    branches: plan.branches.map((branch) => prepareBranch(plan, branch)),
    pending,
    start: plan.steps.flatMap((step) => (pending[step.index] === 0 ? [step.index] : [])),
    checkInput: parts.builders('input').schema(plan.request.schema),
    fields: Object.entries(plan.request.fields),
    answer: [...plan.answer.fields],
  }
}

function prepareStep(plan: Plan, step: PlanStep, parts: Parts): PreparedStep {
  const runner = Object.hasOwn(parts.runners, step.type) ? parts.runners[step.type] : undefined
  if (!runner)
    throw new AppError('flow_error', { message: `There is no runner for '${step.type}'.`, node: step.id })
  const build = parts.builders(step.stage)
  const owned = plan.branches.filter((branch) => branch.owner === step.index)
  const outlets = step.outlets.map((outlet) => ({ ...outlet, edges: [...outlet.edges] }))
  return {
    index: step.index,
    id: step.id,
    plan: step,
    run: runner.run,
    ready: readyOf(step, runner, build),
    inlets: step.inlets.map((inlet) => prepareInlet(inlet, owned)),
    outlets,
    when: [...step.when],
    error: [...step.error],
    streams: step.outlets.some((outlet) => outlet.streams),
    unheard: outlets.filter((outlet) => outlet.unhandled && outlet.edges.length === 0),
    inherits: step.outlets.some((outlet) => outlet.name in Object.prototype),
    edges: [...step.outlets.flatMap((outlet) => outlet.edges), ...step.error],
    tries: owned.sort((a, b) => a.k - b.k).map((branch) => branch.index),
    opens: plan.branches.flatMap((branch) => (startsClock(branch, step) ? [branch.index] : [])),
    // A step without outlets ends the Run on purpose; it works for no try even where a Branch surrounds it.
    capture: step.error.length === 0 && step.outlets.length > 0 ? step.branch : -1,
    places: step.policy.concurrency === null ? null : placesOf(step.policy.concurrency),
  }
}

function sourceType(plan: Plan, edge: PlanEdge): PortType {
  return plan.steps[edge.from]?.outlets.find((outlet) => outlet.name === edge.outlet)?.type ?? 'error'
}

function readyOf(step: PlanStep, runner: NodeRunner, build: Builders): unknown {
  try {
    return runner.prepare?.({ config: step.config, build })
  } catch (thrown) {
    const error =
      thrown instanceof AppError
        ? thrown
        : new AppError('flow_error', { cause: thrown, message: String(thrown) })
    throw error.at({ node: step.id })
  }
}

function prepareInlet(inlet: PlanInlet, owned: readonly PlanBranch[]): PreparedInlet {
  const { name, required, edges } = inlet
  const branch = owned.find((one) => one.port === name)?.index ?? -1
  return { name, required, edges: [...edges], branch, race: inlet.gather === 'race' }
}

function startsClock(branch: PlanBranch, step: PlanStep): boolean {
  const limited = branch.firstTokenMs !== null || branch.attemptMs !== null
  return branch.k === 1 && limited && branch.members.includes(step.index)
}

function prepareBranch(plan: Plan, branch: PlanBranch): PreparedBranch {
  const outer: number[] = []
  for (let at = branch.parent; at >= 0; at = (plan.branches[at] as PlanBranch).parent) outer.push(at)
  return {
    plan: branch,
    gated: plan.steps.flatMap((step) => (step.gates.includes(branch.index) ? [step.index] : [])),
    inner: plan.branches.flatMap((other) => (branch.members.includes(other.owner) ? [other.index] : [])),
    outer,
  }
}

function pendingOf(step: PlanStep, prepared: PreparedStep): number {
  let count = step.when.length + step.gates.length
  for (const inlet of prepared.inlets) {
    if (inlet.branch >= 0) continue
    count += inlet.race ? Math.min(1, inlet.edges.length) : inlet.edges.length
  }
  return count + (prepared.tries.length > 0 ? 1 : 0)
}

function racesOf(plan: Plan): Map<number, Race> {
  const races = new Map<number, Race>()
  for (const step of plan.steps) {
    for (const inlet of step.inlets) {
      if (inlet.gather !== 'race') continue
      const feeders = new Map(inlet.edges.map((edge) => [edge, feedersOf(plan, edge)]))
      const race: Race = { step: step.index, edges: inlet.edges, feeders }
      for (const edge of inlet.edges) races.set(edge, race)
    }
  }
  return races
}

/** Steps all of whose outgoing edges end in this edge or in another such step. */
function feedersOf(plan: Plan, edge: number): number[] {
  const found = new Set<number>()
  for (let index = plan.steps.length - 1; index >= 0; index -= 1) {
    const step = plan.steps[index] as PlanStep
    const out = [...step.outlets.flatMap((outlet) => outlet.edges), ...step.error]
    if (out.length > 0 && out.every((one) => one === edge || found.has(plan.edges[one]?.to ?? -1))) {
      found.add(index)
    }
  }
  return [...found].reverse()
}
