// Small words for saying where a problem sits. Paths are those of the document, so that readers find line and column.

import type { Json } from '../../json.ts'
import { didYouMean, type Problem, type ProblemCode } from '../diagnostics.ts'

export type Report = (problem: Problem) => void
export type Path = readonly (string | number)[]

export const error = (code: ProblemCode, problem: Omit<Problem, 'code' | 'severity'>): Problem => ({
  code,
  severity: 'error',
  ...problem,
})
export const warning = (code: ProblemCode, problem: Omit<Problem, 'code' | 'severity'>): Problem => ({
  code,
  severity: 'warning',
  ...problem,
})
export const info = (code: ProblemCode, problem: Omit<Problem, 'code' | 'severity'>): Problem => ({
  code,
  severity: 'info',
  ...problem,
})

/** `; did you mean "x"?` or nothing. */
export function hint(word: string, known: Iterable<string>): string {
  return meaning(didYouMean(word, known))
}

export function meaning(close: string | undefined): string {
  return close === undefined ? '' : `; did you mean "${close}"?`
}

/** The place of a field of a node: `path` starts below the node (`['config', 'targets', 0]`). */
export function fieldOf(node: string, path: Path) {
  const field = (path[0] === 'config' ? path.slice(1) : path).join('.')
  return { node, ...(field === '' ? {} : { field }), path: ['nodes', node, ...path] }
}

export function edgeAt(edge: { readonly text: string; readonly at: number }) {
  return { edge: edge.text, path: ['edges', edge.at] }
}

/** The path that a dotted field takes through a value, also where keys hold dots themselves. */
export function pathIn(value: unknown, dotted: string): Path {
  const words = dotted === '' ? [] : dotted.split('.')
  return walk(value, words) ?? words
}

function walk(value: unknown, words: readonly string[]): Path | undefined {
  if (words.length === 0) return []
  if (typeof value !== 'object' || value === null) return undefined
  for (let count = 1; count <= words.length; count += 1) {
    const key = words.slice(0, count).join('.')
    if (!Object.hasOwn(value, key)) continue
    const rest = walk((value as Readonly<Record<string, unknown>>)[key], words.slice(count))
    if (rest) return [Array.isArray(value) ? Number(key) : key, ...rest]
  }
  return undefined
}

/** Where a text stands in a JSON value, or undefined. */
export function findText(value: Json, text: string): Path | undefined {
  if (value === text) return []
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, child] of Object.entries(value)) {
    const rest = findText(child, text)
    if (rest) return [Array.isArray(value) ? Number(key) : key, ...rest]
  }
  return undefined
}
