// What callers are told of deprecated and retired Endpoints and Versions.
import type { RunWarning } from '#shared/run/events.ts'
import type { Route, ServedVersion } from './ports.ts'

/** The reference that takes over: `slug`, `slug@label` or `slug@number`; null when none is named. */
export function successorOf(route: Route, version: ServedVersion | null): string | null {
  const named = version?.successor ?? route.successor
  if (named === null || named.includes('@')) return named
  const within = route.labels.has(named) || /^[0-9]+$/.test(named)
  return within ? `${route.slug}@${named}` : named
}

export interface Notice {
  /** Name, value, name, value. */
  readonly headers: readonly string[]
  readonly warning: RunWarning
}

/** RFC 9745 and RFC 8594. A Version can be deprecated on a published Endpoint. */
export function deprecationOf(route: Route, version: ServedVersion): Notice | null {
  const whole = route.state === 'deprecated'
  if (!whole && version.state !== 'deprecated') return null
  const successor = successorOf(route, version)
  const sunset = version.sunset ?? route.sunset
  const since = (whole ? route.deprecatedAt : version.deprecatedAt) ?? 0
  const headers = ['Deprecation', `@${since}`]
  if (sunset !== null) headers.push('Sunset', new Date(sunset).toUTCString())
  if (successor !== null) headers.push('Link', linkTo(successor))
  const what = whole ? `The endpoint "${route.slug}"` : `Version ${version.number} of "${route.slug}"`
  const until = sunset === null ? '' : ` It is planned to end on ${sunset}.`
  const instead = successor === null ? '' : ` Use "${successor}" instead.`
  const message = `${what} is deprecated.${until}${instead}`
  return { headers, warning: { code: 'deprecated', message, node: null } }
}

export function linkTo(reference: string): string {
  return `</run/${reference}>; rel="successor-version"`
}
