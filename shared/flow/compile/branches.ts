// Lowers nodes with tries (nodes.md 2): which steps run only for which try, and which gates they wait for.

import type { TriesSpec } from '../definition.ts'
import type { FlowEdit } from '../edit.ts'
import type { Graph, GraphEdge, GraphNode } from './graph.ts'
import { edgeAt, error, fieldOf, type Report, warning } from './report.ts'

export interface Branch {
  readonly owner: GraphNode
  readonly port: string
  /** 1-based; the first has no gate. */
  readonly k: number
  readonly tries: TriesSpec
  readonly edges: readonly GraphEdge[]
  /** The Branch around the owner. */
  readonly parent: Branch | null
  /** Of the outermost: 1. */
  readonly depth: number
}

export interface Branches {
  /** By owner in order, then by k. */
  readonly all: readonly Branch[]
  /** The innermost Branch of a node. */
  of(node: GraphNode): Branch | null
  /** Every Branch that a node is inside of, innermost first. */
  around(node: GraphNode): readonly Branch[]
}

/**
 * A node belongs to a Branch when all its edges end at that port or at another member, so its innermost Branch is the
 * innermost one that all those ends have in common. Ends are settled before the node, walking from the back.
 */
export function branchesOf(graph: Graph): Branches {
  const innermost = new Map<GraphNode, Branch | null>()
  const owned = new Map<GraphNode, ReadonlyMap<string, Branch>>()
  for (const node of graph.nodes.toReversed()) {
    const ends = graph.outOf(node).map((edge) => endOf(edge))
    const branch = ends.length === 0 ? null : ends.reduce((a, b) => common(a, b))
    innermost.set(node, branch)
    if (node.tries) owned.set(node, ownBranches(node, node.tries, branch))
  }

  function endOf(edge: GraphEdge): Branch | null {
    const own = edge.toWhen ? undefined : owned.get(edge.to)?.get(edge.inlet)
    return own ?? innermost.get(edge.to) ?? null
  }

  function ownBranches(
    owner: GraphNode,
    tries: TriesSpec,
    parent: Branch | null,
  ): ReadonlyMap<string, Branch> {
    const into = graph.into(owner).filter((edge) => !edge.toWhen)
    const ports = tries.ports.filter((port) => owner.inlets.has(port))
    return new Map(
      ports.map((port, at) => {
        const edges = into.filter((edge) => edge.inlet === port)
        return [port, { owner, port, k: at + 1, tries, edges, parent, depth: depthOf(parent) + 1 }]
      }),
    )
  }

  const around = new Map(graph.nodes.map((node) => [node, outward(innermost.get(node) ?? null)]))
  return {
    all: graph.nodes.flatMap((node) => [...(owned.get(node)?.values() ?? [])]),
    of: (node) => innermost.get(node) ?? null,
    around: (node) => around.get(node) ?? [],
  }
}

/** The Branch and those around it, innermost first. */
function outward(branch: Branch | null): readonly Branch[] {
  const list: Branch[] = []
  for (let at = branch; at; at = at.parent) list.push(at)
  return list
}

function common(a: Branch | null, b: Branch | null): Branch | null {
  let [one, other] = [a, b]
  while (one !== other) {
    if (depthOf(one) >= depthOf(other)) one = one?.parent ?? null
    else other = other?.parent ?? null
  }
  return one
}

function depthOf(branch: Branch | null): number {
  return branch?.depth ?? 0
}

export function checkBranches(graph: Graph, branches: Branches, report: Report): void {
  for (const branch of branches.all) {
    for (const edge of branch.edges) {
      if (edge.from.effects === 'pure' || branches.around(edge.from).includes(branch)) continue
      for (const leak of graph.outOf(edge.from))
        if (leaves(leak, branch, branches)) report(leakProblem(leak, branch))
    }
  }
  for (const node of graph.nodes) {
    const branch = branches.of(node)
    if (branch && node.policy.onError === 'default') report(idleDefault(node, branch))
  }
  for (const owner of new Set(branches.all.map((branch) => branch.owner))) {
    if (owner.tries?.restart) checkRestart(owner, graph, branches, report)
  }
}

function leaves(edge: GraphEdge, branch: Branch, branches: Branches): boolean {
  const atPort = edge.to === branch.owner && edge.inlet === branch.port && !edge.toWhen
  return !atPort && !branches.around(edge.to).includes(branch)
}

function leakProblem(edge: GraphEdge, { owner, port }: Branch) {
  const edits: FlowEdit[] = [{ op: 'remove-edge', edge: edge.text }]
  return error('branch_leaks', {
    at: { node: owner.id, port, ...edgeAt(edge) },
    message: `"${edge.from.id}" feeds "${owner.id}.${port}" and, by "${edge.text}", something outside of that branch; it would run before its turn`,
    fix: { title: `Remove ${edge.text}`, edits },
  })
}

/** A Branch takes every error that has no edge, before a default could (nodes.md 1.1.6). */
function idleDefault({ id }: GraphNode, { owner, port }: Branch) {
  const edits: FlowEdit[] = [
    { op: 'unset', path: ['nodes', id, 'policy', 'on_error'] },
    { op: 'unset', path: ['nodes', id, 'policy', 'default'] },
  ]
  return warning('not_enforced', {
    at: fieldOf(id, ['policy', 'on_error']),
    message: `the default of "${id}" never acts: an error ends the try "${owner.id}.${port}"`,
    fix: { title: 'Remove the default', edits },
  })
}

/** A restart makes void what was already passed on, so nothing on the way may have changed anything outside. */
function checkRestart(owner: GraphNode, graph: Graph, branches: Branches, report: Report): void {
  const after = new Set([owner])
  for (const node of after) for (const edge of graph.outOf(node)) after.add(edge.to)
  const writer = graph.nodes.find(
    (node) =>
      node.effects === 'writes' &&
      (after.has(node) || branches.around(node).some((branch) => branch.owner === owner)),
  )
  if (!writer) return
  const edits: FlowEdit[] = [{ op: 'set', path: ['nodes', owner.id, 'config', 'restart'], value: false }]
  report(
    error('config_invalid', {
      at: fieldOf(owner.id, ['config', 'restart']),
      message: `"${owner.id}" cannot restart: "${writer.id}" on its way may change something outside`,
      fix: { title: 'Do not restart', edits },
    }),
  )
}
