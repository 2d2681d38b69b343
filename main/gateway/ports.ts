// What the gateway needs, as interfaces it owns. It never sees the store, the workspace files or a provider.

import type { Effects, RunLimits } from '#main/engine/effects.ts'
import type { Prepared } from '#main/engine/prepare.ts'
import type { Json, JsonObject } from '#shared/json.ts'
import type { RunRow } from '#shared/run/row.ts'
import type { Idempotency } from './idempotency.ts'

export interface GatewayDeps {
  /** The current immutable snapshot; a request keeps the one it began with. */
  routes(): Routes
  /** The current immutable key ring. */
  keys(): KeyRing
  readonly effects: Effects
  readonly log: RunSink
  readonly runs: RunReader
  readonly counters: Counters
  /** Where answers to repeated requests are kept; left out: in memory. */
  readonly idempotency?: Idempotency
  /** 144 random bits as 24 letters and digits. */
  newId(): string
  /** A one-node Plan for `connection/model` (Keys with the scope `models`); undefined: there is no such model. */
  direct?(target: string): { readonly route: Route; readonly version: ServedVersion } | undefined
  report(event: {
    readonly level: 'info' | 'warn' | 'error'
    readonly message: string
    readonly facts?: JsonObject
  }): void
}

// ------------------------------------------------------------------------------------------------ what is served

export interface Routes {
  /** Rises with every swap. */
  readonly generation: number
  readonly endpoints: ReadonlyMap<string, Route>
  readonly settings: GatewaySettings
}

export interface GatewaySettings {
  /** Names allowed in `Host` besides loopback, each with the listener's port unless it names its own. */
  readonly hosts: readonly string[]
  readonly allowIp: readonly string[]
  readonly denyIp: readonly string[]
  readonly limits: LimitSet
  readonly bodyBytes: number
  readonly maxRuns: number
  readonly maxQueue: number
  readonly queueMs: number
  readonly runsPerKey: number
  readonly wrongKeysPerMinute: number
  readonly vars: Readonly<Record<string, string>>
}

export interface Route {
  readonly slug: string
  readonly title: string
  readonly description: string
  readonly tags: readonly string[]
  readonly state: 'draft' | 'published' | 'deprecated' | 'retired'
  /** Unix seconds; for deprecated and retired routes. */
  readonly deprecatedAt: number | null
  readonly sunset: string | null
  readonly successor: string | null
  readonly labels: ReadonlyMap<string, LabelTarget>
  readonly versions: ReadonlyMap<number, ServedVersion>
  /** The last saved draft that compiles. */
  readonly draft: ServedVersion | null
  readonly surfaces: {
    readonly rest: boolean
    readonly openai: boolean
    readonly anthropic: boolean
    readonly mcp: boolean
  }
  readonly cors: readonly string[]
  readonly requireMetadata: readonly string[]
  readonly unknownFields: 'ignore' | 'refuse'
  readonly shareEvents: boolean
  readonly contextHeaders: readonly string[]
  readonly limits: LimitSet
  readonly bodyBytes: number | null
  readonly run: RunLimits
  readonly access: { readonly approval: boolean }
}

export type LabelTarget =
  | { readonly kind: 'version'; readonly version: ServedVersion }
  | {
      readonly kind: 'split'
      readonly sticky: string | null
      readonly arms: readonly {
        readonly name: string
        readonly weight: number
        readonly version: ServedVersion
      }[]
    }

export interface ServedVersion {
  /** Null for the draft. */
  readonly number: number | null
  readonly hash: string
  readonly state: 'published' | 'deprecated' | 'retired'
  /** Unix seconds; for deprecated and retired Versions. */
  readonly deprecatedAt?: number | null
  readonly sunset: string | null
  readonly successor: string | null
  readonly prepared: Prepared
  readonly samples: readonly {
    readonly name: string
    readonly input: JsonObject
    readonly metadata: JsonObject
  }[]
}

/** `{ max, window_s, burst }` token buckets and a cap of concurrent Runs; absent = no limit. */
export interface LimitSet {
  readonly requests?: Bucket
  readonly tokens?: Bucket
  readonly costUsd?: Bucket
  readonly concurrent?: number
  readonly perAddress?: Bucket
  /** Calendar budget in US dollars. */
  readonly budget?: { readonly maxUsd: number; readonly window: 'day' | 'week' | 'month' | 'total' }
}
export interface Bucket {
  readonly max: number
  readonly windowS: number
  readonly burst: number
}

// ------------------------------------------------------------------------------------------------ who calls

export interface KeyRing {
  readonly generation: number
  /** By the 8 public characters. */
  readonly keys: ReadonlyMap<string, KeyEntry>
  /** Constant-time check of a whole key text against an entry; the entry may remember a key that passed once. */
  verify(entry: KeyEntry, presented: string): boolean
}

export type Scope = 'run' | 'batch' | 'trace' | 'cost' | 'draft' | 'pick_variant' | 'models' | 'proxy' | 'mcp'

export interface KeyEntry {
  readonly id: string
  readonly consumer: {
    readonly id: string
    readonly tags: Readonly<Record<string, string>>
    readonly limits: LimitSet
  }
  readonly scopes: ReadonlySet<Scope>
  /** Endpoint slug → labels and versions it may call (empty: all); null: every Endpoint. */
  readonly access: ReadonlyMap<string, readonly string[]> | null
  readonly pins: ReadonlyMap<string, string>
  /** Milliseconds since 1970. */
  readonly expiresAt: number | null
  readonly state: 'active' | 'pending' | 'revoked'
  readonly addresses: readonly string[]
  readonly origins: readonly string[]
  readonly priority: 'high' | 'normal' | 'low'
  readonly limits: LimitSet
  readonly hash: Uint8Array
}

// ------------------------------------------------------------------------------------------------ where it goes

export interface RunSink {
  /** Never waits and never throws; a finished Run can be read within 1 s. */
  push(row: RunRow): void
}
export interface RunReader {
  /** Undefined when unknown or not of this consumer. */
  get(id: string, consumer: string): Promise<RunRow | undefined>
}

/**
 * Shared counters: in-process on one machine; Redis for replicas later. Buckets are told monotonic milliseconds, budgets
 * milliseconds since 1970.
 */
export interface Counters {
  /** Takes from every bucket or from none. */
  take(
    requests: readonly { readonly key: string; readonly bucket: Bucket; readonly amount: number }[],
    now: number,
  ):
    | {
        readonly ok: true
        readonly tightest: {
          readonly limit: number
          readonly remaining: number
          readonly resetS: number
        } | null
      }
    | {
        readonly ok: false
        readonly index: number
        readonly retryAfterMs: number
        readonly limit: number
        readonly remaining: number
        readonly resetS: number
      }
  /** Adds to (or gives back from) a bucket without refusing; settles reservations. */
  adjust(key: string, bucket: Bucket, amount: number, now: number): void
  /** Calendar budget: reserves if spent + reserved + amount ≤ max. */
  reserve(
    key: string,
    maxUsd: number,
    window: 'day' | 'week' | 'month' | 'total',
    amount: number,
    now: number,
  ): { settle(actual: number): void } | null
}
export type { Json }
