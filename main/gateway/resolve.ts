// Which Endpoint, and what a reference means on it, for this Key. What a Key may not see does not exist for it.
import { AppError } from '#shared/errors.ts'
import { successorOf } from './lifecycle.ts'
import type { KeyEntry, LabelTarget, Route, Routes, ServedVersion } from './ports.ts'
import { requireScope } from './scopes.ts'

export interface Resolved {
  readonly route: Route
  /** The Label asked for; null when a number was. */
  readonly label: string | null
  readonly target: LabelTarget
}

const slugForm = /^[a-z0-9][a-z0-9-]{0,62}$/
const numberForm = /^[1-9][0-9]{0,8}$/

/** Is the Endpoint in the lists of this Key? */
export function isVisible(route: Route, key: KeyEntry): boolean {
  return key.access === null || key.access.has(route.slug)
}

/** Throws `endpoint_not_found`, `version_not_found`, `forbidden`, `pending_approval`, `gone`. */
export function resolve(routes: Routes, key: KeyEntry, reference: string): Resolved {
  const at = reference.indexOf('@')
  const slug = at < 0 ? reference : reference.slice(0, at)
  const route = slugForm.test(slug) ? routes.endpoints.get(slug) : undefined
  if (!route || !isVisible(route, key)) throw new AppError('endpoint_not_found')
  const wanted = at < 0 ? (key.pins.get(slug) ?? 'production') : reference.slice(at + 1)
  if (route.state === 'draft' && wanted !== 'draft') throw new AppError('endpoint_not_found')
  if (route.state === 'retired') throw gone(`The endpoint "${slug}" is retired.`, successorOf(route, null))
  checkAccess(route, key, wanted)
  const resolved = find(route, wanted)
  if (!resolved) {
    throw new AppError('version_not_found', {
      message: `The endpoint "${slug}" has no "${wanted.slice(0, 40)}".`,
    })
  }
  return resolved
}

function checkAccess(route: Route, key: KeyEntry, wanted: string): void {
  if (wanted === 'draft') requireScope(key.scopes, 'draft')
  if (key.access === null) {
    if (route.access.approval) {
      throw new AppError('pending_approval', {
        message: `Access to "${route.slug}" is not approved for this consumer yet.`,
      })
    }
    return
  }
  const granted = key.access.get(route.slug) ?? []
  if (granted.length === 0 || granted.includes(wanted)) return
  throw new AppError('forbidden', {
    message: 'This key may not use this label or version.',
    details: { reason: 'reference' },
  })
}

function find(route: Route, wanted: string): Resolved | undefined {
  if (wanted === 'draft') {
    return route.draft
      ? { route, label: 'draft', target: { kind: 'version', version: route.draft } }
      : undefined
  }
  if (numberForm.test(wanted)) {
    const version = route.versions.get(Number(wanted))
    return version && { route, label: null, target: { kind: 'version', version } }
  }
  const target = route.labels.get(wanted)
  return target && { route, label: wanted, target }
}

/** Throws `gone` for a Version that was retired on its own. */
export function checkServed(version: ServedVersion, route: Route): void {
  if (version.state !== 'retired') return
  throw gone(`Version ${version.number} of "${route.slug}" is retired.`, successorOf(route, version))
}

function gone(message: string, successor: string | null): AppError {
  return new AppError('gone', { message, ...(successor === null ? {} : { details: { successor } }) })
}
