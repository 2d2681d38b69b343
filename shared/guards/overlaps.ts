import type { Span } from '../flow/definition.ts'

/** Where hits overlap the longest wins, then the surest. The result is in order. */
export function withoutOverlaps<Hit extends Span>(found: readonly Hit[]): readonly Hit[] {
  if (found.length < 2) return found
  const out: Hit[] = []
  let cluster: Hit[] = []
  let end = 0
  for (const hit of [...found].sort((a, b) => a.start - b.start)) {
    if (hit.start >= end && cluster.length > 0) {
      out.push(...resolved(cluster))
      cluster = []
    }
    cluster.push(hit)
    end = Math.max(end, hit.end)
  }
  return [...out, ...resolved(cluster)]
}

function resolved<Hit extends Span>(cluster: readonly Hit[]): readonly Hit[] {
  if (cluster.length < 2) return cluster
  const ranked = [...cluster].sort((a, b) => b.end - b.start - (a.end - a.start) || b.score - a.score)
  const kept: Hit[] = []
  for (const hit of ranked)
    if (!kept.some((other) => other.start < hit.end && other.end > hit.start)) kept.push(hit)
  return kept.sort((a, b) => a.start - b.start)
}
