import type { PlanBranch } from '../plan.ts'
import type { Branch, Branches } from './branches.ts'
import type { Graph, GraphEdge } from './graph.ts'

export function lowerBranches(
  graph: Graph,
  branches: Branches,
  edgeIndex: ReadonlyMap<GraphEdge, number>,
): readonly PlanBranch[] {
  const indexes = new Map(branches.all.map((branch, index) => [branch, index]))
  const members = new Map(branches.all.map((branch): [Branch, number[]] => [branch, []]))
  for (const [index, node] of graph.nodes.entries()) {
    for (const branch of branches.around(node)) members.get(branch)?.push(index)
  }
  return branches.all.map((branch, index): PlanBranch => {
    const { owner, port, k, tries, edges, parent } = branch
    const next = branches.all[index + 1]
    return {
      index,
      owner: graph.index(owner),
      port,
      k,
      edges: edges.map((edge) => edgeIndex.get(edge) ?? -1),
      members: members.get(branch) ?? [],
      parent: parent ? (indexes.get(parent) ?? -1) : -1,
      next: next?.owner === owner ? index + 1 : -1,
      advanceOn: tries.advanceOn,
      firstTokenMs: tries.firstTokenMs ?? null,
      attemptMs: tries.attemptMs ?? null,
      restart: tries.restart,
      degraded: tries.degradedFrom !== undefined && k >= tries.degradedFrom,
    }
  })
}
