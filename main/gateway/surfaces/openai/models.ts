// `GET /v1/models`: the references that this Key may name as a model.
import { AppError } from '#shared/errors.ts'
import type { JsonObject } from '#shared/json.ts'
import type { Exchange } from '../../exchange.ts'
import type { KeyEntry, Route } from '../../ports.ts'
import { isVisible, resolve } from '../../resolve.ts'
import { requireScope } from '../../scopes.ts'
import { sendFacts } from '../../send.ts'
import type { Service } from '../../service.ts'
import { noSurface } from '../offered.ts'

export function listModels(exchange: Exchange, key: KeyEntry, { startedAt }: Service): void {
  const data: JsonObject[] = []
  for (const route of exchange.routes.endpoints.values()) {
    for (const reference of references(route, key)) {
      if (isServed(exchange, key, reference)) data.push(model(reference, startedAt))
    }
  }
  sendFacts(exchange, 200, { object: 'list', data })
}

export function showModel(
  exchange: Exchange,
  { id, key }: { id: string; key: KeyEntry },
  service: Service,
): void {
  const reference = decoded(id)
  if (reference.includes('/')) {
    requireScope(key.scopes, 'models')
    if (!service.deps.direct?.(reference)) throw missing()
  } else if (!isServed(exchange, key, reference)) throw missing()
  sendFacts(exchange, 200, model(reference, service.startedAt))
}

function references(route: Route, key: KeyEntry): readonly string[] {
  if (!isVisible(route, key) || route.state === 'draft' || route.state === 'retired') return []
  return [route.slug, ...[...route.labels.keys()].map((label) => `${route.slug}@${label}`)]
}

/** Listed is what a call with this name would get through to. */
function isServed(exchange: Exchange, key: KeyEntry, reference: string): boolean {
  try {
    const { route, target } = resolve(exchange.routes, key, reference)
    const version = target.kind === 'version' ? target.version : target.arms[0]?.version
    return version !== undefined && noSurface(route, version, 'openai') === null
  } catch (thrown) {
    if (thrown instanceof AppError) return false
    throw thrown
  }
}

function model(id: string, startedAt: number): JsonObject {
  return { id, object: 'model', created: Math.floor(startedAt / 1000), owned_by: 'sluice' }
}

/** Ids with a slash come raw or as `%2F`. */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    throw missing()
  }
}

function missing(): AppError {
  return new AppError('endpoint_not_found', { message: 'There is no such model for this key.' })
}
