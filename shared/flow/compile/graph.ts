// The drawing as the passes see it: nodes that were understood, edges that fit, and who is joined to whom.
import type { JsonObject } from '../../json.ts'
import type { AnswerField, AnyNodeDefinition, Effects, RequestShape, TriesSpec } from '../definition.ts'
import type { StepPolicy } from '../plan.ts'
import type { Conversion, Inlet, Outlet, PortType } from '../ports.ts'
import type { FlowNode } from '../types.ts'

export interface GraphNode {
  readonly id: string
  readonly node: FlowNode
  readonly definition: AnyNodeDefinition
  /** Lifted, as a person would write it today. */
  readonly raw: JsonObject
  /** Parsed, with Prompts put in. */
  readonly config: unknown
  readonly inlets: ReadonlyMap<string, Inlet>
  readonly outlets: ReadonlyMap<string, Outlet>
  readonly common: { readonly when: boolean; readonly error: boolean }
  readonly mode: 'on' | 'off' | { readonly from: string; readonly to: string }
  readonly policy: StepPolicy
  /** Of the node as it will run: a node that is off does nothing. */
  readonly effects: Effects
  readonly exclusive: readonly (readonly string[])[]
  /** Null too while the node is off or bypassed. */
  readonly tries: TriesSpec | null
  readonly request: RequestShape | null
  readonly answer: AnswerField | null
  readonly targets: readonly string[]
  readonly hosts: readonly string[]
  readonly systemInlets: readonly string[]
  /** Outlets that fail the node when they are taken in vain, with the code for each stage. */
  readonly unhandled: ReadonlyMap<string, { readonly input: string; readonly output: string }>
}

export interface GraphEdge {
  readonly text: string
  /** Index in the document. */
  readonly at: number
  readonly from: GraphNode
  readonly outlet: string
  /** The engine's `error` port, not an outlet of that name. */
  readonly fromError: boolean
  readonly to: GraphNode
  readonly inlet: string
  /** The engine's `when` port, not an inlet of that name. */
  readonly toWhen: boolean
  /** As it leaves. */
  readonly type: PortType
  readonly conversion: Conversion
}

export interface Graph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  /** Position of a node in `nodes`. */
  index(node: GraphNode): number
  into(node: GraphNode): readonly GraphEdge[]
  outOf(node: GraphNode): readonly GraphEdge[]
}

export function graphOf(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Graph {
  const indexes = new Map(nodes.map((node, index) => [node, index]))
  const into = nodes.map((): GraphEdge[] => [])
  const outOf = nodes.map((): GraphEdge[] => [])
  const index = (node: GraphNode) => indexes.get(node) ?? -1
  for (const edge of edges) {
    outOf[index(edge.from)]?.push(edge)
    into[index(edge.to)]?.push(edge)
  }
  return {
    nodes,
    edges,
    index,
    into: (node) => into[index(node)] ?? [],
    outOf: (node) => outOf[index(node)] ?? [],
  }
}

/**
 * The inlets whose value a pass-through outlet hands on: the one it is the same as, and that one's numbered siblings
 * (`in_1`, `in_2` …), which therefore share one type. For an outlet that makes its own value: none.
 */
export function passedInlets(node: GraphNode, outlet: string): readonly string[] {
  const like = node.outlets.get(outlet)?.sameAs
  const inlet = like === undefined ? undefined : node.inlets.get(like)
  if (like === undefined || !inlet) return []
  const stem = /^(.*\D)\d+$/.exec(like)?.[1]
  if (stem === undefined) return [like]
  return [...node.inlets.keys()].filter(
    (name) => name.startsWith(stem) && /^\d+$/.test(name.slice(stem.length)),
  )
}

/** The same for the node as it runs: a bypassed one hands on one inlet, whatever its type does. */
export function carriedInlets(node: GraphNode, outlet: string): readonly string[] {
  if (node.mode === 'on') return passedInlets(node, outlet)
  return node.mode !== 'off' && outlet === node.mode.to ? [node.mode.from] : []
}
