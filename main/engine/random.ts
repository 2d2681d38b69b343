// Random numbers that a replay sees again: one sequence per Run, step and purpose.
import { bucketOf } from './bucket.ts'

/** The mulberry32 sequence of a seed; 0 ≤ x < 1. */
export function randomOf(seed: number, name: string): () => number {
  let state = Math.floor(bucketOf(String(seed), name) * 0x100000000) | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000
  }
}
