// Pass 5, first part: no `merge` inlet can get two values, and every required output gets one.
import type { FlowEdit } from '../edit.ts'
import type { CompileEnv } from './env.ts'
import { coalesceFix } from './fixes.ts'
import type { Graph, GraphNode } from './graph.ts'
import type { Presence } from './presence.ts'
import { edgeAt, error, type Report, warning } from './report.ts'
import type { ShapedFlow } from './shape.ts'

export function checkMerges(
  graph: Graph,
  presence: Presence,
  where: { flow: ShapedFlow; env: CompileEnv },
  report: Report,
): void {
  for (const node of graph.nodes) {
    for (const [name, inlet] of node.inlets) {
      if (inlet.gather !== 'merge') continue
      const edges = graph.into(node).filter((edge) => !edge.toWhen && edge.inlet === name)
      const [first, second] = presence.clashing(edges) ?? []
      if (!first || !second) continue
      const links = edges.map((edge) => ({ text: edge.text, from: edge.from.id, outlet: edge.outlet }))
      const fix = coalesceFix(links, node.id, name, where)
      report(
        error('merge_not_exclusive', {
          at: { node: node.id, port: name, ...edgeAt(second) },
          message: `"${node.id}.${name}" takes one value, and "${first.text}" and "${second.text}" may both have one`,
          ...(fix ? { fix } : {}),
        }),
      )
    }
  }
}

/** Steps that end the Run cover the cases in which they are reached. */
export function checkOutputs(graph: Graph, presence: Presence, report: Report): void {
  const endings = graph.nodes.filter(endsRun).map((node) => presence.ofNode(node))
  for (const node of graph.nodes) {
    if (!node.answer?.required || presence.covered([presence.ofNode(node), ...endings])) continue
    const edits: FlowEdit[] = [{ op: 'set', path: ['nodes', node.id, 'config', 'required'], value: false }]
    const optional = Object.hasOwn(asRecord(node.config), 'required')
    report(
      warning('output_missable', {
        at: { node: node.id, path: ['nodes', node.id] },
        message: `the output "${node.answer.field}" is required, and it is not certain that it always gets a value`,
        ...(optional ? { fix: { title: 'Make it optional', edits } } : {}),
      }),
    )
  }
}

function endsRun(node: GraphNode): boolean {
  return node.outlets.size === 0 && node.answer === null && node.effects === 'pure'
}

function asRecord(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}
