/** The name on which `at` (0 ≤ at < 1) falls when each takes its share of the line; undefined when all weigh nothing. */
export function pickByWeight(
  weights: readonly (readonly [string, number])[],
  at: number,
): string | undefined {
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0)
  if (total <= 0) return undefined
  let left = at * total
  let last: string | undefined
  for (const [name, weight] of weights) {
    if (weight <= 0) continue
    last = name
    left -= weight
    if (left < 0) return name
  }
  return last
}
