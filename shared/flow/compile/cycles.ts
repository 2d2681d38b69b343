// Names cycles: one shortest cycle for each knot of nodes that all reach each other.
import type { Link } from './links.ts'

export function cyclesIn(ids: readonly string[], links: readonly Link[]): readonly (readonly Link[])[] {
  const inside = new Set(ids)
  const out = new Map<string, Link[]>()
  for (const link of links) {
    if (!inside.has(link.from) || !inside.has(link.to)) continue
    const list = out.get(link.from)
    if (list) list.push(link)
    else out.set(link.from, [link])
  }
  const seen = new Set<string>()
  const cycles: (readonly Link[])[] = []
  for (const id of ids.toSorted()) {
    if (seen.has(id)) continue
    const cycle = shortestCycle(id, out)
    if (!cycle) continue
    for (const member of knotOf(id, out, links)) seen.add(member)
    cycles.push(cycle)
  }
  return cycles
}

function shortestCycle(
  start: string,
  out: ReadonlyMap<string, readonly Link[]>,
): readonly Link[] | undefined {
  const cameBy = new Map<string, Link>()
  const queue = [start]
  for (const id of queue) {
    for (const link of out.get(id) ?? []) {
      if (link.to === start) {
        const cycle = [link]
        for (let at = id; at !== start; ) {
          const before = cameBy.get(at) as Link
          cycle.unshift(before)
          at = before.from
        }
        return cycle
      }
      if (cameBy.has(link.to)) continue
      cameBy.set(link.to, link)
      queue.push(link.to)
    }
  }
  return undefined
}

/** All nodes that reach `start` and are reached by it. */
function knotOf(
  start: string,
  out: ReadonlyMap<string, readonly Link[]>,
  links: readonly Link[],
): readonly string[] {
  const back = new Map<string, string[]>()
  for (const { from, to } of links) {
    const list = back.get(to)
    if (list) list.push(from)
    else back.set(to, [from])
  }
  const after = new Set([start])
  for (const id of after) for (const link of out.get(id) ?? []) after.add(link.to)
  const before = new Set([start])
  for (const id of before) for (const other of back.get(id) ?? []) before.add(other)
  return [...after].filter((id) => before.has(id))
}
