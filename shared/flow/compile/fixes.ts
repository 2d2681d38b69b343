// Fixes that draw: a node between two ports, a coalesce before an inlet, an edge to an inlet that waits for one.
// Each is tried against the definitions first, so that no fix is offered that would be refused.
import type { JsonObject } from '../../json.ts'
import type { Fix } from '../diagnostics.ts'
import { edgeText, type FlowEdit } from '../edit.ts'
import { conversion, type Outlet, type PortType } from '../ports.ts'
import type { CompileEnv } from './env.ts'
import type { Graph, GraphNode } from './graph.ts'
import type { ShapedFlow } from './shape.ts'

interface Ends {
  readonly text: string
  readonly from: { readonly id: string }
  readonly outlet: string
  readonly to: { readonly id: string }
  readonly inlet: string
}

/** A node that turns one type into the other, put into the edge. */
export function adapterFix(
  end: Ends,
  { type, wanted }: { type: string; wanted: string },
  flow: ShapedFlow,
  env: CompileEnv,
): (Fix & { readonly type: string }) | undefined {
  for (const { type: nodeType, config } of adapters(type, wanted)) {
    const ports = portsFor(nodeType, config, env)
    if (!ports) continue
    const into = conversion(type as PortType, ports.inlet)
    const out = conversion(ports.outlet, wanted as PortType)
    if (into === undefined || out === undefined) continue
    const id = freeId(flow, nodeType)
    const edits: FlowEdit[] = [
      { op: 'remove-edge', edge: end.text },
      { op: 'add-node', id, node: { type: nodeType, config } },
      { op: 'add-edge', edge: joined(end.from.id, end.outlet, id, 'value') },
      { op: 'add-edge', edge: joined(id, ports.outletName, end.to.id, end.inlet) },
    ]
    return { type: nodeType, title: `Put a ${nodeType} between them`, edits }
  }
  return undefined
}

function adapters(
  from: string,
  to: string,
): readonly { readonly type: string; readonly config: JsonObject }[] {
  const parse = { type: 'transform', config: { mode: 'parse_json', type: to } }
  const evaluate = { type: 'transform', config: { mode: 'expression', expression: 'value', type: to } }
  const write = { type: 'template', config: { text: '{{ value }}' } }
  return to === 'messages' ? [write] : from === 'text' ? [parse, evaluate] : [evaluate, write]
}

function portsFor(type: string, config: JsonObject, env: CompileEnv) {
  const definition = env.definitions.get(type)
  const read = definition?.config.safeParse(config)
  if (!definition || !read?.success) return undefined
  const { inputs, outputs } = definition
  const inlets = typeof inputs === 'function' ? inputs(read.data) : inputs
  const outlets = typeof outputs === 'function' ? outputs(read.data) : outputs
  const [outletName, outlet] = Object.entries(outlets)[0] ?? []
  const inlet = inlets.value
  if (!inlet || !outlet || outletName === undefined) return undefined
  const others = Object.entries(inlets).some(([name, { required }]) => required && name !== 'value')
  return others ? undefined : { inlet: inlet.type, outlet: outlet.type, outletName }
}

/** All the edges of an inlet through one coalesce: the first present in order. */
export function coalesceFix(
  links: readonly { readonly text: string; readonly from: string; readonly outlet: string }[],
  node: string,
  inlet: string,
  { flow, env }: { readonly flow: ShapedFlow; readonly env: CompileEnv },
): Fix | undefined {
  const count = links.length
  const definition = env.definitions.get('coalesce')
  const config: JsonObject = count === 2 ? {} : { count }
  if (!definition?.config.safeParse(config).success) return undefined
  const id = freeId(flow, 'coalesce')
  const edits: FlowEdit[] = [
    ...links.map((link): FlowEdit => ({ op: 'remove-edge', edge: link.text })),
    { op: 'add-node', id, node: { type: 'coalesce', ...(count === 2 ? {} : { config }) } },
    ...links.map(
      ({ from, outlet }, index): FlowEdit => ({
        op: 'add-edge',
        edge: joined(from, outlet, id, `in_${index + 1}`),
      }),
    ),
    { op: 'add-edge', edge: joined(id, 'value', node, inlet) },
  ]
  return { title: 'Take the first that has a value (coalesce)', edits }
}

interface Offer {
  readonly node: GraphNode
  readonly port: string
  readonly outlet: Outlet
}

/** Outlets that an inlet might be waiting for, by name and by type. */
export interface Offers {
  readonly byName: ReadonlyMap<string, readonly Offer[]>
  readonly byType: ReadonlyMap<string, readonly Offer[]>
}

export function offersOf(graph: Graph): Offers {
  const offers = graph.nodes.flatMap((node) =>
    [...node.outlets].flatMap(([port, outlet]) =>
      outlet.secret || outlet.type === 'any' ? [] : [{ node, port, outlet }],
    ),
  )
  return {
    byName: Map.groupBy(offers, ({ port }) => port),
    byType: Map.groupBy(offers, ({ outlet }) => outlet.type),
  }
}

/** An edge from the one outlet that is plainly meant: of the same name and fitting, or else the only one of that type. */
export function feedFix(
  node: GraphNode,
  name: string,
  { graph, offers }: { readonly graph: Graph; readonly offers: Offers },
): Fix | undefined {
  const inlet = node.inlets.get(name)
  if (!inlet || inlet.secret) return undefined
  const named = (offers.byName.get(name) ?? []).filter(
    ({ outlet }) => conversion(outlet.type, inlet.type, outlet.schema) === 'none',
  )
  const likely = named.length > 0 ? named : (offers.byType.get(inlet.type) ?? [])
  if (likely.length === 0 || likely.length > 20) return undefined
  const later = downstream(node, graph)
  const [meant, second] = likely.filter((offer) => !later.has(offer.node))
  if (!meant || second) return undefined
  const edge = joined(meant.node.id, meant.port, node.id, name)
  return { title: `Connect ${meant.node.id}.${meant.port}`, edits: [{ op: 'add-edge', edge }] }
}

function downstream(start: GraphNode, graph: Graph): ReadonlySet<GraphNode> {
  const found = new Set([start])
  for (const node of found) for (const edge of graph.outOf(node)) found.add(edge.to)
  return found
}

function freeId(flow: ShapedFlow, type: string): string {
  const base = type.replaceAll('-', '_')
  const taken = new Set(flow.nodes.map(({ id }) => id))
  let id = base
  for (let number = 2; taken.has(id); number += 1) id = `${base}_${number}`
  return id
}

function joined(from: string, outlet: string, to: string, inlet: string): string {
  return edgeText({ from: { node: from, port: outlet }, to: { node: to, port: inlet } })
}

export function removeEdge(edge: string) {
  return { title: 'Remove the edge', edits: [{ op: 'remove-edge', edge }] as const }
}

export function replaceEdge(edge: string, by: string) {
  return {
    title: `Change it to ${by}`,
    edits: [
      { op: 'remove-edge', edge },
      { op: 'add-edge', edge: by },
    ] as const,
  }
}
