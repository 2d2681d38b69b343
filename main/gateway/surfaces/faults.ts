// Faults of a request, collected so that a caller reads all of them at once.
import { AppError, type Issue } from '#shared/errors.ts'

export interface Faults {
  add(path: string, rule: string, message: string): void
  /** Throws `invalid_request` when there are any. */
  check(): void
}

export function faults(): Faults {
  let issues: Issue[] | undefined
  return {
    add(path, rule, message) {
      if (issues === undefined) issues = []
      if (issues.length < 50) issues.push({ path, rule, message })
    },
    check() {
      if (issues !== undefined) throw invalidRequest(issues)
    },
  }
}

/** The rule of the first issue is the reason, where it is a stable word of its own. */
export function invalidRequest(issues: readonly Issue[]): AppError {
  const [first] = issues
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  return new AppError('invalid_request', {
    message: `${first?.path ?? ''}: ${first?.message ?? 'The request is not valid'}${more}.`,
    details: {
      reason: first?.rule === 'unknown_field' ? 'unknown_field' : 'invalid',
      issues: issues.map((issue) => ({ ...issue })),
    },
  })
}

/** A key as a JSON pointer token; a very long one is cut, it only has to be found again. */
export function token(key: string): string {
  return key.slice(0, 200).replaceAll('~', '~0').replaceAll('/', '~1')
}
