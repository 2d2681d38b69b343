// Pass 6: the drawing as flat, frozen arrays.
import type { Json } from '../../json.ts'
import type { Effects } from '../definition.ts'
import type { Plan, PlanEdge, PlanInlet, PlanOutlet, PlanStep, StepPolicy } from '../plan.ts'
import type { Inlet, PortType } from '../ports.ts'
import { answerOf } from './answer.ts'
import type { Branch, Branches } from './branches.ts'
import { freezeDeep, frozenCopy } from './frozen.ts'
import type { Graph, GraphEdge, GraphNode } from './graph.ts'
import { lowerBranches } from './lower-branches.ts'
import { requestOf } from './request.ts'
import type { Streams } from './streams.ts'
import type { Taint } from './taint.ts'

export interface Compiled {
  readonly slug: string
  readonly graph: Graph
  /** Also those that are left out of the Plan: what a flow asks for does not depend on what it uses. */
  readonly nodes: readonly GraphNode[]
  readonly branches: Branches
  readonly streams: Streams
  readonly taint: Taint
}

export function lower(compiled: Compiled): Plan {
  const { slug, graph, branches } = compiled
  const edgeIndex = new Map(graph.edges.map((edge, index) => [edge, index]))
  const branchIndex = new Map(branches.all.map((branch, index) => [branch, index]))
  const on = graph.nodes.filter((node) => node.mode === 'on')
  const answer = answerOf(graph)
  const steps = graph.nodes.map((node) => lowerNode(node, compiled, { edgeIndex, branchIndex }))
  for (const [index, field] of answer.fields.entries()) {
    const step = steps[field.step]
    if (step) steps[field.step] = { ...step, answer: index }
  }
  const plan: Plan = {
    flow: slug,
    steps,
    edges: graph.edges.map((edge, index) => lowerEdge(edge, index, compiled)),
    branches: lowerBranches(graph, branches, edgeIndex),
    request: requestOf(compiled.nodes, answer),
    answer,
    streams: graph.edges.some((edge) => edge.to.answer !== null && compiled.streams.has(edge)),
    effects: strongest(graph.nodes.map((node) => node.effects)),
    targets: unique(on.flatMap((node) => node.targets)),
    hosts: unique(on.flatMap((node) => node.hosts)),
  }
  return freezeDeep(plan)
}

interface Indexes {
  readonly edgeIndex: ReadonlyMap<GraphEdge, number>
  readonly branchIndex: ReadonlyMap<Branch, number>
}

function lowerNode(node: GraphNode, compiled: Compiled, indexes: Indexes): PlanStep {
  const { graph, branches, streams, taint } = compiled
  const into = graph.into(node)
  const out = graph.outOf(node)
  const edgesOf = (edges: readonly GraphEdge[]) => edges.map((edge) => indexes.edgeIndex.get(edge) ?? -1)
  const around = branches.around(node)
  const stage = taint.afterModel(node) ? 'output' : 'input'
  return {
    index: graph.index(node),
    id: node.id,
    type: node.node.type,
    title: node.node.title ?? node.definition.title,
    config: node.config as Json,
    inlets: [...node.inlets].map(([name, inlet]): PlanInlet => {
      const edges = into.filter((edge) => !edge.toWhen && edge.inlet === name)
      return {
        name,
        type: inletType(inlet, edges),
        required: isRequired(node, name, inlet),
        gather: inlet.gather,
        reads: node.mode === 'on' ? inlet.reads : 'early',
        edges: edgesOf(edges),
      }
    }),
    when: edgesOf(into.filter((edge) => edge.toWhen)),
    outlets: [...node.outlets].map(([name, outlet]): PlanOutlet => {
      const edges = out.filter((edge) => !edge.fromError && edge.outlet === name)
      return {
        name,
        type: edges[0]?.type ?? outlet.type,
        edges: edgesOf(edges),
        streams: edges.some((edge) => streams.has(edge)),
        secret: outlet.secret ?? false,
        unhandled: edges.length === 0 ? (node.unhandled.get(name)?.[stage] ?? null) : null,
      }
    }),
    error: edgesOf(out.filter((edge) => edge.fromError)),
    mode: node.mode,
    policy: lowerPolicy(node, into, streams),
    effects: node.effects,
    retries: node.definition.upstream === undefined ? 'run' : 'calls',
    branch: around[0] ? (indexes.branchIndex.get(around[0]) ?? -1) : -1,
    gates: around.filter((branch) => branch.k > 1).map((branch) => indexes.branchIndex.get(branch) ?? -1),
    answer: -1,
    untrusted: unique(into.filter((edge) => !edge.toWhen && taint.untrusted(edge)).map((edge) => edge.inlet)),
    localOnly: taint.localOnly(node),
    stage,
    stub: node.effects === 'writes' ? frozenCopy(node.node.stub ?? null) : null,
  }
}

function isRequired({ mode, tries }: GraphNode, name: string, inlet: Inlet): boolean {
  if (mode === 'off') return false
  if (typeof mode === 'object') return inlet.required && name === mode.from
  // A try that fails is no reason to skip its owner, which decides for itself when all have settled.
  return inlet.required && !tries?.ports.includes(name)
}

function inletType(inlet: Inlet, edges: readonly GraphEdge[]): PortType {
  const given = edges[0]
  if (!given) return inlet.type
  return inlet.type === 'any' || inlet.also?.includes(given.type) ? given.type : inlet.type
}

/** A step that hands a stream on lasts as long as its producer, whose limits hold; 10 seconds would cut it. */
function lowerPolicy(node: GraphNode, into: readonly GraphEdge[], streams: Streams): StepPolicy {
  const forwards = node.definition.upstream === undefined && into.some((edge) => streams.has(edge))
  if (!forwards || node.node.policy?.timeout_ms !== undefined) return node.policy
  return { ...node.policy, timeoutMs: null }
}

function lowerEdge(edge: GraphEdge, index: number, { graph, streams, taint }: Compiled): PlanEdge {
  return {
    index,
    text: edge.text,
    from: graph.index(edge.from),
    outlet: edge.outlet,
    to: graph.index(edge.to),
    inlet: edge.inlet,
    conversion: edge.conversion,
    streams: streams.has(edge),
    untrusted: taint.untrusted(edge),
  }
}

const strength = ['pure', 'reads', 'writes'] as const satisfies readonly Effects[]

function strongest(all: readonly Effects[]): Effects {
  return strength.findLast((effects) => all.includes(effects)) ?? 'pure'
}

function unique(all: readonly string[]): readonly string[] {
  return [...new Set(all)].sort()
}
