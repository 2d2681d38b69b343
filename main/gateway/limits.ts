// Which counters a request and its upstream calls are held against. One list of holders, so nothing is checked on one
// surface and forgotten on another.
import type { Bucket, GatewaySettings, KeyEntry, LimitSet, Route } from './ports.ts'

export interface Claim {
  readonly key: string
  readonly bucket: Bucket
  readonly amount: number
}

/** Someone with limits: what stands before `:` in the counter names. */
export interface Holder {
  readonly name: string
  readonly limits: LimitSet
}

export interface Party {
  readonly settings: GatewaySettings
  readonly route: Route
  readonly key: KeyEntry
  readonly address: string
}

/** From the widest to the narrowest. Most have no limits at all; then nothing is built. */
export function holders(
  { settings, route, key }: Party,
  has: (limits: LimitSet) => boolean,
): readonly Holder[] {
  const found: Holder[] = []
  if (has(settings.limits)) found.push({ name: 'gateway', limits: settings.limits })
  if (has(route.limits)) found.push({ name: `endpoint:${route.slug}`, limits: route.limits })
  if (has(key.consumer.limits))
    found.push({ name: `consumer:${key.consumer.id}`, limits: key.consumer.limits })
  if (has(key.limits)) found.push({ name: `key:${key.id}`, limits: key.limits })
  return found
}

const counts = (limits: LimitSet) => limits.requests !== undefined || limits.perAddress !== undefined

/** The request buckets of one call. */
export function requestClaims(party: Party): readonly Claim[] {
  const { settings, route, key, address } = party
  if (
    !counts(settings.limits) &&
    !counts(route.limits) &&
    !counts(key.consumer.limits) &&
    !counts(key.limits)
  ) {
    return none
  }
  const claims: Claim[] = []
  for (const { name, limits } of holders(party, counts)) {
    const { requests, perAddress } = limits
    if (requests) claims.push({ key: `${name}/requests`, bucket: requests, amount: 1 })
    if (perAddress) claims.push({ key: `${name}/address:${address}`, bucket: perAddress, amount: 1 })
  }
  return claims
}

const none: readonly Claim[] = []
