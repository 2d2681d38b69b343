// `GET /endpoints`: what this Key may call, and what it is told about it.
import { AppError } from '#shared/errors.ts'
import type { JsonObject } from '#shared/json.ts'
import type { Exchange } from './exchange.ts'
import { successorOf } from './lifecycle.ts'
import type { Bucket, KeyEntry, LimitSet, Route, ServedVersion } from './ports.ts'
import { isVisible, resolve } from './resolve.ts'
import { sendFacts } from './send.ts'
import { noSurface, surfaceNames } from './surfaces/offered.ts'

export function listEndpoints(exchange: Exchange, key: KeyEntry): void {
  const endpoints = visible(exchange, key).map((served) => describe(served, key))
  sendFacts(exchange, 200, { endpoints })
}

export function showEndpoint(exchange: Exchange, key: KeyEntry, slug: string): void {
  const served = visible(exchange, key).find(({ route }) => route.slug === slug)
  if (!served) throw new AppError('endpoint_not_found')
  sendFacts(exchange, 200, describe(served, key))
}

export interface Served {
  readonly route: Route
  /** What the plain slug means to this Key, or the first reference it may use. */
  readonly version: ServedVersion
  readonly reference: string
}

/** Endpoints in force that this Key may call, by slug. */
export function visible({ routes }: Pick<Exchange, 'routes'>, key: KeyEntry): readonly Served[] {
  const found: Served[] = []
  for (const route of routes.endpoints.values()) {
    if ((route.state !== 'published' && route.state !== 'deprecated') || !isVisible(route, key)) continue
    const references = [route.slug, ...granted(route, key).map((name) => `${route.slug}@${name}`)]
    for (const reference of references) {
      const version = versionOf({ routes }, key, reference)
      if (!version) continue
      found.push({ route, version, reference })
      break
    }
  }
  return found.sort((a, b) => (a.route.slug < b.route.slug ? -1 : 1))
}

function versionOf(
  { routes }: Pick<Exchange, 'routes'>,
  key: KeyEntry,
  reference: string,
): ServedVersion | undefined {
  try {
    const { target } = resolve(routes, key, reference)
    const version = target.kind === 'version' ? target.version : target.arms[0]?.version
    // An old Version may no longer compile; it must not take the list of all others with it.
    return version?.prepared && version
  } catch (thrown) {
    if (thrown instanceof AppError) return undefined
    throw thrown
  }
}

/** Labels and numbers of the Endpoint that the Key may name. */
function granted(route: Route, key: KeyEntry): readonly string[] {
  const names = [...route.labels.keys(), ...[...route.versions.keys()].map(String)]
  const allowed = key.access?.get(route.slug) ?? []
  return allowed.length === 0 ? names : names.filter((name) => allowed.includes(name))
}

function describe({ route, version }: Served, key: KeyEntry): JsonObject {
  const { plan } = version.prepared
  const names = new Set(granted(route, key))
  return {
    slug: route.slug,
    title: route.title,
    description: route.description,
    tags: route.tags,
    state: route.state,
    ...(route.state === 'deprecated' ? { sunset: route.sunset, successor: successorOf(route, null) } : {}),
    labels: Object.fromEntries(
      [...route.labels]
        .filter(([name]) => names.has(name))
        .map(([name, target]) => [
          name,
          target.kind === 'version'
            ? target.version.number
            : target.arms.map(({ name, weight, version }) => ({
                variant: name,
                weight,
                version: version.number,
              })),
        ]),
    ),
    versions: [...route.versions.values()]
      .filter(({ number }) => names.has(String(number)))
      .map(({ number, hash, state, sunset }) => ({ version: number, hash, state, sunset })),
    version: version.number,
    input_schema: plan.request.schema,
    output_schema: plan.answer.schema,
    surfaces: Object.fromEntries(
      surfaceNames.map((name) => {
        const why = noSurface(route, version, name)
        return [name, why === null ? { available: true } : { available: false, reason: why }]
      }),
    ),
    streams: plan.streams,
    required_metadata: route.requireMetadata,
    limits: limitsOf(route, key),
    bounds: { timeout_ms: route.run.timeoutMs, max_cost_usd: route.run.maxCostUsd },
  }
}

function limitsOf(route: Route, key: KeyEntry): JsonObject {
  return { endpoint: written(route.limits), consumer: written(key.consumer.limits), key: written(key.limits) }
}

function written({ requests, tokens, costUsd, concurrent, budget }: LimitSet): JsonObject {
  return {
    ...(requests ? { requests: bucket(requests) } : {}),
    ...(tokens ? { tokens: bucket(tokens) } : {}),
    ...(costUsd ? { cost_usd: bucket(costUsd) } : {}),
    ...(concurrent === undefined ? {} : { concurrent }),
    ...(budget ? { budget: { max_usd: budget.maxUsd, window: budget.window } } : {}),
  }
}

function bucket({ max, windowS, burst }: Bucket): JsonObject {
  return { max, window_s: windowS, burst }
}
