// When does an edge have a value? Each node that takes one of several outlets is a choice; what an edge needs is a set
// of options. From these sets follow the merge proof (nodes.md 1.5) and whether an output can be missed.
import { Choices, type Needs, perhaps, union } from './choices.ts'
import { carriedInlets, type Graph, type GraphEdge, type GraphNode } from './graph.ts'

export interface Presence {
  ofNode(node: GraphNode): Needs
  /** Two of these edges that may both have a value, or undefined when it is proved that no two can. */
  clashing(edges: readonly GraphEdge[]): readonly [GraphEdge, GraphEdge] | undefined
  /** Is it certain that at least one of these comes true, whatever is chosen? */
  covered(alternatives: readonly Needs[]): boolean
}

export function presenceOf(graph: Graph): Presence {
  const choices = new Choices(graph)
  const ofNode = new Map<GraphNode, Needs>()
  const ofOutlet = new Map<GraphNode, Map<string, Needs>>()
  for (const node of graph.nodes) {
    ofNode.set(node, needsOfNode(node))
    ofOutlet.set(node, new Map())
  }

  function needsOfNode(node: GraphNode): Needs {
    if (node.mode === 'off') return null
    const into = graph.into(node)
    const gathered = requiredInlets(node).map((name) =>
      gather(into.filter((edge) => !edge.toWhen && edge.inlet === name)),
    )
    const when = into.filter((edge) => edge.toWhen)
    return union(when.length > 0 ? [...gathered, gather(when)] : gathered)
  }

  function requiredInlets(node: GraphNode): readonly string[] {
    if (typeof node.mode === 'object') return [node.mode.from]
    // A try that fails is no reason to skip: the node starts when all of them have settled.
    const tries = new Set(node.tries?.ports)
    const required = [...node.inlets].filter(([name, inlet]) => inlet.required && !tries.has(name))
    return required.map(([name]) => name)
  }

  /** At least one of these edges: what they have in common, and `perhaps` unless the rest is certain. */
  function gather(edges: readonly GraphEdge[]): Needs {
    const live = edges.map((edge) => ofEdge(edge)).filter((needs) => needs !== null)
    const [first, ...others] = live
    if (!first) return null
    if (others.length === 0) return first
    const shared = new Set([...first].filter((option) => others.every((needs) => needs.has(option))))
    const rest = live.map((needs) => new Set([...needs].filter((option) => !shared.has(option))))
    return choices.cover(rest) ? shared : shared.add(perhaps)
  }

  function ofEdge(edge: GraphEdge): Needs {
    const key = edge.fromError ? ' error' : edge.outlet
    const known = ofOutlet.get(edge.from)
    const before = known?.get(key)
    if (before !== undefined) return before
    const needs = edge.fromError ? errorNeeds(edge.from) : outletNeeds(edge.from, edge.outlet)
    known?.set(key, needs)
    return needs
  }

  function errorNeeds(node: GraphNode): Needs {
    return node.mode === 'on' ? union([ofNode.get(node) ?? null, choices.error(node)]) : null
  }

  function outletNeeds(node: GraphNode, outlet: string): Needs {
    if (typeof node.mode === 'object' && outlet !== node.mode.to) return null
    const base = [ofNode.get(node) ?? null]
    if (node.mode === 'on') base.push(choices.taken(node, outlet))
    const carried = carriedInlets(node, outlet)
    if (carried.length > 0) base.push(handedOn(node, carried))
    return union(base)
  }

  function handedOn(node: GraphNode, inlets: readonly string[]): Needs {
    const edges = graph.into(node).filter((edge) => !edge.toWhen && inlets.includes(edge.inlet))
    if (edges.length === 0) return new Set([perhaps])
    const needs = gather(edges)
    if (!node.tries || needs === null) return needs
    // Without a value from any try the node fails, so whoever goes on had one.
    return new Set([...needs].filter((option) => option !== perhaps))
  }

  function exclusive(a: GraphEdge, b: GraphEdge): boolean {
    const [one, other] = [ofEdge(a), ofEdge(b)]
    return one === null || other === null || choices.clash(one, other)
  }

  return {
    ofNode: (node) => ofNode.get(node) ?? null,
    clashing(edges) {
      const live = edges.flatMap((edge) => ofEdge(edge) ?? [])
      if (choices.areArms(live)) return undefined
      for (const [at, second] of edges.entries()) {
        const first = edges.slice(0, at).find((edge) => !exclusive(edge, second))
        if (first) return [first, second]
      }
      return undefined
    },
    covered: (alternatives) => choices.cover(alternatives.filter((needs) => needs !== null)),
  }
}
