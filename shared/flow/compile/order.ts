// Pass 4: cycles are named, nodes that lead nowhere are left out, and the rest gets a topological order that depends on
// ids alone, never on the order of the document.
import type { FlowEdit } from '../edit.ts'
import { cyclesIn } from './cycles.ts'
import { type Graph, type GraphNode, graphOf } from './graph.ts'
import type { Link, Nodes } from './links.ts'
import { edgeAt, error, type Report, warning } from './report.ts'

/** The graph of the nodes that count, in order; null when there is a cycle. */
export function order(graph: Graph, links: readonly Link[], nodes: Nodes, report: Report): Graph | null {
  const sorted = topological([...nodes.keys()], links)
  const cyclic = [...nodes.keys()].filter((id) => !sorted.position.has(id))
  for (const cycle of cyclesIn(cyclic, links)) report(cycleProblem(cycle))
  checkScopes(links, nodes, report)
  const working = links.filter((link) => isRead(link, nodes))
  const used = reaching(working, nodes)
  for (const [id, node] of nodes) {
    if (used.has(id) || !node) continue
    const message = `"${id}" leads to no output and is left out`
    const edits: FlowEdit[] = [{ op: 'remove-node', id }]
    report(
      warning('node_unused', {
        at: { node: id, path: ['nodes', id] },
        message,
        fix: { title: `Remove ${id}`, edits },
      }),
    )
  }
  if (cyclic.length > 0) return null
  const kept = sorted.ids.flatMap((id) => (used.has(id) ? (nodes.get(id) ?? []) : []))
  const texts = new Set(working.map((link) => link.text))
  const edges = graph.edges.filter(
    (edge) => texts.has(edge.text) && used.has(edge.from.id) && used.has(edge.to.id),
  )
  return graphOf(
    kept,
    edges.toSorted((a, b) => (a.text < b.text ? -1 : 1)),
  )
}

/** Kahn's algorithm; among the nodes that are ready the smallest id goes first. */
function topological(ids: readonly string[], links: readonly Link[]) {
  const waits = new Map(ids.map((id) => [id, 0]))
  const out = new Map<string, string[]>()
  for (const { from, to } of links) {
    waits.set(to, (waits.get(to) ?? 0) + 1)
    const list = out.get(from)
    if (list) list.push(to)
    else out.set(from, [to])
  }
  const done: string[] = []
  let ready = ids.filter((id) => waits.get(id) === 0).sort()
  while (ready.length > 0) {
    const next: string[] = []
    for (const id of ready) {
      done.push(id)
      for (const to of out.get(id) ?? []) {
        const left = (waits.get(to) ?? 0) - 1
        waits.set(to, left)
        if (left === 0) next.push(to)
      }
    }
    ready = next.sort()
  }
  return { ids: done, position: new Map(done.map((id, index) => [id, index])) }
}

function cycleProblem(cycle: readonly Link[]) {
  const last = cycle.at(-1) as Link
  const path = [...cycle.map((link) => link.from), last.to].join(' → ')
  const edits: FlowEdit[] = [{ op: 'remove-edge', edge: last.text }]
  return error('cycle', {
    at: { node: last.to, ...edgeAt(last) },
    message: `these nodes wait for each other: ${path}`,
    fix: { title: `Remove ${last.text}`, edits },
  })
}

/** A body may read any node outside; nothing leaves it but into its own scope node (nodes.md 1.7). */
function checkScopes(links: readonly Link[], nodes: Nodes, report: Report): void {
  for (const link of links) {
    const scope = nodes.get(link.from)?.node.scope
    if (scope === undefined || link.to === scope || isInside(link.to, scope, nodes)) continue
    const edits: FlowEdit[] = [{ op: 'remove-edge', edge: link.text }]
    report(
      error('edge_leaves_scope', {
        at: { node: link.from, ...edgeAt(link) },
        message: `"${link.from}" stands inside of "${scope}"; its edge to "${link.to}" leaves it`,
        fix: { title: 'Remove the edge', edits },
      }),
    )
  }
}

function isInside(id: string, scope: string, nodes: Nodes): boolean {
  const seen = new Set<string>()
  for (
    let at = nodes.get(id)?.node.scope;
    at !== undefined && !seen.has(at);
    at = nodes.get(at)?.node.scope
  ) {
    if (at === scope) return true
    seen.add(at)
  }
  return false
}

/** A node that is off reads nothing, a bypassed one reads the inlet that it hands on. */
function isRead(link: Link, nodes: Nodes): boolean {
  const mode = nodes.get(link.to)?.mode ?? 'on'
  if (typeof mode === 'string') return mode === 'on'
  return link.inlet === mode.from || link.inlet === 'when'
}

/** Nodes on a way to something that counts; one that was not understood may count, so it does. */
function reaching(links: readonly Link[], nodes: Nodes): ReadonlySet<string> {
  const back = new Map<string, string[]>()
  for (const { from, to } of links) {
    const list = back.get(to)
    if (list) list.push(from)
    else back.set(to, [from])
  }
  const used = new Set([...nodes].flatMap(([id, node]) => (!node || counts(node) ? [id] : [])))
  for (const id of used) for (const from of back.get(id) ?? []) used.add(from)
  return used
}

/** An answer, a change outside, or a node without outlets, which can only be there for what it does to the Run. */
function counts(node: GraphNode): boolean {
  return node.answer !== null || node.effects === 'writes' || node.outlets.size === 0
}
