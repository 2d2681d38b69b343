// The documents of a workspace as data. Their zod schemas stand beside them in `schema.ts`.
import type { Json, JsonObject, JsonSchema } from '../json.ts'
import type { PortType } from './ports.ts'

/** `^[a-z][a-z0-9_]{0,39}$` */
export type NodeId = string
/** `node.port -> node.port` */
export type EdgeText = string

export interface Flow {
  readonly format: 'sluice/flow@1'
  readonly name: string
  readonly slug: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly nodes: Readonly<Record<NodeId, FlowNode>>
  readonly edges: readonly EdgeText[]
  readonly examples?: Readonly<Record<string, { readonly input: JsonObject; readonly metadata?: JsonObject }>>
}

export interface FlowNode {
  readonly type: string
  /** Config version of the type, written when above 1. */
  readonly v?: number
  readonly title?: string
  readonly note?: string
  readonly tags?: readonly string[]
  readonly scope?: NodeId
  readonly mode?: 'on' | 'off' | 'bypass'
  readonly config?: JsonObject
  readonly policy?: Policy
  readonly stub?: JsonObject
}

export interface RetryPolicy {
  /** 1 to 5, the first attempt included. */
  readonly tries?: number
  /** Codes or groups of `shared/errors.ts`. */
  readonly on?: readonly string[]
  readonly backoff_ms?: number
  readonly max_backoff_ms?: number
  readonly jitter?: boolean
}

export interface CachePolicy {
  readonly ttl_s: number
  readonly scope?: 'key' | 'endpoint' | 'workspace'
  readonly key?: readonly string[]
  readonly match?: 'exact' | 'similar'
  readonly threshold?: number
}

export interface Policy {
  readonly timeout_ms?: number
  readonly first_token_ms?: number
  readonly idle_ms?: number
  readonly retry?: RetryPolicy
  readonly cache?: CachePolicy
  readonly on_error?: 'fail' | 'default'
  readonly default?: JsonObject
  readonly concurrency?: number
  readonly redact?: readonly string[]
}

export interface Layout {
  readonly format: 'sluice/layout@1'
  readonly nodes?: Readonly<
    Record<
      NodeId,
      {
        readonly at: readonly [number, number]
        readonly size?: readonly [number, number]
        readonly folded?: boolean
        readonly colour?: string
      }
    >
  >
  readonly bends?: Readonly<Record<EdgeText, readonly (readonly [number, number])[]>>
  readonly notes?: Readonly<
    Record<
      string,
      {
        readonly at: readonly [number, number]
        readonly size?: readonly [number, number]
        readonly text: string
        readonly colour?: string
      }
    >
  >
  readonly frames?: Readonly<
    Record<
      string,
      {
        readonly at: readonly [number, number]
        readonly size: readonly [number, number]
        readonly title?: string
        readonly colour?: string
      }
    >
  >
}

export type BlockRole = 'system' | 'user' | 'assistant' | 'tool'
export interface PromptBlock {
  readonly role: BlockRole
  /** A Liquid template. */
  readonly text: string
}
export interface PromptVariable {
  readonly type: PortType
  readonly default?: Json
  readonly sample?: Json
  readonly description?: string
}
export interface Prompt {
  readonly format: 'sluice/prompt@1'
  /** Path below `prompts/` without ending. */
  readonly name: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly variables: Readonly<Record<string, PromptVariable>>
  readonly settings?: JsonObject
  readonly blocks: readonly PromptBlock[]
}

export interface Version {
  readonly format: 'sluice/version@1'
  readonly flow: string
  readonly number: number
  /** `sha256:<hex>` of the content (flow-file 8); layout, comments and order do not count. */
  readonly hash: string
  readonly created_at: string
  readonly author?: string
  readonly note?: string
  readonly app: string
  readonly models?: Readonly<Record<NodeId, string>>
  readonly references: {
    readonly prompts: Readonly<Record<string, number>>
    readonly flows: Readonly<Record<string, number>>
  }
  readonly content: FlowContent
}

/** What of a Flow is executed and hashed, plus what describes the Endpoint. */
export interface FlowContent {
  readonly name?: string
  readonly description?: string
  readonly nodes: Readonly<Record<NodeId, FlowNode>>
  readonly edges: readonly EdgeText[]
  readonly examples?: Flow['examples']
}

/** One field of a request, as `input` declares it. */
export interface InputField {
  readonly type: PortType
  readonly required: boolean
  readonly default?: Json
  readonly schema?: JsonSchema
  readonly description?: string
  readonly sample?: Json
  readonly local_only: boolean
}
