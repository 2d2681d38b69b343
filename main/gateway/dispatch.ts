// From a request to its route: the door first, then the table, then the Key that the route asks for.
import { AppError } from '#shared/errors.ts'
import { identify } from './authorize.ts'
import { checkType } from './body.ts'
import { listEndpoints, showEndpoint } from './catalog.ts'
import { preflight } from './cors.ts'
import type { Exchange } from './exchange.ts'
import { handle } from './handle.ts'
import { sendOpenApi } from './openapi.ts'
import { matchRoute, type RouteMatch, shapeOf } from './routes-table.ts'
import { sendError, sendFacts } from './send.ts'
import type { Service } from './service.ts'
import { cancelRun, followRun, showRun } from './show-run.ts'
import { listModels, showModel } from './surfaces/openai/models.ts'
import { openai } from './surfaces/openai/surface.ts'
import { rest } from './surfaces/rest/surface.ts'

/** The one catch: whatever goes wrong before a Run answers for itself is told here. Never rejects. */
export async function dispatch(exchange: Exchange, service: Service): Promise<void> {
  try {
    await enter(exchange, service)
  } catch (thrown) {
    refuse(exchange, thrown, service)
  }
}

/** Even telling the error may fail, when a header cannot be written; then nothing is left but to hang up. */
function refuse(exchange: Exchange, thrown: unknown, { deps }: Service): void {
  try {
    sendError(exchange, thrown, { report: deps.report })
  } catch (worse) {
    const cause = worse instanceof Error ? (worse.stack ?? worse.message) : String(worse)
    deps.report({
      level: 'error',
      message: 'an error could not be sent',
      facts: { request: exchange.requestId, cause },
    })
    exchange.res.destroy()
  }
}

function enter(exchange: Exchange, service: Service): Promise<void> | void {
  const { door } = service
  exchange.shape = shapeOf(exchange.req.url ?? '')
  exchange.head = door.enter(exchange.req, exchange.routes)
  const { method, path, origin } = exchange.head
  exchange.shape = shapeOf(path)
  if (origin !== undefined && !door.isOwn(origin, exchange.routes)) exchange.origin = origin
  if (method === 'OPTIONS') return preflight(exchange, door)
  const match = matchRoute(method, path)
  if (match.route.auth === 'none') return health(exchange, match, service)
  if (service.state !== 'ready') throw stopping(service)
  return toRoute(exchange, match, service)
}

function toRoute(exchange: Exchange, { route, param }: RouteMatch, service: Service): Promise<void> | void {
  switch (route.id) {
    case 'run':
      return handle(exchange, { surface: rest, reference: param }, service)
    case 'chat-completions':
      return handle(exchange, { surface: openai, reference: null }, service)
    default:
      return toReader(exchange, { route, param }, service)
  }
}

function toReader(exchange: Exchange, { route, param }: RouteMatch, service: Service): Promise<void> | void {
  const key = identify(exchange, service)
  switch (route.id) {
    case 'run-show':
      return showRun(exchange, { id: param, key }, service)
    case 'run-events':
      return followRun(exchange, { id: param, key }, service)
    case 'run-cancel':
      checkType(exchange.head)
      return cancelRun(exchange, { id: param, key }, service)
    case 'endpoints':
      return listEndpoints(exchange, key)
    case 'endpoint-show':
      return showEndpoint(exchange, key, param)
    case 'openapi':
      return sendOpenApi(exchange, key, null)
    case 'endpoint-openapi':
      return sendOpenApi(exchange, key, param)
    case 'models':
      return listModels(exchange, key, service)
    case 'model-show':
      return showModel(exchange, { id: param, key }, service)
    default:
      throw new AppError('not_found')
  }
}

function health(exchange: Exchange, { route }: RouteMatch, { state }: Service): void {
  const ready = route.id === 'healthz' || state === 'ready'
  sendFacts(exchange, ready ? 200 : 503, { status: route.id === 'healthz' ? 'ok' : state })
}

function stopping({ state }: Service): AppError {
  return new AppError('overloaded', {
    message: `The gateway is ${state}.`,
    details: { reason: state },
    retryAfterMs: 1000,
  })
}
