// Pages of other Origins: only those an Endpoint lists, on that Endpoint only. The default list is empty.
import { AppError } from '#shared/errors.ts'
import { type Door, refuseOrigin } from './door.ts'
import type { Exchange } from './exchange.ts'
import type { Route } from './ports.ts'
import { matchRoute } from './routes-table.ts'

/** Throws `origin_refused` when a foreign Origin is not in the list of this very Endpoint. */
export function allowOrigin(exchange: Exchange, route: Route, door: Door): void {
  const { origin } = exchange.head
  if (origin === undefined || door.isOwn(origin, exchange.routes) || route.cors.includes(origin)) return
  exchange.origin = undefined
  refuseOrigin()
}

/** Answers `OPTIONS`. The Key is not sent with it, so only the Origin decides. */
export function preflight(exchange: Exchange, door: Door): void {
  const { head, routes, res } = exchange
  const wanted = method(exchange)
  if (head.origin === undefined || wanted === undefined) {
    throw new AppError('method_not_allowed', { message: 'OPTIONS is for preflight requests only.' })
  }
  const { route, param } = matchRoute(wanted, head.path)
  if (route.id === 'run' || route.id === 'endpoint-show' || route.id === 'endpoint-openapi') {
    const endpoint = routes.endpoints.get(param.split('@', 1)[0] ?? '')
    if (!endpoint) refuseOrigin()
    allowOrigin(exchange, endpoint, door)
  }
  res.writeHead(204, [
    'Access-Control-Allow-Origin',
    head.origin,
    'Vary',
    'Origin, Access-Control-Request-Headers',
    'Access-Control-Allow-Methods',
    route.method,
    'Access-Control-Allow-Headers',
    allowedHeaders(head.wantsHeaders ?? ''),
    'Access-Control-Max-Age',
    '600',
    'x-request-id',
    exchange.requestId,
  ])
  res.end()
}

function method({ head }: Exchange): string | undefined {
  for (let i = 0; i < head.raw.length; i += 2) {
    if (head.raw[i]?.toLowerCase() === 'access-control-request-method') return head.raw[i + 1]
  }
  return undefined
}

/** A wildcard would not cover `Authorization`, and clients of the compatible surfaces send headers of their own. */
function allowedHeaders(wanted: string): string {
  const names = wanted.split(',').map((name) => name.trim().toLowerCase())
  const allowed = names.filter(
    (name) => /^[a-z0-9-]{1,64}$/.test(name) && name !== 'cookie' && name !== 'host',
  )
  return allowed.slice(0, 64).join(', ')
}
