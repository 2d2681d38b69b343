// What a value carries along its way: that it came from outside (guardrails 10), or that it may not leave this machine.
import type { FlowEdit } from '../edit.ts'
import type { CompileEnv } from './env.ts'
import type { Graph, GraphEdge, GraphNode } from './graph.ts'
import { edgeAt, error, fieldOf, type Report } from './report.ts'
import { connectionOf, isLoopback, targetPath } from './targets.ts'

export interface Taint {
  untrusted(edge: GraphEdge): boolean
  /** A `local_only` value reaches this node. */
  localOnly(node: GraphNode): boolean
  /** A model stands before this node. */
  afterModel(node: GraphNode): boolean
}

export function taintOf(graph: Graph): Taint {
  const untrusted = new Set<GraphEdge>()
  const local = new Set<GraphEdge>()
  const localNodes = new Set<GraphNode>()
  const afterModel = new Set<GraphNode>()
  for (const node of graph.nodes) {
    const into = graph.into(node)
    const values = into.filter((edge) => !edge.toWhen)
    const marked = values.some((edge) => untrusted.has(edge)) && node.definition.fences !== true
    if (values.some((edge) => local.has(edge))) localNodes.add(node)
    if (into.some((edge) => afterModel.has(edge.from) || isModel(edge.from))) afterModel.add(node)
    for (const edge of graph.outOf(node)) {
      if (marked || (!edge.fromError && node.outlets.get(edge.outlet)?.untrusted)) untrusted.add(edge)
      if (localNodes.has(node) || isLocalField(edge)) local.add(edge)
    }
  }
  return {
    untrusted: (edge) => untrusted.has(edge),
    localOnly: (node) => localNodes.has(node),
    afterModel: (node) => afterModel.has(node),
  }
}

function isModel(node: GraphNode): boolean {
  return node.definition.upstream === 'model' && node.mode === 'on'
}

function isLocalField({ from, outlet }: GraphEdge): boolean {
  return from.request?.kind === 'fields' && from.request.fields[outlet]?.local_only === true
}

export function checkTaint(graph: Graph, taint: Taint, env: CompileEnv, report: Report): void {
  for (const node of graph.nodes) {
    if (node.mode !== 'on') continue
    if (taint.localOnly(node)) checkLeaks(node, env, report)
    if (env.allowUntrustedInSystem) continue
    for (const edge of graph.into(node)) {
      if (edge.toWhen || !taint.untrusted(edge) || !node.systemInlets.includes(edge.inlet)) continue
      const edits: FlowEdit[] = [{ op: 'remove-edge', edge: edge.text }]
      report(
        error('untrusted_in_system', {
          at: { node: node.id, port: edge.inlet, ...edgeAt(edge) },
          message: `"${edge.from.id}.${edge.outlet}" holds text from outside; "${node.id}.${edge.inlet}" would put it into a system part, where a model takes it for orders`,
          fix: { title: `Remove ${edge.text}`, edits },
        }),
      )
    }
  }
}

function checkLeaks(node: GraphNode, env: CompileEnv, report: Report): void {
  const remote = [...new Set(node.targets)].filter((target) => connectionOf(target, env)?.local === false)
  const local = node.targets.filter((target) => !remote.includes(target))
  for (const target of remote) {
    const path = targetPath(node, target)
    const listed = typeof path.at(-1) === 'number'
    const edits: FlowEdit[] = [{ op: 'set', path: ['nodes', node.id, ...path.slice(0, -1)], value: local }]
    report(
      error('local_only_leak', {
        at: fieldOf(node.id, path),
        message: `a local_only value reaches "${node.id}", and "${target}" is not on this machine`,
        ...(listed && local.length > 0 ? { fix: { title: 'Keep only the local targets', edits } } : {}),
      }),
    )
  }
  for (const host of new Set(node.hosts)) {
    if (isLoopback(host)) continue
    const message = `a local_only value reaches "${node.id}", and it contacts ${host}`
    report(error('local_only_leak', { at: fieldOf(node.id, ['config']), message }))
  }
}
