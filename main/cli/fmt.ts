import { fmt } from '#main/workspace/fmt.ts'
import { formatProblem } from '#shared/flow/diagnostics.ts'
import type { ExitCode } from './exit.ts'
import { workspaceFolder } from './folders.ts'
import { line, note } from './print.ts'

export function format(folder: string, options: { readonly check?: boolean }): ExitCode {
  const { changed, problems } = fmt(workspaceFolder(folder), { check: options.check ?? false })
  for (const problem of problems) note(formatProblem(problem))
  for (const file of changed) line(file)
  if (options.check && changed.length > 0)
    note(
      `${changed.length === 1 ? 'This file is' : `These ${changed.length} files are`} not in canonical form. Without --check they are rewritten.`,
    )
  if (problems.length > 0) note('Files with errors were left as they are.')
  return problems.length > 0 || (options.check && changed.length > 0) ? 1 : 0
}
