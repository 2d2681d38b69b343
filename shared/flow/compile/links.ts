// Edges as they are written, and the nodes and ports that they name.
import { didYouMean } from '../diagnostics.ts'
import { edgeText, parseEdge } from '../edit.ts'
import type { Inlet, Outlet } from '../ports.ts'
import { removeEdge, replaceEdge } from './fixes.ts'
import type { GraphEdge, GraphNode } from './graph.ts'
import { edgeAt, error, meaning, type Report } from './report.ts'
import type { ShapedFlow } from './shape.ts'

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

/** Every edge whose two nodes are there. */
export function linksOf(
  flow: ShapedFlow,
  nodes: Nodes,
  leftOut: ReadonlySet<string>,
  report: Report,
): readonly Link[] {
  const guess = guessFrom([...nodes.keys()])
  return flow.edges.flatMap((edge) => {
    const ends = parseEdge(edge.text)
    if (!ends) return []
    const { from, to } = ends
    for (const id of new Set([from.node, to.node])) {
      if (!nodes.has(id) && !leftOut.has(id)) report(unknownNode(edge, id, guess(id)))
    }
    if (!nodes.has(from.node) || !nodes.has(to.node)) return []
    return [{ ...edge, from: from.node, outlet: from.port, to: to.node, inlet: to.port }]
  })
}

/** Looking through all ids for each of thousands of wrong ones would take seconds and help nobody. */
function guessFrom(ids: readonly string[]) {
  const guesses = new Map<string, string | undefined>()
  return (word: string) => {
    if (!guesses.has(word) && guesses.size < 100) guesses.set(word, didYouMean(word, ids))
    return guesses.get(word)
  }
}

function unknownNode(edge: ShapedFlow['edges'][number], node: string, close: string | undefined) {
  const meant = edge.text.replace(/\b[a-z][a-z0-9_]*(?=\.)/g, (id) => (id === node ? (close ?? id) : id))
  return error('unknown_port', {
    at: edgeAt(edge),
    message: `the edge "${edge.text}" names the node "${node}", which is not there${meaning(close)}`,
    fix: close === undefined ? removeEdge(edge.text) : replaceEdge(edge.text, meant),
  })
}

/** A link whose two ports exist. */
export interface PortLink extends Omit<GraphEdge, 'type' | 'conversion'> {
  /** Undefined for `error`. */
  readonly source: Outlet | undefined
  /** Undefined for `when`. */
  readonly sink: Inlet | undefined
}

export function portsOf(link: Link, nodes: Nodes, report: Report): PortLink | undefined {
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
    message: `"${node.id}" (${node.node.type}) has no ${side} "${word}"${close === undefined ? `; ${has}` : meaning(close)}`,
    fix: close === undefined ? removeEdge(link.text) : replaceEdge(link.text, text),
  })
}
