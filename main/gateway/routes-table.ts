// Every route of the gateway. Nothing outside this list answers; matching is made from it, so the two cannot differ.
import { AppError } from '#shared/errors.ts'
import type { Scope } from './ports.ts'

export type RouteId =
  | 'healthz'
  | 'readyz'
  | 'run'
  | 'run-show'
  | 'run-events'
  | 'run-cancel'
  | 'endpoints'
  | 'endpoint-show'
  | 'openapi'
  | 'endpoint-openapi'
  | 'chat-completions'
  | 'models'
  | 'model-show'

export interface RouteEntry {
  readonly id: RouteId
  readonly method: 'GET' | 'POST'
  /** `{name}` is one path part; `{name+}` may hold slashes. */
  readonly path: string
  readonly auth: 'none' | 'key'
  /** Needed to use the route at all; options may need more. */
  readonly scope: Scope | null
  /** Shape of its errors. */
  readonly shape: 'rest' | 'openai'
}

function entry(
  id: RouteId,
  route: string,
  scope: Scope | null = null,
  rest: { auth?: 'none'; shape?: 'openai' } = {},
): RouteEntry {
  const [method, path] = route.split(' ') as ['GET' | 'POST', string]
  return { id, method, path, scope, auth: rest.auth ?? 'key', shape: rest.shape ?? 'rest' }
}

export const routesTable: readonly RouteEntry[] = [
  entry('healthz', 'GET /healthz', null, { auth: 'none' }),
  entry('readyz', 'GET /readyz', null, { auth: 'none' }),
  entry('run', 'POST /run/{reference}', 'run'),
  entry('run-show', 'GET /runs/{id}'),
  entry('run-events', 'GET /runs/{id}/events'),
  entry('run-cancel', 'POST /runs/{id}/cancel'),
  entry('endpoints', 'GET /endpoints'),
  entry('endpoint-show', 'GET /endpoints/{slug}'),
  entry('openapi', 'GET /openapi.json'),
  entry('endpoint-openapi', 'GET /endpoints/{slug}/openapi.json'),
  entry('chat-completions', 'POST /v1/chat/completions', 'run', { shape: 'openai' }),
  entry('models', 'GET /v1/models', null, { shape: 'openai' }),
  entry('model-show', 'GET /v1/models/{id+}', null, { shape: 'openai' }),
]

export interface RouteMatch {
  readonly route: RouteEntry
  /** The `{…}` part as it stands in the path, or ''. */
  readonly param: string
}

const exact = new Map<string, RouteEntry>()
const open: {
  readonly prefix: string
  readonly suffix: string
  readonly slashes: boolean
  readonly route: RouteEntry
}[] = []
for (const route of routesTable) {
  const parts = /^(.*)\{\w+(\+?)\}(.*)$/.exec(route.path)
  if (!parts) exact.set(route.path, route)
  else open.push({ prefix: parts[1] ?? '', suffix: parts[3] ?? '', slashes: parts[2] === '+', route })
}

/** The path is compared as text, case and encoding included, so no second spelling reaches a handler. */
function find(path: string): RouteMatch | undefined {
  const fixed = exact.get(path)
  if (fixed) return { route: fixed, param: '' }
  for (const { prefix, suffix, slashes, route } of open) {
    if (!path.startsWith(prefix) || !path.endsWith(suffix)) continue
    const end = path.length - suffix.length
    if (end <= prefix.length) continue
    const param = path.slice(prefix.length, end)
    if (slashes || !param.includes('/')) return { route, param }
  }
  return undefined
}

/** Throws `not_found`, or `method_not_allowed` with the allowed method in `details.allow`. */
export function matchRoute(method: string, path: string): RouteMatch {
  const match = find(path)
  if (!match) throw new AppError('not_found', { message: 'There is no such path.' })
  const { route } = match
  if (method === route.method || (method === 'HEAD' && route.auth === 'none')) return match
  throw new AppError('method_not_allowed', {
    message: `Use ${route.method} here.`,
    details: { allow: route.method },
  })
}

/** For errors that come before a route is matched. */
export function shapeOf(path: string): 'rest' | 'openai' {
  return path.startsWith('/v1/') ? 'openai' : 'rest'
}
