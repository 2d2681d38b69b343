// `sluice fmt`: every file that a person edits, in canonical form. Frozen Versions are never touched.
import { join } from 'node:path'
import type { FileProblem } from '#shared/flow/diagnostics.ts'
import { formatText } from './canonical.ts'
import { listFolder } from './folder.ts'
import { type LocatedProblem, newerFormat } from './judge.ts'
import { kindOf } from './kinds.ts'
import { readPrompt } from './prompt.ts'
import type { DocumentKind } from './shapes.ts'
import { loadText, problemAt } from './source.ts'
import { writeFileAtomic } from './write.ts'
import { parseYaml } from './yaml-parse.ts'

export interface FmtOptions {
  /** Only tell which files would change. */
  readonly check: boolean
}

export interface FmtResult {
  /** Files that were, or with `check` would be, rewritten. */
  readonly changed: readonly string[]
  /** Why other files were left as they are. */
  readonly problems: readonly FileProblem[]
}

export function fmt(folder: string, { check }: FmtOptions): FmtResult {
  const changed: string[] = []
  const problems: FileProblem[] = []
  for (const file of listFolder(folder).files) {
    const kind = kindOf(file)
    if (kind === undefined || 'misplaced' in kind || kind.number !== undefined) continue
    const loaded = loadText(join(folder, file), file, kind.maxBytes)
    if (loaded === 'gone') continue
    if ('problem' in loaded) {
      problems.push(loaded.problem)
      continue
    }
    const { text } = loaded
    const formatted = formatText(kind.kind, text)
    if (formatted === undefined) problems.push(...whyNot(file, kind.kind, text))
    else if (formatted !== text) {
      changed.push(file)
      if (!check) writeFileAtomic(folder, file, formatted)
    }
  }
  return { changed, problems }
}

/** The errors of a file that cannot be formatted: its syntax, not what it says. */
function whyNot(file: string, kind: DocumentKind, text: string): FileProblem[] {
  const found = kind === 'prompt' ? readPrompt('', text).problems : syntaxProblems(text, kind)
  return found.filter(({ severity }) => severity === 'error').map((problem) => problemAt(file, problem))
}

function syntaxProblems(text: string, kind: DocumentKind): readonly LocatedProblem[] {
  const yaml = parseYaml(text)
  const newer = newerFormat(yaml, kind)
  if (newer !== undefined) return [newer]
  if (yaml.problems.length === 0) {
    return [
      {
        code: 'wrong_value',
        severity: 'error',
        message: `the ${kind} must be a map`,
        path: [],
        line: 1,
        column: 1,
      },
    ]
  }
  return yaml.problems.map(({ code, severity = 'error', offset, message }) => ({
    code,
    severity,
    message,
    path: [],
    ...yaml.position(offset),
  }))
}
