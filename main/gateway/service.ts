// What the stages of one gateway share. Made once by `startGateway`.
import type { RunContext, RunHandle } from '#main/engine/effects.ts'
import type { Prepared } from '#main/engine/prepare.ts'
import type { RunInput, SchemaCheck } from '#shared/flow/definition.ts'
import type { Json, JsonSchema } from '#shared/json.ts'
import type { Gate } from './admit.ts'
import type { Bodies } from './body.ts'
import type { Door } from './door.ts'
import type { Idempotency } from './idempotency.ts'
import type { LiveRuns } from './live-runs.ts'
import type { GatewayDeps } from './ports.ts'

/** The engine as the gateway calls it; tests hand in scripted ones. */
export interface Engine {
  execute(prepared: Prepared, context: RunContext): RunHandle
  /** Throws `invalid_input`; the paths of its issues begin at the input. */
  readInput(prepared: Prepared, input: Json): RunInput
  checkSchema(schema: JsonSchema): SchemaCheck
}

/** Milliseconds. */
export interface Times {
  readonly headersMs: number
  readonly bodyMs: number
  readonly bodyProgressMs: number
  readonly keepAliveMs: number
  readonly unreadMs: number
  readonly drainMs: number
  /** A resumable Run without a reader goes on for so long. */
  readonly resumeMs: number
  /** Events of a finished Run are kept for so long. */
  readonly keepEventsMs: number
  /** Async Runs may take so long. */
  readonly asyncRunMs: number
}

export const defaultTimes: Times = {
  headersMs: 10_000,
  bodyMs: 30_000,
  bodyProgressMs: 15_000,
  keepAliveMs: 5_000,
  unreadMs: 30_000,
  drainMs: 30_000,
  resumeMs: 60_000,
  keepEventsMs: 3_600_000,
  asyncRunMs: 3_600_000,
}

export interface Service {
  readonly deps: GatewayDeps
  readonly engine: Engine
  readonly door: Door
  readonly bodies: Bodies
  readonly gate: Gate
  readonly live: LiveRuns
  readonly idempotency: Idempotency
  readonly times: Times
  /** Milliseconds since 1970. */
  readonly startedAt: number
  state: 'ready' | 'stopping'
}
