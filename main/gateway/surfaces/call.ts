// What every surface makes of a request, and what it needs to make a reply. The line in `handle.ts` knows nothing else.
import type { AppError } from '#shared/errors.ts'
import type { Plan } from '#shared/flow/plan.ts'
import type { Json, JsonObject, JsonSchema } from '#shared/json.ts'
import type { RunEvent, RunTotals, RunWarning } from '#shared/run/events.ts'
import type { RunOrigin } from '#shared/run/row.ts'
import type { Head } from '../head.ts'
import type { Scope } from '../ports.ts'

export type Metadata = Readonly<Record<string, string | number | boolean>>

/** What a caller asks for, before it is known which Version answers. */
export interface Ask {
  readonly metadata: Metadata
  readonly options: CallOptions
  /** The caller wants a usage chunk at the end of a stream. */
  readonly usageChunk: boolean
  /** Metadata that this surface leaves out, by name. */
  readonly ignored: readonly string[]
}

/** The input for one Version. `input` is the REST form on every surface. */
export interface Given {
  readonly input: Json
  /** Turns a JSON pointer into `input` into one into the body as the caller wrote it. */
  readonly locate: (path: string) => string
  /** All fields of the body that the flow does not take, by name. */
  readonly ignored: readonly string[]
  /** What the main output must fit. */
  readonly mustFit: JsonSchema | 'json' | null
}

export interface CallOptions {
  readonly stream: boolean
  readonly resumable: boolean
  readonly async: boolean
  readonly variant: string | null
  readonly timeoutMs: number | null
  readonly maxCostUsd: number | null
  readonly trace: boolean
  readonly seed: number | null
  readonly dryRun: boolean
}

export const plainOptions: CallOptions = Object.freeze({
  stream: false,
  resumable: false,
  async: false,
  variant: null,
  timeoutMs: null,
  maxCostUsd: null,
  trace: false,
  seed: null,
  dryRun: false,
})

/** A Run as its reply sees it. */
export interface Begun {
  readonly id: string
  readonly endpoint: string
  readonly label: string | null
  readonly version: number | null
  readonly hash: string
  /** The arm of the Label; arms taken inside the flow come with the totals. */
  readonly variant: string | null
  /** What the caller named: the `model` of a compatible surface. */
  readonly asked: string
  readonly createdAt: number
  readonly plan: Plan
  /** Granted and asked for. */
  readonly trace: boolean
  readonly cost: boolean
  readonly shareEvents: boolean
  readonly usageChunk: boolean
  /** Known before the flow ran, such as `deprecated`. */
  readonly warnings: readonly RunWarning[]
}

export interface Finished {
  /** Fields a caller may see, `messages` values in their written form. */
  readonly answer: JsonObject
  readonly totals: RunTotals
  /** `length` when the answering model was cut off, `tool-calls` … as models say it; null: no model. */
  readonly finish: string | null
}

/** Events → bytes of a stream. Each call gives whole events, or '' for nothing. */
export interface StreamWriter {
  event(event: RunEvent): string
  finished(outcome: Finished): string
  failed(error: AppError, totals: RunTotals | null): string
  /** A life sign for a stream that was silent for `silenceMs`. */
  ping(): string
}

/** A pair of pure translations around the one line. */
export interface Surface {
  readonly origin: RunOrigin
  readonly shape: 'rest' | 'openai'
  readonly silenceMs: number
  /** A stream can say that its earlier parts are void. */
  readonly restarts: boolean
  /** Throws `invalid_request`, `forbidden` (a scope is missing). */
  ask(body: JsonObject, facts: AskFacts): Ask
  /** Throws `invalid_request`, `invalid_input`. */
  give(body: JsonObject, ask: Ask, facts: GiveFacts): Given
  whole(begun: Begun, outcome: Finished): string
  writer(begun: Begun): StreamWriter
}

export interface AskFacts {
  readonly head: Head
  readonly scopes: ReadonlySet<Scope>
  readonly requireMetadata: readonly string[]
}
export interface GiveFacts {
  readonly plan: Plan
  readonly unknownFields: 'ignore' | 'refuse'
}
