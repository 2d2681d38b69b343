// Pass 3: edges find their ports, types fit, and every inlet gets as many edges as it can take.
import { didYouMean } from '../diagnostics.ts'
import { edgeText, type FlowEdit, parseEdge } from '../edit.ts'
import type { Inlet, Outlet } from '../ports.ts'
import type { CompileEnv } from './env.ts'
import { adapterFix, coalesceFix, feedFix } from './fixes.ts'
import { type Graph, type GraphEdge, type GraphNode, graphOf } from './graph.ts'
import { edgeAt, error, hint, type Report } from './report.ts'
import type { ShapedFlow } from './shape.ts'
import { requireOf } from './targets.ts'
import { portTypes } from './types.ts'

/** An edge between two nodes of the flow, whether its ports fit or not. */
export interface Link {
  readonly text: string
  readonly at: number
  readonly from: string
  readonly outlet: string
  readonly to: string
  readonly inlet: string
}

/** By id; null for a node that was not understood, whose ports are therefore not known. */
export type Nodes = ReadonlyMap<string, GraphNode | null>

export interface Connected {
  readonly graph: Graph
  readonly links: readonly Link[]
}

export function connect(
  flow: ShapedFlow,
  nodes: Nodes,
  leftOut: ReadonlySet<string>,
  env: CompileEnv,
  report: Report,
): Connected {
  const links = flow.edges.flatMap((edge) => linkOf(edge, nodes, leftOut, report) ?? [])
  const ports = links.flatMap((link) => portsOf(link, nodes, report) ?? [])
  const known = [...nodes.values()].filter((node) => node !== null)
  const typed = portTypes(ports)
  const edges: GraphEdge[] = []
  for (const end of ports) {
    const { type, wanted, conversion } = typed.of(end)
    const secret = secretProblem(end)
    if (secret) report(secret)
    else if (conversion === undefined) report(mismatch(end, { type, wanted }, flow, env))
    else edges.push({ ...end, type, conversion })
  }
  const graph = graphOf(known, edges)
  const linked = byInlet(links)
  for (const node of known) checkInlets(node, linked, { flow, graph, env }, report)
  for (const node of known) checkInputs(node, graph, env, report)
  return { graph, links }
}

function linkOf(
  edge: ShapedFlow['edges'][number],
  nodes: Nodes,
  leftOut: ReadonlySet<string>,
  report: Report,
): Link | undefined {
  const ends = parseEdge(edge.text)
  if (!ends) return undefined
  const missing = [ends.from, ends.to].filter((end) => !nodes.has(end.node) && !leftOut.has(end.node))
  for (const { node } of missing) {
    const close = didYouMean(node, nodes.keys())
    const renamed = (end: { node: string; port: string }) =>
      end.node === node ? { ...end, node: close ?? '' } : end
    const replacement = edgeText({ from: renamed(ends.from), to: renamed(ends.to) })
    report(
      error('unknown_port', {
        at: edgeAt(edge),
        message: `the edge "${edge.text}" names the node "${node}", which is not there${hint(node, nodes.keys())}`,
        fix: close === undefined ? remove(edge.text) : replace(edge.text, replacement),
      }),
    )
  }
  if (missing.length > 0 || leftOut.has(ends.from.node) || leftOut.has(ends.to.node)) return undefined
  return { ...edge, from: ends.from.node, outlet: ends.from.port, to: ends.to.node, inlet: ends.to.port }
}

/** A link whose two ports exist. */
export interface PortLink extends Omit<GraphEdge, 'type' | 'conversion'> {
  /** Undefined for `error`. */
  readonly source: Outlet | undefined
  /** Undefined for `when`. */
  readonly sink: Inlet | undefined
}

function portsOf(link: Link, nodes: Nodes, report: Report): PortLink | undefined {
  const from = nodes.get(link.from)
  const to = nodes.get(link.to)
  const source = from?.outlets.get(link.outlet)
  const sink = to?.inlets.get(link.inlet)
  const fromError = !source && link.outlet === 'error' && from?.common.error === true
  const toWhen = !sink && link.inlet === 'when' && to?.common.when === true
  const outletFits = !from || source !== undefined || fromError
  const inletFits = !to || sink !== undefined || toWhen
  if (!outletFits) report(unknownPort(link, from, 'outlet'))
  if (!inletFits) report(unknownPort(link, to, 'inlet'))
  if (!from || !to || !outletFits || !inletFits) return undefined
  const { text, at, outlet, inlet } = link
  return { text, at, from, outlet, fromError, to, inlet, toWhen, source, sink }
}

function unknownPort(link: Link, node: GraphNode, side: 'inlet' | 'outlet') {
  const word = link[side]
  const common = side === 'inlet' ? node.common.when && 'when' : node.common.error && 'error'
  const names = [...(side === 'inlet' ? node.inlets : node.outlets).keys(), ...(common ? [common] : [])]
  const close = didYouMean(word, names)
  const fixed = { ...link, [side]: close ?? '' }
  const text = edgeText({
    from: { node: fixed.from, port: fixed.outlet },
    to: { node: fixed.to, port: fixed.inlet },
  })
  const has = names.length === 0 ? `it has none` : `it has ${names.join(', ')}`
  return error('unknown_port', {
    at: { node: node.id, port: word, ...edgeAt(link) },
    message: `"${node.id}" (${node.node.type}) has no ${side} "${word}"${close === undefined ? `; ${has}` : hint(word, names)}`,
    fix: close === undefined ? remove(link.text) : replace(link.text, text),
  })
}

/** A secret goes to a secret inlet, and nothing else does. */
function secretProblem(end: PortLink) {
  const secret = end.source?.secret === true
  if (secret === (end.sink?.secret === true)) return undefined
  return error('type_mismatch', {
    at: { node: end.to.id, port: end.inlet, ...edgeAt(end) },
    message: secret
      ? `"${end.from.id}.${end.outlet}" is secret and may only go to an inlet made for it`
      : `"${end.to.id}.${end.inlet}" takes only the secret value of the node that made it`,
    fix: remove(end.text),
  })
}

function mismatch(end: PortLink, types: { type: string; wanted: string }, flow: ShapedFlow, env: CompileEnv) {
  const fix = adapterFix(end, types, flow, env)
  return error('type_mismatch', {
    at: { node: end.to.id, port: end.inlet, ...edgeAt(end) },
    message: `"${end.from.id}.${end.outlet}" gives ${types.type}, "${end.to.id}.${end.inlet}" takes ${types.wanted}${fix ? `; a ${fix.type} node between them fits` : ''}`,
    fix: fix ?? remove(end.text),
  })
}

interface Drawing {
  readonly flow: ShapedFlow
  readonly graph: Graph
  readonly env: CompileEnv
}

function checkInlets(node: GraphNode, linked: ByInlet, drawing: Drawing, report: Report): void {
  const into = linked.get(node.id)
  for (const [name, inlet] of node.inlets) {
    const fed = into?.get(name) ?? []
    if (fed.length === 0 && inlet.required) {
      const fix = feedFix(node, name, drawing)
      report(
        error('inlet_unfed', {
          at: { node: node.id, port: name, path: ['nodes', node.id] },
          message: `the inlet "${name}" of "${node.id}" (${node.node.type}) needs an edge`,
          ...(fix ? { fix } : {}),
        }),
      )
    }
    if (fed.length > 1 && inlet.gather === 'one') {
      const second = fed[1] as Link
      report(
        error('inlet_double', {
          at: { node: node.id, port: name, ...edgeAt(second) },
          message: `the inlet "${name}" of "${node.id}" takes one edge, ${fed.length} end there`,
          fix: coalesceFix(fed, node.id, name, drawing) ?? {
            title: `Keep only ${(fed[0] as Link).text}`,
            edits: fed.slice(1).map((link): FlowEdit => ({ op: 'remove-edge', edge: link.text })),
          },
        }),
      )
    }
  }
}

type ByInlet = ReadonlyMap<string, ReadonlyMap<string, readonly Link[]>>

function byInlet(links: readonly Link[]): ByInlet {
  const nodes = new Map<string, Map<string, Link[]>>()
  for (const link of links) {
    const inlets = nodes.get(link.to) ?? new Map<string, Link[]>()
    nodes.set(link.to, inlets)
    const list = inlets.get(link.inlet)
    if (list) list.push(link)
    else inlets.set(link.inlet, [link])
  }
  return nodes
}

/** What a model is given decides what it must be able to do. */
function checkInputs(node: GraphNode, graph: Graph, env: CompileEnv, report: Report): void {
  if (node.definition.upstream !== 'model') return
  const into = graph.into(node)
  if (into.some((edge) => node.inlets.get(edge.inlet)?.type === 'tools'))
    requireOf(node, ['tools'], env, report)
  if (into.some((edge) => edge.conversion === 'image-to-messages')) requireOf(node, ['images'], env, report)
}

function remove(edge: string) {
  return { title: 'Remove the edge', edits: [{ op: 'remove-edge', edge }] as const }
}

function replace(edge: string, by: string) {
  return {
    title: `Change it to ${by}`,
    edits: [
      { op: 'remove-edge', edge },
      { op: 'add-edge', edge: by },
    ] as const,
  }
}
