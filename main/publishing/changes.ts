// What the person at the terminal is told of the files of a running server.
import { AppError } from '#shared/errors.ts'
import { formatProblem } from '#shared/flow/diagnostics.ts'
import { isDraft } from './parts.ts'
import type { Runtime } from './runtime.ts'

/** What a person should know of a workspace that is served all the same. */
export function weaknesses(runtime: Runtime): readonly string[] {
  const told = runtime.check().filter(({ code, severity, file, at }) => {
    if (code === 'secret_missing') return !at.path?.includes('keys') // The notices have it, with what follows from it.
    return code === 'not_enforced' || (severity === 'error' && !isDraft(file))
  })
  return [...runtime.notices().map((notice) => `not served: ${notice}`), ...told.map(formatProblem)]
}

/** Takes over changed files, and says so once: a person saves a file several times before it is right. */
export function changesOf(runtime: Runtime, report: (line: string) => void) {
  let wrong = false
  let { listen } = runtime.project().gateway
  return {
    /** @throws AppError with `orFail` when the files have errors and everything is served as before */
    async apply({ orFail }: { readonly orFail: boolean }): Promise<void> {
      const { applied, problems, notices } = await runtime.reload()
      if (applied) {
        if (wrong) report('The files are right again and in force.')
        wrong = false
        for (const notice of notices) report(`not served: ${notice}`)
        const now = runtime.project().gateway.listen
        if (now !== listen) report(`gateway.listen is ${now} now; the server takes it at its next start.`)
        listen = now
        return
      }
      const errors = problems.filter(({ severity }) => severity === 'error')
      wrong = true
      report('The files have errors; everything is served as before:')
      for (const problem of errors) report(`  ${formatProblem(problem)}`)
      if (orFail)
        throw new AppError('conflict', {
          message: `The change is written, but the running server could not take it over: ${errors.map(formatProblem).join('; ')}`,
        })
    },
  }
}
