// Nodes that take one of several outlets, as options to reason about.
import type { Graph, GraphNode } from './graph.ts'

/** Options by number; null: never has a value. 0 is `perhaps`: something that no choice of the flow decides. */
export type Needs = ReadonlySet<number> | null
export const perhaps = 0

/** At most one of `options` comes true; exactly one of them when `closed`. */
interface Choice {
  readonly options: number[]
  readonly closed: boolean
}

export function union(all: readonly Needs[]): Needs {
  if (all.includes(null)) return null
  const filled = all.filter((needs) => needs !== null && needs.size > 0) as ReadonlySet<number>[]
  if (filled.length <= 1) return filled[0] ?? none
  return new Set(filled.flatMap((needs) => [...needs]))
}
const none: ReadonlySet<number> = new Set()

/** Work that one proof may cost; what is not proved by then counts as not provable. */
const proofLimit = 100_000

export class Choices {
  readonly #choiceOf: (Choice | undefined)[] = [undefined]
  readonly #ok = new Map<GraphNode, number>()
  readonly #error = new Map<GraphNode, number>()
  readonly #outlets = new Map<GraphNode, Map<string, number[]>>()
  readonly #chosen = new WeakMap<ReadonlySet<number>, ReadonlyMap<Choice, ReadonlySet<number>>>()

  constructor(graph: Graph) {
    for (const node of graph.nodes) if (node.mode === 'on') this.#addNode(node, graph)
  }

  #addNode(node: GraphNode, graph: Graph): void {
    const out = graph.outOf(node)
    if (out.some((edge) => edge.fromError)) {
      const failing: Choice = { options: [], closed: true }
      this.#ok.set(node, this.#addOption(failing))
      this.#error.set(node, this.#addOption(failing))
    }
    const connected = new Set(out.filter((edge) => !edge.fromError).map((edge) => edge.outlet))
    const outlets = new Map<string, number[]>()
    this.#outlets.set(node, outlets)
    for (const group of node.exclusive) {
      const joined = group.filter((outlet) => connected.has(outlet))
      // An arm without an edge may be taken too, unless taking it fails the step.
      const closed = group.every((outlet) => connected.has(outlet) || node.unhandled.has(outlet))
      if (joined.length < 2 && closed) continue
      const choice: Choice = { options: [], closed }
      for (const outlet of joined) {
        const options = outlets.get(outlet) ?? []
        options.push(this.#addOption(choice))
        outlets.set(outlet, options)
      }
    }
  }

  #addOption(choice: Choice): number {
    const option = this.#choiceOf.push(choice) - 1
    choice.options.push(option)
    return option
  }

  error(node: GraphNode): Needs {
    const option = this.#error.get(node)
    return option === undefined ? none : new Set([option])
  }

  /** That the node ends well and takes this outlet. */
  taken(node: GraphNode, outlet: string): Needs {
    const needs = new Set(this.#outlets.get(node)?.get(outlet))
    const ok = this.#ok.get(node)
    if (ok !== undefined) needs.add(ok)
    if (isOptional(node, outlet)) needs.add(perhaps)
    return needs
  }

  /** Do they need different options of one choice? */
  clash(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
    const [few, many] = a.size < b.size ? [a, b] : [b, a]
    const chosen = this.#byChoice(many)
    for (const option of few) {
      const choice = this.#choiceOf[option]
      const others = choice && chosen.get(choice)
      if (others && (others.size > 1 || !others.has(option))) return true
    }
    return false
  }

  /** Does each need another option of one and the same choice? The usual case, told without looking at pairs. */
  areArms(all: readonly ReadonlySet<number>[]): boolean {
    const [first] = all
    if (!first) return true
    return [...this.#byChoice(first).keys()].some((choice) => {
      const options = all.map((needs) => this.#byChoice(needs).get(choice))
      const single = options.flatMap((chosen) => (chosen?.size === 1 ? [...chosen] : []))
      return single.length === all.length && new Set(single).size === all.length
    })
  }

  #byChoice(needs: ReadonlySet<number>): ReadonlyMap<Choice, ReadonlySet<number>> {
    const known = this.#chosen.get(needs)
    if (known) return known
    const chosen = new Map<Choice, Set<number>>()
    for (const option of needs) {
      const choice = this.#choiceOf[option]
      if (!choice) continue
      const options = chosen.get(choice)
      if (options) options.add(option)
      else chosen.set(choice, new Set([option]))
    }
    this.#chosen.set(needs, chosen)
    return chosen
  }

  /** Does one of the alternatives hold for every way to choose? */
  cover(alternatives: readonly ReadonlySet<number>[]): boolean {
    let work = 0
    const holds = (sets: readonly ReadonlySet<number>[]): boolean => {
      if (sets.some((set) => set.size === 0)) return true
      const [option] = sets[0] ?? []
      const choice = option === undefined ? undefined : this.#choiceOf[option]
      work += sets.length
      if (!choice || work > proofLimit) return false
      const { open, byOption } = this.#split(sets, choice)
      // None of them is one more way, and the hardest: what holds then holds for each option.
      if (!choice.closed) return holds(open)
      return choice.options.every((chosen) => holds([...open, ...(byOption.get(chosen) ?? [])]))
    }
    return holds(alternatives.filter((set) => !set.has(perhaps)))
  }

  /** What each option leaves to be proved; `open` does not depend on this choice. */
  #split(sets: readonly ReadonlySet<number>[], choice: Choice) {
    const open: ReadonlySet<number>[] = []
    const byOption = new Map<number, ReadonlySet<number>[]>()
    for (const set of sets) {
      const [chosen, another] = [...set].filter((option) => this.#choiceOf[option] === choice)
      if (chosen === undefined) open.push(set)
      if (chosen === undefined || another !== undefined) continue
      const rest = new Set(set)
      rest.delete(chosen)
      byOption.set(chosen, [...(byOption.get(chosen) ?? []), rest])
    }
    return { open, byOption }
  }
}

/** May this outlet stay absent although the node ended well? */
function isOptional(node: GraphNode, outlet: string): boolean {
  if (node.outlets.get(outlet)?.optional) return true
  if (node.policy.onError === 'default' && !inDefault(node, outlet)) return true
  const field = node.request?.kind === 'fields' ? node.request.fields[outlet] : undefined
  return field !== undefined && !field.required && field.default === undefined
}

/** After a failure the outlet, or another arm of its group, still gets a value. */
function inDefault(node: GraphNode, outlet: string): boolean {
  const values = node.node.policy?.default ?? {}
  const arms = [outlet, ...node.exclusive.filter((group) => group.includes(outlet)).flat()]
  return arms.some((arm) => Object.hasOwn(values, arm))
}
