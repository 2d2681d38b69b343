// What the compiler and the file readers report. The canvas, `sluice check` and publishing use the same list.
import type { FlowEdit } from './edit.ts'

export const problemCodes = [
  // files
  'syntax',
  'unknown_field',
  'wrong_value',
  'newer_format',
  'secret_in_file',
  'hash_mismatch',
  'file_limit',
  // compiler, nodes.md 1.5
  'unknown_type',
  'unknown_port',
  'config_invalid',
  'type_mismatch',
  'inlet_unfed',
  'inlet_double',
  'cycle',
  'edge_leaves_scope',
  'merge_not_exclusive',
  'branch_leaks',
  'error_policy_conflict',
  'no_output',
  'reference_unresolved',
  'capability_missing',
  'model_not_allowed',
  'local_only_leak',
  'untrusted_in_system',
  'shadow_reaches_output',
  'node_unused',
  'output_missable',
  'price_unknown',
  'retry_repeats_write',
  'stream_buffered',
  // settings that this version reads but does not enforce
  'not_enforced',
  'secret_missing',
  'unknown_model',
] as const
export type ProblemCode = (typeof problemCodes)[number]

export interface Place {
  readonly node?: string
  readonly port?: string
  /** Config field, dotted (`retry.tries`). */
  readonly field?: string
  /** The edge text, where the problem sits on an edge. */
  readonly edge?: string
  /** Path in the document (`['nodes','model','config','temprature']`): readers turn it into line and column. */
  readonly path?: readonly (string | number)[]
}

export interface Fix {
  readonly title: string
  readonly edits: readonly FlowEdit[]
}

export interface Problem {
  readonly code: ProblemCode
  /** Errors block publishing, warnings ask, information tells. */
  readonly severity: 'error' | 'warning' | 'info'
  readonly at: Place
  readonly message: string
  readonly fix?: Fix
}

/** A problem in a file, with its place as a person and an editor read it. Lines and columns count from 1. */
export interface FileProblem extends Problem {
  /** Relative to the workspace folder, `/` as separator. */
  readonly file: string
  readonly line: number
  readonly column: number
}

/** `flows/a.flow.yaml:14:7 unknown field "temprature" …` */
export function formatProblem(problem: FileProblem): string {
  return `${problem.file}:${problem.line}:${problem.column} ${problem.message}`
}

/** The closest of `known` to a mistyped word, or undefined when none is close (Damerau-Levenshtein ≤ 1 + length/4). */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = 1 + Math.floor(word.length / 4)
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance || (distance === bestDistance && best === undefined)) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8) return 99
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const substitute = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min(substitute, (previous[j] as number) + 1, (current[j - 1] as number) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] as number) + 1)
      current.push(cost)
    }
    before = previous
    previous = current
  }
  return previous[b.length] as number
}
