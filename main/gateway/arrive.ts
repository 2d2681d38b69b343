// The Endpoint that is meant and the body that came for it. Where the path names it, nothing is read for one that is not
// there; where the body does, it has to be read first.
import { AppError } from '#shared/errors.ts'
import type { JsonObject } from '#shared/json.ts'
import { allowOrigin } from './cors.ts'
import type { Exchange } from './exchange.ts'
import type { RunRequest } from './handle.ts'
import { parseBody } from './json-body.ts'
import type { Party } from './limits.ts'
import type { KeyEntry, Route, Routes } from './ports.ts'
import { type Resolved, resolve } from './resolve.ts'
import { requireScope } from './scopes.ts'
import type { Service } from './service.ts'

export interface Arrived {
  readonly key: KeyEntry
  /** What the caller wrote: a reference, or `connection/model`. */
  readonly asked: string
  readonly resolved: Resolved
  readonly bytes: Buffer
  readonly body: JsonObject
  readonly party: Party
}

export interface Arrival {
  readonly request: RunRequest
  readonly key: KeyEntry
}

export async function arrive(exchange: Exchange, arrival: Arrival, service: Service): Promise<Arrived> {
  const { routes, head } = exchange
  const { reference } = arrival.request
  const early = reference === null ? undefined : meant(exchange, reference, arrival, service)
  const bytes = await service.bodies.read(exchange, head, bodyLimit(routes, early?.route))
  const body = parseBody(bytes)
  const asked = reference ?? modelOf(body)
  const resolved = early ?? meant(exchange, asked, arrival, service)
  const { route } = resolved
  if (bytes.length > bodyLimit(routes, route)) throw new AppError('payload_too_large')
  const { key } = arrival
  const party = { settings: routes.settings, route, key, address: exchange.address }
  return { key, asked, resolved, bytes, body, party }
}

function meant(exchange: Exchange, asked: string, { request, key }: Arrival, service: Service): Resolved {
  const resolved = asked.includes('/') ? direct(asked, key, service) : resolve(exchange.routes, key, asked)
  const { route } = resolved
  if (!route.surfaces[request.surface.shape]) {
    throw new AppError('endpoint_not_found', { message: `"${route.slug}" is not offered on this surface.` })
  }
  allowOrigin(exchange, route, service.door)
  return resolved
}

/** A model behind a Connection, through a Plan of one node. */
function direct(asked: string, key: KeyEntry, { deps }: Service): Resolved {
  requireScope(key.scopes, 'models')
  const found = deps.direct?.(asked)
  if (!found) throw new AppError('endpoint_not_found', { message: 'There is no such model.' })
  return { route: found.route, label: null, target: { kind: 'version', version: found.version } }
}

function modelOf(body: JsonObject): string {
  const { model } = body
  if (typeof model === 'string' && model !== '') return model
  const issue = { path: '/model', rule: 'required', message: 'must name an endpoint' }
  throw new AppError('invalid_request', {
    message: 'The field "model" must name an endpoint.',
    details: { reason: 'invalid', issues: [issue] },
  })
}

const largest = new WeakMap<Routes, number>()

/** Before it is known which Endpoint is meant, the largest limit of any holds. */
function bodyLimit(routes: Routes, route: Route | undefined): number {
  const { bodyBytes } = routes.settings
  if (route) return route.bodyBytes ?? bodyBytes
  let limit = largest.get(routes)
  if (limit === undefined) {
    limit = bodyBytes
    for (const other of routes.endpoints.values()) limit = Math.max(limit, other.bodyBytes ?? 0)
    largest.set(routes, limit)
  }
  return limit
}
