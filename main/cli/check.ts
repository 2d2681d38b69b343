import { existsSync } from 'node:fs'
import { checkParts, readOptions } from '#main/publishing/parts.ts'
import { secretVariable } from '#main/secrets/secrets.ts'
import { openStore } from '#main/store/open.ts'
import { checkWorkspace } from '#main/workspace/check.ts'
import { readWorkspace } from '#main/workspace/read.ts'
import { formatProblem } from '#shared/flow/diagnostics.ts'
import type { ExitCode } from './exit.ts'
import { dataKeyFile, storeFile, workspaceFolder } from './folders.ts'
import { json, line, note } from './print.ts'

export interface CheckOptions {
  readonly json?: boolean
  readonly env?: string
  readonly strict?: boolean
}

/** Reads only: a folder that was never served gets no store by being checked. */
export function check(folder: string, options: CheckOptions): ExitCode {
  const root = workspaceFolder(folder)
  const state = readWorkspace(root, readOptions(options.env))
  const problems = checkWorkspace(state, checkParts({ has: knownSecret(root) }))
  const errors = problems.filter((problem) => problem.severity === 'error').length
  const warnings = problems.filter((problem) => problem.severity === 'warning').length
  if (options.json) json({ ok: errors === 0, errors, warnings, problems })
  else {
    for (const problem of problems)
      line(
        problem.severity === 'error'
          ? formatProblem(problem)
          : formatProblem({ ...problem, message: `${problem.severity}: ${problem.message}` }),
      )
    note(
      problems.length === 0
        ? 'No problems.'
        : `${errors} error${errors === 1 ? '' : 's'}, ${warnings} warning${warnings === 1 ? '' : 's'}.`,
    )
  }
  return errors > 0 || (options.strict && warnings > 0) ? 1 : 0
}

function knownSecret(folder: string): (name: string) => boolean {
  const file = storeFile(folder)
  if (!existsSync(file) || !existsSync(dataKeyFile(file)))
    return (name) => Boolean(process.env[secretVariable(name)])
  const store = openStore(file)
  try {
    const known = new Set(store.secrets.list().map((secret) => secret.name))
    return (name) => known.has(name) || Boolean(process.env[secretVariable(name)])
  } finally {
    store.close()
  }
}
