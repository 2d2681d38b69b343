// A flow becomes a Plan, or a list of problems: the same list for the canvas, the command line and publishing.
import type { Problem } from '../diagnostics.ts'
import type { Plan } from '../plan.ts'
import type { FlowContent } from '../types.ts'
import { checkAnswer } from './answer.ts'
import { branchesOf, checkBranches } from './branches.ts'
import { type Connected, connect } from './connect.ts'
import type { CompileEnv } from './env.ts'
import { checkErrors } from './errors.ts'
import type { Graph, GraphNode } from './graph.ts'
import { lower } from './lower.ts'
import { checkMerges, checkOutputs } from './merges.ts'
import { migrate } from './migrate.ts'
import { order } from './order.ts'
import { presenceOf } from './presence.ts'
import { checkRequests } from './request.ts'
import { resolve } from './resolve.ts'
import { type ShapedFlow, shape } from './shape.ts'
import { checkStreams, streamsOf } from './streams.ts'
import { checkTaint, taintOf } from './taint.ts'

export interface Compilation {
  /** Null exactly when one of the problems is an error. */
  readonly plan: Plan | null
  /** Errors first, then by place. */
  readonly problems: readonly Problem[]
}

/**
 * Pure, and total: whatever the flow, it ends and does not throw. The order of nodes and edges in the document makes no
 * difference to the Plan.
 * @example const { plan, problems } = compile({ slug: 'support-answer', nodes, edges }, env)
 */
export function compile(flow: { readonly slug: string } & FlowContent, env: CompileEnv): Compilation {
  const problems: Problem[] = []
  const report = (problem: Problem) => problems.push(problem)
  const shaped = shape(flow, report)
  const lifted = migrate(shaped, env, report)
  const leftOut = new Set(
    [...lifted].flatMap(([id, node]) => (node?.definition.testOnly && !env.keepTestNodes ? [id] : [])),
  )
  const nodes = new Map(
    [...lifted]
      .filter(([id]) => !leftOut.has(id))
      .map(([id, node]) => [id, node && resolve(node, env, report)]),
  )
  const connected = connect(shaped, nodes, leftOut, env, report)
  const graph = order(connected.graph, connected.links, nodes, report)
  const known = [...nodes.values()].filter((node) => node !== null)
  checkErrors(connected.graph, report)
  checkRequests(known, report)
  checkAnswer(known, known.length === nodes.size, report)
  const whole = known.length === nodes.size && connected.links.length === connected.graph.edges.length
  const plan = graph && followPaths({ shaped, graph, nodes: known, whole, connected }, env, problems)
  return { plan: plan ?? null, problems: problems.sort(byPlace) }
}

interface Ordered {
  readonly shaped: ShapedFlow
  readonly graph: Graph
  readonly nodes: readonly GraphNode[]
  /** Every node and edge was understood: only then do proofs about the whole drawing mean anything. */
  readonly whole: boolean
  readonly connected: Connected
}

function followPaths(
  { shaped, graph, nodes, whole }: Ordered,
  env: CompileEnv,
  problems: Problem[],
): Plan | null {
  const report = (problem: Problem) => problems.push(problem)
  const taint = taintOf(graph)
  checkTaint(graph, taint, env, report)
  if (!whole || problems.some(({ code }) => code === 'inlet_unfed' || code === 'inlet_double')) return null
  const branches = branchesOf(graph)
  checkBranches(graph, branches, report)
  const presence = presenceOf(graph)
  checkMerges(graph, presence, { flow: shaped, env }, report)
  checkOutputs(graph, presence, report)
  const streams = streamsOf(graph)
  checkStreams(graph, report)
  if (problems.some(({ severity }) => severity === 'error')) return null
  return lower({ slug: shaped.slug, graph, nodes, branches, streams, taint })
}

const severities = ['error', 'warning', 'info'] as const

function byPlace(a: Problem, b: Problem): number {
  return (
    severities.indexOf(a.severity) - severities.indexOf(b.severity) || compareText(placeKey(a), placeKey(b))
  )
}

function placeKey({ at, code, message }: Problem): string {
  const { node = '', edge = '', port = '', field = '' } = at
  return [node, field, port, edge, code, message].join('\0')
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
