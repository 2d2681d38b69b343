// What a Key was granted.
import { AppError } from '#shared/errors.ts'
import type { Scope } from './ports.ts'

/** Throws `forbidden`. */
export function requireScope(scopes: ReadonlySet<Scope>, scope: Scope): void {
  if (scopes.has(scope)) return
  throw new AppError('forbidden', {
    message: `This key does not have the scope "${scope}".`,
    details: { reason: 'scope', scope },
  })
}
