// What the engine needs from outside, as interfaces. `server.ts` and `cli.ts` hand in the real ones, tests hand in fakes,
// and a Cassette stands between to record or replay them.
import type { HttpAnswer, HttpCall, RunFacts } from '#shared/flow/definition.ts'
import type { ChatRequest, ChatResponse, ModelWarning, StreamEvent, Usage } from '#shared/model/chat.ts'
import type { RunEvent } from '#shared/run/events.ts'

export interface Effects {
  readonly clock: Clock
  readonly models: Models
  readonly http: Http
}

export interface Clock {
  /** Milliseconds since 1970. `node` says for which step; a Cassette keeps the answers apart by it. */
  now(node?: string): number
  /** Monotonic milliseconds; only differences mean anything. */
  ticks(): number
  /** Calls back after `ms`; the returned function cancels. */
  after(ms: number, call: () => void): () => void
}

/** One attempt on one target. Retries, targets, budgets and time limits of a step are the engine's. */
export interface Models {
  /** Rejects with an `AppError` that carries connection and model. */
  chat(attempt: ModelAttempt): Promise<ChatResponse>
  /**
   * Events arrive through `on` in order, the last one is `finish` or `error`. `on` returning false asks for a pause
   * until `resume` is called. `start` is not called back before this returns.
   */
  stream(
    attempt: ModelAttempt,
    on: (event: StreamEvent) => boolean | undefined,
  ): {
    resume(): void
    /** Settings and parts that the request had to leave out. */
    readonly warnings?: readonly ModelWarning[]
  }
  facts(target: string): TargetFacts | undefined
  /** US dollars, or null when the price is not known. `at` is the time of the call. */
  price(target: string, usage: Usage, at: number): number | null
}
export interface ModelAttempt {
  /** `connection/model` */
  readonly target: string
  readonly request: ChatRequest
  readonly signal: AbortSignal
  /** To the first part (streams) or the head of the answer; null: none. */
  readonly firstTokenMs: number | null
  /** Between two parts; null: none. */
  readonly idleMs: number | null
  readonly run: string
  readonly node: string
}
export interface TargetFacts {
  readonly connection: string
  readonly provider: string
  readonly model: string
  /** Runs on this machine or network: `local_only` values may go there. */
  readonly local: boolean
  /** The catalogue or the project knows this model. */
  readonly known: boolean
  readonly context: number | null
  readonly maxOutput: number | null
  readonly tools: boolean | null
  readonly images: boolean | null
  readonly schema: boolean | null
  readonly priced: boolean
}

/** Throws `policy_denied` for a host that the workspace does not allow. */
export type Http = (
  call: HttpCall,
  options: {
    readonly signal: AbortSignal
    readonly localOnly: boolean
    readonly run: string
    readonly node: string
  },
) => Promise<HttpAnswer>

/** Money and tokens, reserved before each upstream call and settled after it. */
export interface Ledger {
  /** Throws `budget_exceeded`, `token_limited` … when a budget does not admit the call. */
  reserve(estimate: {
    readonly tokens: number
    readonly costUsd: number | null
    readonly target: string
  }): Reservation
}
export interface Reservation {
  /** Null: unknown, settles as reserved. */
  settle(actual: { readonly tokens: number | null; readonly costUsd: number | null }): void
}

export interface RunLimits {
  /** Whole Run; exceeding gives `timeout`. */
  readonly timeoutMs: number
  readonly maxCostUsd: number | null
  readonly maxSteps: number
  /** Upstream attempts per step and per Run. */
  readonly stepAttempts: number
  readonly runAttempts: number
  /** Characters of all answer fields together; exceeding gives `output_invalid`. */
  readonly answerBytes: number
}
export const defaultLimits: RunLimits = {
  timeoutMs: 120_000,
  maxCostUsd: null,
  maxSteps: 10_000,
  stepAttempts: 20,
  runAttempts: 200,
  answerBytes: 16 * 1024 * 1024,
}

/** Everything one Run needs besides its prepared Plan. */
export interface RunContext {
  readonly facts: RunFacts
  readonly effects: Effects
  readonly limits: RunLimits
  readonly ledger: Ledger | null
  readonly seed: number
  /** The caller wants a stream. */
  readonly stream: boolean
  /** Emit `step-text` and `step-value` for the page. */
  readonly watch: boolean
  /** Called synchronously, in order. `run-finished` or `run-failed` is last. Must not throw. */
  readonly on: (event: RunEvent) => void
}

export interface RunHandle {
  /** Stops everything upstream at once; the Run fails with this error. Harmless when it is over. */
  abort(error: import('#shared/errors.ts').AppError): void
  /** The reader of the answer is full or has room again; slows the producers of streamed fields. */
  pause(): void
  resume(): void
}
