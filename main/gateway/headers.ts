// Headers of answers as flat name, value lists, the form node:http writes without further looking.

import type { RunTotals } from '#shared/run/events.ts'
import type { Exchange } from './exchange.ts'
import { deprecationOf } from './lifecycle.ts'
import type { Route, ServedVersion } from './ports.ts'

interface Block {
  readonly route: Route
  readonly headers: readonly string[]
}
const blocks = new WeakMap<ServedVersion, Block>()

/** What answered; worked out once per Version and snapshot. */
export function versionHeaders(route: Route, version: ServedVersion): readonly string[] {
  let block = blocks.get(version)
  if (block?.route !== route) {
    const headers = ['Sluice-Endpoint', visible(route.slug)]
    if (version.number !== null) headers.push('Sluice-Version', String(version.number))
    headers.push('Sluice-Version-Hash', visible(version.hash), 'Sluice-Cache', 'bypass; reason=off')
    headers.push(...(deprecationOf(route, version)?.headers.map(visible) ?? []))
    block = { route, headers }
    blocks.set(version, block)
  }
  return block.headers
}

/** Ids, safety, CORS and the facts known so far. The type and length of the body are the sender's. */
export function baseHeaders(exchange: Exchange): string[] {
  const { run, requestId, facts, origin } = exchange
  const headers = ['x-request-id', requestId, 'request-id', requestId, 'x-content-type-options', 'nosniff']
  if (run !== null) headers.push('Sluice-Run-Id', run)
  for (const value of facts) headers.push(value)
  if (origin !== undefined) {
    headers.push(
      'Access-Control-Allow-Origin',
      origin,
      'Vary',
      'Origin',
      'Access-Control-Expose-Headers',
      exposed,
    )
  }
  return headers
}

/** What only a finished Run knows; for whole answers. */
export function pushOutcome(headers: string[], totals: RunTotals, cost: boolean): void {
  if (totals.variant !== null) headers.push('Sluice-Variant', visible(totals.variant))
  if (totals.servedBy !== null) headers.push('Sluice-Served-By', visible(totals.servedBy))
  headers.push('Sluice-Attempts', String(totals.attempts))
  if (totals.degraded) headers.push('Sluice-Degraded', 'true')
  if (cost && totals.costUsd !== null) headers.push('Sluice-Cost-Usd', decimal(totals.costUsd))
}

export const streamHeaders: readonly string[] = [
  'Content-Type',
  'text/event-stream; charset=utf-8',
  'Cache-Control',
  'no-cache, no-transform',
  'X-Accel-Buffering',
  'no',
]

/** Names of models and fields come from people; a header takes visible ASCII only. */
export function visible(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : text.replaceAll(/[^\x20-\x7e]/g, '?')
}

/** Without an exponent, which not every reader of a header expects. */
function decimal(value: number): string {
  return value === 0 || value >= 1e-6 ? String(value) : value.toFixed(12).replace(/0+$/, '')
}

const exposed = [
  'x-request-id',
  'request-id',
  'Sluice-Run-Id',
  'Sluice-Endpoint',
  'Sluice-Version',
  'Sluice-Version-Hash',
  'Sluice-Variant',
  'Sluice-Cache',
  'Sluice-Served-By',
  'Sluice-Attempts',
  'Sluice-Degraded',
  'Sluice-Cost-Usd',
  'Sluice-Ignored-Fields',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'x-should-retry',
  'Idempotency-Replayed',
  'Deprecation',
  'Sunset',
  'Link',
  'Location',
].join(', ')
