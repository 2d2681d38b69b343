// What stands in a Cassette.
import { AppError, type ErrorCode } from '#shared/errors.ts'
import type { HttpAnswer } from '#shared/flow/definition.ts'
import type { Json } from '#shared/json.ts'
import type { ChatResponse, ModelWarning, StreamEvent } from '#shared/model/chat.ts'
import type { Fields } from './cassette-key.ts'
import type { TargetFacts } from './effects.ts'

export interface Cassette {
  readonly format: 'sluice/cassette@1'
  /** Sticky choices rest on it: a replay is given the same id. */
  readonly run: string
  readonly seed: number
  /** Milliseconds since 1970, when the Run began. */
  readonly at: number
  /** Calls in the order of their beginning, then what was known of targets, prices and times. */
  readonly entries: readonly Entry[]
}

export type Entry = CallEntry | TargetEntry | PriceEntry | ClockEntry

/** One call of a step. Without an outcome it was aborted before it had one. */
export interface CallEntry {
  readonly kind: 'chat' | 'stream' | 'http'
  readonly node: string
  readonly key: string
  /** Left out where the request must not be told. */
  readonly fields?: Fields
  /** To the answer or failure, from the beginning of the call. */
  readonly ms?: number
  readonly response?: ChatResponse
  /** A stream: its events with their times. */
  readonly events?: readonly (readonly [ms: number, event: StreamEvent])[]
  readonly warnings?: readonly ModelWarning[]
  readonly answer?: {
    readonly status: number
    readonly headers: HttpAnswer['headers']
    readonly body: string
  }
  readonly error?: RecordedError
  /** The outcome may not be written (`policy.redact`, secret outlets). */
  readonly hidden?: true
}
export interface TargetEntry {
  readonly kind: 'target'
  readonly target: string
  readonly facts: TargetFacts | null
}
export interface PriceEntry {
  readonly kind: 'price'
  readonly target: string
  readonly key: string
  readonly usd: number | null
}
export interface ClockEntry {
  readonly kind: 'clock'
  readonly node: string
  readonly times: readonly number[]
}
export interface RecordedError {
  readonly code: string
  readonly message: string
  readonly retryable: boolean
  readonly status: number
  readonly details: Readonly<Record<string, Json>>
  readonly connection?: string
  readonly model?: string
  readonly retryAfterMs?: number
}

export function recordedError(error: AppError): RecordedError {
  const { code, message, retryable, status, details, connection, model, retryAfterMs } = error
  return {
    code,
    message,
    retryable,
    status,
    details,
    ...(connection === undefined ? {} : { connection }),
    ...(model === undefined ? {} : { model }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

export function replayedError({ code, ...facts }: RecordedError): AppError {
  return new AppError(code as ErrorCode, facts)
}
