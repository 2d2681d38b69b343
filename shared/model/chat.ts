// The vendor-neutral chat model. Adapters translate to and from it; nothing else in the product knows a wire format.
import type { Json, JsonSchema } from '../json.ts'

export type Dialect = string
export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

export interface ChatRequest {
  /** In order; each may carry its original role. */
  readonly system: readonly TextPart[]
  /** Neighbours are not merged. */
  readonly messages: readonly Message[]
  readonly tools: readonly ToolDef[]
  readonly toolChoice: 'auto' | 'none' | 'required' | { readonly name: string }
  readonly parallelTools?: boolean
  readonly output?: OutputShape
  readonly maxOutputTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly stop: readonly string[]
  readonly seed?: number
  readonly presencePenalty?: number
  readonly frequencyPenalty?: number
  readonly reasoning?: {
    readonly effort?: Effort
    readonly budgetTokens?: number
    readonly summary?: boolean
  }
  readonly n?: number
  readonly logprobs?: number
  readonly user?: string
  readonly metadata?: Readonly<Record<string, string>>
  /** Unknown fields of the inward surface, verbatim. */
  readonly extra: Readonly<Record<string, Json>>
  /** Per dialect, merged last. */
  readonly providerOptions: Readonly<Record<Dialect, Json>>
}

export type OutputShape =
  | { readonly kind: 'text' }
  | { readonly kind: 'json' }
  | { readonly kind: 'schema'; readonly name: string; readonly schema: JsonSchema; readonly strict: boolean }

export type Message = UserMessage | AssistantMessage | ToolMessage | SystemMessage
/** Only inside `messages` values on edges; a model node moves these to `ChatRequest.system`. */
export interface SystemMessage {
  readonly role: 'system'
  readonly parts: readonly TextPart[]
}
export interface UserMessage {
  readonly role: 'user'
  readonly parts: readonly (TextPart | MediaPart)[]
  readonly name?: string
}
export interface AssistantMessage {
  readonly role: 'assistant'
  readonly parts: readonly AssistantPart[]
  readonly phase?: string
}
export interface ToolMessage {
  readonly role: 'tool'
  readonly parts: readonly ToolResultPart[]
}

export type AssistantPart = TextPart | ReasoningPart | ToolCallPart | RefusalPart | MediaPart | OpaquePart
interface PartBase {
  /** Per dialect: signatures, ids, annotations. */
  readonly meta?: Readonly<Record<Dialect, Json>>
  readonly cache?: { readonly ttl?: '5m' | '1h' }
}
export interface TextPart extends PartBase {
  readonly type: 'text'
  readonly text: string
  readonly annotations?: readonly Json[]
  readonly originRole?: 'system' | 'developer'
}
export interface MediaPart extends PartBase {
  readonly type: 'image' | 'audio' | 'video' | 'file'
  readonly mediaType?: string
  readonly name?: string
  readonly detail?: string
  readonly source:
    | { readonly kind: 'bytes'; readonly base64: string }
    | { readonly kind: 'url'; readonly url: string }
    | { readonly kind: 'fileId'; readonly id: string }
}
export interface ReasoningPart extends PartBase {
  readonly type: 'reasoning'
  readonly text: string
  readonly signature?: string
  readonly redacted?: string
  readonly encrypted?: string
  readonly summary?: readonly string[]
  readonly index: number
}
export interface ToolCallPart extends PartBase {
  readonly type: 'tool-call'
  readonly id: string
  readonly name: string
  /** Verbatim; never re-serialised. */
  readonly argsText: string
  /** Only if `argsText` parses. */
  readonly args?: Json
  readonly custom?: boolean
}
export interface ToolResultPart extends PartBase {
  readonly type: 'tool-result'
  readonly callId: string
  readonly name?: string
  readonly isError?: boolean
  readonly content: readonly (TextPart | MediaPart | { readonly type: 'json'; readonly value: Json })[]
}
export interface RefusalPart extends PartBase {
  readonly type: 'refusal'
  readonly text: string
  readonly category?: string
}
/** A block we do not interpret (server tools, compaction); replays byte-equal. */
export interface OpaquePart extends PartBase {
  readonly type: 'opaque'
  readonly dialect: Dialect
  readonly value: Json
}

export interface ToolDef {
  readonly name: string
  readonly description?: string
  readonly schema: JsonSchema
  readonly strict?: boolean
  readonly kind?: 'function' | 'custom' | { readonly server: string; readonly config: Json }
}

/** The value of a `tools` edge. */
export interface ToolSet {
  readonly tools: readonly ToolDef[]
  /** What the caller asked for, where the set comes from a caller. */
  readonly choice?: ChatRequest['toolChoice']
}

export interface ChatResponse {
  readonly id: string
  /** The model that answered, as the vendor names it. */
  readonly model: string
  /** Unix seconds. */
  readonly created: number
  readonly parts: readonly AssistantPart[]
  readonly finish: Finish
  readonly usage: Usage
  readonly logprobs?: Json
  readonly warnings: readonly ModelWarning[]
  readonly timing: { readonly firstByteMs: number; readonly totalMs: number }
}

/** A setting or part that the vendor cannot express and that was left out; recorded in the Run. */
export interface ModelWarning {
  readonly code: string
  readonly message: string
}

export type FinishReason =
  | 'stop'
  | 'length'
  | 'tool-calls'
  | 'content-filter'
  | 'refusal'
  | 'pause'
  | 'error'
  | 'other'
export interface Finish {
  readonly reason: FinishReason
  /** The vendor's own word. */
  readonly raw: string | null
  readonly stopSequence?: string
  readonly detail?: Json
}

/** Disjoint token counts; null = unknown, 0 = known zero. */
export interface Usage {
  /** Neither read from nor written to a cache. */
  readonly input: number | null
  readonly cacheRead: number | null
  readonly cacheWrite: number | null
  /** Without reasoning. */
  readonly output: number | null
  readonly reasoning: number | null
  readonly inputAudio?: number
  readonly outputAudio?: number
  readonly total?: number
  readonly estimated?: boolean
  readonly raw?: Json
}

export const unknownUsage: Usage = {
  input: null,
  cacheRead: null,
  cacheWrite: null,
  output: null,
  reasoning: null,
}

export type PartKind = 'text' | 'reasoning' | 'tool-call' | 'refusal' | 'media' | 'opaque'
/**
 * What an adapter makes of a stream. Indexes count from 0 in order of `part-start`; every start has an end before
 * `finish`; folding (`shared/model/reduce.ts`) gives the same `ChatResponse` as the whole answer.
 */
export type StreamEvent =
  | { readonly type: 'start'; readonly id: string; readonly model: string; readonly created: number }
  | {
      readonly type: 'part-start'
      readonly index: number
      readonly part: PartKind
      readonly id?: string
      readonly name?: string
    }
  | {
      readonly type: 'text-delta' | 'reasoning-delta' | 'refusal-delta'
      readonly index: number
      readonly text: string
    }
  | { readonly type: 'args-delta'; readonly index: number; readonly text: string }
  | { readonly type: 'part-meta'; readonly index: number; readonly meta: Readonly<Record<Dialect, Json>> }
  | { readonly type: 'part-end'; readonly index: number }
  /** Absolute; replaces the previous one. */
  | { readonly type: 'usage'; readonly usage: Usage }
  /** Exactly one, last. */
  | { readonly type: 'finish'; readonly finish: Finish; readonly usage: Usage }
  /** Exactly one, instead of `finish`. */
  | { readonly type: 'error'; readonly error: ProviderError }
  | { readonly type: 'raw'; readonly dialect: Dialect; readonly value: Json }

export type ErrorKind =
  | 'auth'
  | 'permission'
  | 'not-found'
  | 'invalid'
  | 'too-large'
  | 'context-length'
  | 'rate-limit'
  | 'quota'
  | 'content-filter'
  | 'overloaded'
  | 'server'
  | 'timeout'
  | 'network'
  | 'truncated'
  | 'protocol'
  | 'aborted'

/** A vendor's failure in our words; `main/providers/errors.ts` maps it to an `AppError`. */
export interface ProviderError {
  readonly kind: ErrorKind
  readonly status?: number
  readonly message: string
  readonly code?: string
  readonly param?: string
  readonly retryable: boolean
  readonly retryAfterMs?: number
  readonly provider: string
  readonly requestId?: string
  /** A short excerpt of the body, for the log only. */
  readonly raw?: string
}

/** All text of an assistant answer, reasoning and refusals left out. */
export function textOf(parts: readonly AssistantPart[]): string {
  let text = ''
  for (const part of parts) if (part.type === 'text') text += part.text
  return text
}
