// Plays a Plan with dice instead of nodes: settling, gates and failures by the rules of nodes.md 1.1 and 2, nothing else.
// What comes out shows whether the proofs of the compiler hold.
import type { AnyNodeDefinition } from '#shared/flow/definition.ts'
import type { Plan, PlanBranch, PlanStep } from '#shared/flow/plan.ts'
import { pick, type Random } from '../random/flow.ts'

export interface Outcome {
  /** A step failed and nobody took the error, or a node ended the Run. */
  readonly failed: boolean
  /** Inlets that do not race and got more than one value. */
  readonly doubled: readonly string[]
  /** Steps that ran. */
  readonly ran: ReadonlySet<string>
}

export function simulate(
  plan: Plan,
  definitions: ReadonlyMap<string, AnyNodeDefinition>,
  random: Random,
): Outcome {
  const taken = new Map<number, ReadonlySet<string>>()
  const gates = new Map<number, boolean>()
  const doubled: string[] = []
  const ran = new Set<string>()
  let failed = false

  const hasValue = (index: number): boolean => {
    const edge = plan.edges[index]
    const from = plan.steps[edge?.from ?? -1]
    if (!edge || !from) throw new Error('no such edge')
    return settle(from).has(from.error.includes(index) ? ' error' : edge.outlet)
  }

  function isOpen(branch: PlanBranch): boolean {
    const known = gates.get(branch.index)
    if (known !== undefined) return known
    const before = plan.branches.find((other) => other.next === branch.index)
    // An owner that is itself inside of a closed Branch never gets to its tries.
    const reached = branch.parent < 0 || gated(branch.parent)
    const open =
      reached && (!before || (gated(before.index) && !before.edges.some(hasValue) && random() < 0.7))
    gates.set(branch.index, open)
    return open
  }

  function gated(branch: number): boolean {
    const one = plan.branches[branch] as PlanBranch
    return one.k === 1 ? one.parent < 0 || gated(one.parent) : isOpen(one)
  }

  function settle(step: PlanStep): ReadonlySet<string> {
    const known = taken.get(step.index)
    if (known) return known
    const outlets = decide(step)
    taken.set(step.index, outlets)
    return outlets
  }

  function decide(step: PlanStep): ReadonlySet<string> {
    if (step.mode === 'off' || !step.gates.every((gate) => isOpen(plan.branches[gate] as PlanBranch)))
      return none
    const filled = new Set<string>()
    for (const inlet of step.inlets) {
      const values = inlet.edges.filter(hasValue).length
      if (values > 0) filled.add(inlet.name)
      if (values > 1 && inlet.gather !== 'race') doubled.push(`${step.id}.${inlet.name}`)
    }
    if (typeof step.mode === 'object')
      return filled.has(step.mode.from) && whenHolds(step) ? new Set([step.mode.to]) : none
    if (!whenHolds(step) || step.inlets.some(({ name, required }) => required && !filled.has(name)))
      return none
    ran.add(step.id)
    return run(step, filled)
  }

  const whenHolds = (step: PlanStep) => step.when.length === 0 || step.when.filter(hasValue).length > 0

  function run(step: PlanStep, filled: ReadonlySet<string>): ReadonlySet<string> {
    const definition = definitions.get(step.type)
    if (!definition) throw new Error('no definition')
    if (step.outlets.length === 0) {
      if (step.answer < 0) failed = true
      return none
    }
    const tries = definition.tries?.(step.config)
    const lost = tries !== undefined && !tries.ports.some((port) => filled.has(port))
    if (lost || random() < 0.15) return fail(step)
    const outlets = new Set(step.outlets.map(({ name }) => name))
    for (const group of definition.exclusive?.(step.config) ?? []) {
      const arm = pick(random, group)
      for (const other of group) if (other !== arm) outlets.delete(other)
    }
    const ports =
      typeof definition.outputs === 'function' ? definition.outputs(step.config) : definition.outputs
    for (const [name, port] of Object.entries(ports)) {
      const stem = port.sameAs?.replace(/\d+$/, '')
      if (port.optional && random() < 0.5) outlets.delete(name)
      if (stem !== undefined && ![...filled].some((inlet) => inlet.startsWith(stem))) outlets.delete(name)
      const fields = definition.request?.(step.config)
      const field = fields?.kind === 'fields' ? fields.fields[name] : undefined
      if (field && !field.required && random() < 0.5) outlets.delete(name)
    }
    const vain = step.outlets.some(({ name, unhandled }) => unhandled && outlets.has(name))
    return vain ? fail(step) : outlets
  }

  function fail(step: PlanStep): ReadonlySet<string> {
    if (step.error.length > 0) return new Set([' error'])
    if (step.branch >= 0) return none
    if (step.policy.onError === 'default') return new Set(Object.keys(step.policy.default ?? {}))
    failed = true
    return none
  }

  for (const step of plan.steps) settle(step)
  return { failed, doubled, ran }
}

const none: ReadonlySet<string> = new Set()
