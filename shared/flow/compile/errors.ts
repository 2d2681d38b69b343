// Who handles the error of a node (nodes.md 1.1.6): an edge, a default or a Branch, and only one of them.
import type { FlowEdit } from '../edit.ts'
import type { Graph } from './graph.ts'
import { error, fieldOf, type Report } from './report.ts'

export function checkErrors(graph: Graph, report: Report): void {
  for (const node of graph.nodes) {
    if (node.policy.onError !== 'default') continue
    const edge = graph.outOf(node).find((each) => each.fromError)
    if (!edge) continue
    const edits: FlowEdit[] = [
      { op: 'unset', path: ['nodes', node.id, 'policy', 'on_error'] },
      { op: 'unset', path: ['nodes', node.id, 'policy', 'default'] },
    ]
    report(
      error('error_policy_conflict', {
        at: { ...fieldOf(node.id, ['policy', 'on_error']), port: 'error' },
        message: `"${node.id}" hands its error on by "${edge.text}" and has a default for it; only one can act`,
        fix: { title: 'Leave the error to the edge', edits },
      }),
    )
  }
}
