// Pass 3: edges find their ports, types fit, and every inlet gets as many edges as it can take.
import type { FlowEdit } from '../edit.ts'
import type { CompileEnv } from './env.ts'
import { adapterFix, coalesceFix, feedFix, type Offers, offersOf, removeEdge } from './fixes.ts'
import { type Graph, type GraphEdge, type GraphNode, graphOf } from './graph.ts'
import { type Link, linksOf, type Nodes, type PortLink, portsOf } from './links.ts'
import { edgeAt, error, type Report } from './report.ts'
import type { ShapedFlow } from './shape.ts'
import { requireOf } from './targets.ts'
import { portTypes } from './types.ts'

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
  const links = linksOf(flow, nodes, leftOut, report)
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
  const drawing = { flow, graph, env, offers: offersOf(graph) }
  for (const node of known) checkInlets(node, linked, drawing, report)
  for (const node of known) checkInputs(node, graph, env, report)
  return { graph, links }
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
    fix: removeEdge(end.text),
  })
}

function mismatch(end: PortLink, types: { type: string; wanted: string }, flow: ShapedFlow, env: CompileEnv) {
  const fix = adapterFix(end, types, flow, env)
  return error('type_mismatch', {
    at: { node: end.to.id, port: end.inlet, ...edgeAt(end) },
    message: `"${end.from.id}.${end.outlet}" gives ${types.type}, "${end.to.id}.${end.inlet}" takes ${types.wanted}${fix ? `; a ${fix.type} node between them fits` : ''}`,
    fix: fix ?? removeEdge(end.text),
  })
}

interface Drawing {
  readonly flow: ShapedFlow
  readonly graph: Graph
  readonly env: CompileEnv
  readonly offers: Offers
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
