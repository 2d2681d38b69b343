// Pass 5, second part: which edges carry a stream when the caller asks for one (nodes.md 1.4), and who holds it up.
import { carriedInlets, type Graph, type GraphEdge, type GraphNode } from './graph.ts'
import { info, type Report } from './report.ts'

export interface Streams {
  has(edge: GraphEdge): boolean
}

export function streamsOf(graph: Graph): Streams {
  const wanted = wantedEdges(graph)
  const streaming = new Set<GraphEdge>()
  for (const node of graph.nodes) {
    for (const edge of graph.outOf(node))
      if (wanted.has(edge) && gives(edge, graph, streaming)) streaming.add(edge)
  }
  return { has: (edge) => streaming.has(edge) }
}

/** Edges over which a stream would reach an output that streams, seen from the back. */
function wantedEdges(graph: Graph): ReadonlySet<GraphEdge> {
  const wanted = new Set<GraphEdge>()
  for (const node of graph.nodes.toReversed()) {
    for (const edge of graph.into(node)) {
      if (!readsEarly(edge)) continue
      const onward = graph
        .outOf(node)
        .some((out) => wanted.has(out) && streamedFrom(node, out.outlet).includes(edge.inlet))
      if (onward || takesStream(node)) wanted.add(edge)
    }
  }
  return wanted
}

function gives(edge: GraphEdge, graph: Graph, streaming: ReadonlySet<GraphEdge>): boolean {
  const { from, outlet } = edge
  if (edge.fromError || from.mode === 'off') return false
  if (from.mode === 'on' && from.outlets.get(outlet)?.streams === 'source') return true
  const inlets = streamedFrom(from, outlet)
  return graph.into(from).some((into) => streaming.has(into) && inlets.includes(into.inlet))
}

/** Inlets whose stream goes on through this outlet. */
function streamedFrom(node: GraphNode, outlet: string): readonly string[] {
  if (typeof node.mode === 'object') return carriedInlets(node, outlet)
  if (node.mode === 'off' || node.outlets.get(outlet)?.streams !== 'pass') return []
  const carried = carriedInlets(node, outlet)
  return carried.length > 0 ? carried : [...node.inlets.keys()]
}

function readsEarly(edge: GraphEdge): boolean {
  if (edge.toWhen || edge.conversion !== 'none' || (edge.type !== 'text' && edge.type !== 'messages'))
    return false
  if (typeof edge.to.mode === 'object') return edge.inlet === edge.to.mode.from
  return edge.to.mode === 'on' && edge.to.inlets.get(edge.inlet)?.reads === 'early'
}

function takesStream({ mode, answer }: GraphNode): boolean {
  if (mode !== 'on' || !answer?.stream || !answer.share) return false
  return answer.type === 'text' || answer.type === 'messages'
}

/** Tells where a stream that could have reached an output is collected: the first node on each way. */
export function checkStreams(graph: Graph, report: Report): void {
  const reaching = stillReaching(graph)
  const told = new Set<GraphNode>()
  const seen = new Set<GraphEdge>()
  const open = graph.nodes.flatMap((node) =>
    node.mode === 'on'
      ? graph.outOf(node).filter((edge) => node.outlets.get(edge.outlet)?.streams === 'source')
      : [],
  )
  for (let edge = open.pop(); edge; edge = open.pop()) {
    if (seen.has(edge) || edge.toWhen || edge.fromError || !reaching.has(edge)) continue
    seen.add(edge)
    if (readsEarly(edge)) {
      const { to, inlet } = edge
      open.push(...graph.outOf(to).filter((out) => streamedFrom(to, out.outlet).includes(inlet)))
    } else if (!told.has(edge.to)) {
      told.add(edge.to)
      report(buffered(edge))
    }
  }
}

/** Edges whose value reaches a streaming output without a new stream beginning on the way. */
function stillReaching(graph: Graph): ReadonlySet<GraphEdge> {
  const reaching = new Set<GraphEdge>()
  for (const node of graph.nodes.toReversed()) {
    const onward = graph
      .outOf(node)
      .some(
        (out) =>
          reaching.has(out) && (node.mode !== 'on' || node.outlets.get(out.outlet)?.streams !== 'source'),
      )
    if (!onward && !takesStream(node)) continue
    for (const edge of graph.into(node)) if (!edge.toWhen) reaching.add(edge)
  }
  return reaching
}

function buffered(edge: GraphEdge) {
  const why = edge.conversion === 'none' ? 'collects the whole text' : `turns ${edge.type} into another type`
  return info('stream_buffered', {
    at: { node: edge.to.id, port: edge.inlet, path: ['nodes', edge.to.id] },
    message: `"${edge.to.id}" ${why}, so what "${edge.from.id}" gives reaches the output in one piece`,
  })
}
