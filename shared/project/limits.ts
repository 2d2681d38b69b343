// Limits as they stand in `sluice.yaml` (endpoint-api.md 8) and as the gateway counts them.
import { z } from 'zod'

const bucket = z.strictObject({
  max: z.number().positive().max(1e15).meta({ title: 'At most' }),
  window_s: z.int().min(1).max(31_622_400).meta({ title: 'In seconds' }),
  burst: z
    .exactOptional(z.number().positive().max(1e15))
    .meta({ title: 'At once', description: 'Left out: all of it.' }),
})
export type BucketSetting = z.output<typeof bucket>

const mib = 1024 * 1024
const counted = {
  requests: z.exactOptional(bucket),
  tokens: z.exactOptional(bucket),
  cost_usd: z.exactOptional(bucket),
  concurrent: z.exactOptional(z.int().min(1).max(100_000)),
}
const bodyBytes = z.exactOptional(
  z
    .int()
    .min(1)
    .max(64 * mib),
)

/** Of a Consumer or a Key. */
export const callerLimits = z.strictObject({ ...counted, body_bytes: bodyBytes })

export const endpointLimits = z.strictObject({
  ...counted,
  body_bytes: bodyBytes,
  timeout_ms: z.int().min(1).max(3_600_000).default(120_000),
  max_cost_usd: z.exactOptional(z.number().positive().max(1_000_000)),
  answer_bytes: z
    .int()
    .min(1)
    .max(64 * mib)
    .default(16 * mib),
})

export const gatewayLimits = z.strictObject({
  requests: counted.requests,
  tokens: counted.tokens,
  cost_usd: counted.cost_usd,
  per_address: z.exactOptional(bucket),
  concurrent: z.int().min(1).max(100_000).default(512),
  queue: z.int().min(0).max(100_000).default(512),
  queue_ms: z.int().min(0).max(600_000).default(10_000),
  concurrent_per_key: z.int().min(1).max(100_000).default(64),
  wrong_keys_per_minute: z.int().min(1).max(100_000).default(20),
  body_bytes: z
    .int()
    .min(1)
    .max(64 * mib)
    .default(4 * mib),
})

export const budget = z.strictObject({
  max_usd: z.number().positive().max(1e9),
  window: z.enum(['day', 'week', 'month', 'total']).default('month'),
  warn_at: z.array(z.int().min(1).max(100)).max(10).default([80, 100]),
})

interface Bucket {
  readonly max: number
  readonly windowS: number
  readonly burst: number
}
/** Fits `LimitSet` of the gateway. */
export interface LimitFacts {
  readonly requests?: Bucket
  readonly tokens?: Bucket
  readonly costUsd?: Bucket
  readonly concurrent?: number
  readonly perAddress?: Bucket
  readonly budget?: { readonly maxUsd: number; readonly window: 'day' | 'week' | 'month' | 'total' }
}

export interface LimitSettings {
  readonly requests?: BucketSetting
  readonly tokens?: BucketSetting
  readonly cost_usd?: BucketSetting
  readonly concurrent?: number
  readonly per_address?: BucketSetting
}

/** The settings of one owner (gateway, Endpoint, Consumer or Key) as the gateway counts them. */
export function limitFacts(limits: LimitSettings | undefined, money?: z.output<typeof budget>): LimitFacts {
  const { requests, tokens, cost_usd, concurrent, per_address } = limits ?? {}
  return {
    ...(requests && { requests: toBucket(requests) }),
    ...(tokens && { tokens: toBucket(tokens) }),
    ...(cost_usd && { costUsd: toBucket(cost_usd) }),
    ...(concurrent !== undefined && { concurrent }),
    ...(per_address && { perAddress: toBucket(per_address) }),
    ...(money && { budget: { maxUsd: money.max_usd, window: money.window } }),
  }
}

function toBucket({ max, window_s, burst }: BucketSetting): Bucket {
  return { max, windowS: window_s, burst: burst ?? max }
}
