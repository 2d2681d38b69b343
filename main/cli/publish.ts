import type { ControlProblem } from '#shared/api/control.ts'
import { AppError } from '#shared/errors.ts'
import type { ExitCode } from './exit.ts'
import { withControl } from './open-control.ts'
import { json, line, note } from './print.ts'

export interface PublishOptions {
  readonly label: string
  readonly note?: string
  readonly author?: string
  readonly endpoint?: string
  readonly env?: string
  readonly json?: boolean
  readonly store?: string
}

export function publishFlow(folder: string, flow: string, options: PublishOptions): Promise<ExitCode> {
  return withControl(folder, options, async (control) => {
    try {
      const published = await control.publish({
        flow,
        label: options.label,
        ...(options.note === undefined ? {} : { note: options.note }),
        ...(options.author === undefined ? {} : { author: options.author }),
        ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
      })
      if (options.json) json(published)
      else {
        for (const problem of published.problems) note(place(problem))
        line(
          `${published.endpoint}@${published.label} is version ${published.version}${published.reused ? ' (equal content was published before)' : ''}.`,
        )
      }
      return 0
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.details.reason !== 'problems') throw thrown
      const problems = thrown.details.problems as unknown as readonly ControlProblem[]
      if (options.json) json({ error: thrown.message, problems })
      else for (const problem of problems) line(place(problem))
      note(thrown.message)
      return 1
    }
  })
}

function place({ file, line: at, column, message, severity }: ControlProblem): string {
  return `${file}:${at}:${column} ${severity === 'error' ? '' : `${severity}: `}${message}`
}
