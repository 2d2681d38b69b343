// Edits of a Flow as data: the canvas, fixes and the file writer apply the same ones.
import type { Json } from '../json.ts'
import type { EdgeText, Flow, FlowNode, NodeId } from './types.ts'

export type FlowEdit =
  | { readonly op: 'add-node'; readonly id: NodeId; readonly node: FlowNode }
  /** Removes the node and every edge at it. */
  | { readonly op: 'remove-node'; readonly id: NodeId }
  | { readonly op: 'rename-node'; readonly id: NodeId; readonly to: NodeId }
  | { readonly op: 'add-edge'; readonly edge: EdgeText }
  | { readonly op: 'remove-edge'; readonly edge: EdgeText }
  /** Sets a value in the document, e.g. `['nodes','model','config','max_tokens']`. */
  | { readonly op: 'set'; readonly path: readonly (string | number)[]; readonly value: Json }
  | { readonly op: 'unset'; readonly path: readonly (string | number)[] }

/** The flow after the edits; the input stays as it was. Edits that name what is not there change nothing. */
export function applyEdits(flow: Flow, edits: readonly FlowEdit[]): Flow {
  return edits.reduce(applyEdit, flow)
}

function applyEdit(flow: Flow, edit: FlowEdit): Flow {
  switch (edit.op) {
    case 'add-node':
      return { ...flow, nodes: { ...flow.nodes, [edit.id]: edit.node } }
    case 'remove-node': {
      const { [edit.id]: _removed, ...nodes } = flow.nodes
      return { ...flow, nodes, edges: flow.edges.filter((edge) => !touches(edge, edit.id)) }
    }
    case 'rename-node': {
      if (flow.nodes[edit.id] === undefined || flow.nodes[edit.to] !== undefined) return flow
      const nodes = Object.fromEntries(
        Object.entries(flow.nodes).map(([id, node]) => [
          id === edit.id ? edit.to : id,
          node.scope === edit.id ? { ...node, scope: edit.to } : node,
        ]),
      )
      return { ...flow, nodes, edges: flow.edges.map((edge) => renameInEdge(edge, edit.id, edit.to)) }
    }
    case 'add-edge':
      return flow.edges.includes(edit.edge) ? flow : { ...flow, edges: [...flow.edges, edit.edge] }
    case 'remove-edge':
      return { ...flow, edges: flow.edges.filter((edge) => edge !== edit.edge) }
    case 'set':
      return setIn(flow as unknown as Json, edit.path, edit.value) as unknown as Flow
    case 'unset':
      return setIn(flow as unknown as Json, edit.path, undefined) as unknown as Flow
  }
}

export interface EdgeEnds {
  readonly from: { readonly node: NodeId; readonly port: string }
  readonly to: { readonly node: NodeId; readonly port: string }
}

/** `node.port -> node.port`, one space on each side of the arrow. */
export const edgePattern =
  /^([a-z][a-z0-9_]{0,39})\.([A-Za-z_][A-Za-z0-9_-]{0,63}) -> ([a-z][a-z0-9_]{0,39})\.([A-Za-z_][A-Za-z0-9_-]{0,63})$/

/** Undefined when the text is not `node.port -> node.port`. */
export function parseEdge(edge: EdgeText): EdgeEnds | undefined {
  const match = edgePattern.exec(edge)
  if (!match) return undefined
  const [, fromNode, fromPort, toNode, toPort] = match as unknown as [string, string, string, string, string]
  return { from: { node: fromNode, port: fromPort }, to: { node: toNode, port: toPort } }
}

export function edgeText(ends: EdgeEnds): EdgeText {
  return `${ends.from.node}.${ends.from.port} -> ${ends.to.node}.${ends.to.port}`
}

function touches(edge: EdgeText, id: NodeId): boolean {
  const ends = parseEdge(edge)
  return ends?.from.node === id || ends?.to.node === id
}

function renameInEdge(edge: EdgeText, id: NodeId, to: NodeId): EdgeText {
  const ends = parseEdge(edge)
  if (!ends) return edge
  const rename = (end: EdgeEnds['from']) => (end.node === id ? { ...end, node: to } : end)
  return edgeText({ from: rename(ends.from), to: rename(ends.to) })
}

function setIn(
  value: Json | undefined,
  path: readonly (string | number)[],
  next: Json | undefined,
): Json | undefined {
  const [key, ...rest] = path
  if (key === undefined) return next
  if (Array.isArray(value)) {
    const copy = [...(value as readonly Json[])]
    const child = setIn(copy[Number(key)], rest, next)
    if (child === undefined) copy.splice(Number(key), 1)
    else copy[Number(key)] = child
    return copy
  }
  const record = (typeof value === 'object' && value !== null ? value : {}) as {
    readonly [key: string]: Json
  }
  const child = setIn(record[String(key)], rest, next)
  if (child === undefined) {
    const { [String(key)]: _removed, ...others } = record
    return others
  }
  return { ...record, [String(key)]: child }
}
