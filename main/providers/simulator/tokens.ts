// Pieces in which a simulated answer is sent and counted: words with the space before them.

export function tokensOf(text: string): readonly string[] {
  return text.match(/\s*\S{1,12}|\s+$/g) ?? []
}

export function countTokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4))
}

/** Vectors by hashed words: same words, same direction. Length 1. */
export function embed(text: string, dimensions: number): number[] {
  const vector = new Array<number>(dimensions).fill(0)
  for (const word of text.toLowerCase().match(/[\p{L}\d]+/gu) ?? ['']) {
    let hash = 0x811c9dc5
    for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193) >>> 0
    const at = hash % dimensions
    vector[at] = (vector[at] ?? 0) + (hash & 0x10000 ? 1 : -1)
  }
  const length = Math.hypot(...vector)
  return length === 0 ? vector : vector.map((value) => value / length)
}
