// A Plan: a Version compiled to flat, frozen arrays. Plain JSON but for nothing: it can be sent to a worker.
import type { Json, JsonSchema } from '../json.ts'
import type { AnswerField, ChatShape, Effects } from './definition.ts'
import type { Conversion, PortType } from './ports.ts'
import type { InputField } from './types.ts'

export interface Plan {
  readonly flow: string
  /** In topological order. */
  readonly steps: readonly PlanStep[]
  readonly edges: readonly PlanEdge[]
  readonly branches: readonly PlanBranch[]
  readonly request: PlanRequest
  readonly answer: PlanAnswer
  /** A field of the answer can stream. */
  readonly streams: boolean
  /** The strongest of all steps. */
  readonly effects: Effects
  readonly targets: readonly string[]
  readonly hosts: readonly string[]
}

export interface PlanStep {
  readonly index: number
  readonly id: string
  readonly type: string
  readonly title: string
  /** Parsed, lifted, defaults filled in, references put in. */
  readonly config: Json
  readonly inlets: readonly PlanInlet[]
  /** Edges into `when`; empty when not connected. */
  readonly when: readonly number[]
  readonly outlets: readonly PlanOutlet[]
  /** Edges out of `error`. */
  readonly error: readonly number[]
  /** `off`: always skipped. `bypass`: copies one inlet to one outlet. */
  readonly mode: 'on' | 'off' | { readonly from: string; readonly to: string }
  readonly policy: StepPolicy
  readonly effects: Effects
  /** Where `policy.retry` acts: around each upstream call, or around `run`. */
  readonly retries: 'calls' | 'run'
  /** The innermost Branch the step is a member of, or -1. */
  readonly branch: number
  /** Branches whose gate must open before the step starts: every k ≥ 2 Branch it is inside of. */
  readonly gates: readonly number[]
  /** Index into `answer.fields`, or -1. */
  readonly answer: number
  /** Inlets that carry untrusted values. */
  readonly untrusted: readonly string[]
  /** A `local_only` value reaches this step: remote targets and hosts are refused. */
  readonly localOnly: boolean
  /** A model stands before this step: guards count as output guards. */
  readonly stage: 'input' | 'output'
  /** Values of the stub by outlet, for `writes` steps in shadow Runs, replay and tests. */
  readonly stub: Json | null
}

export interface PlanInlet {
  readonly name: string
  readonly type: PortType
  readonly required: boolean
  readonly gather: 'one' | 'merge' | 'race'
  readonly reads: 'whole' | 'early'
  readonly edges: readonly number[]
}

export interface PlanOutlet {
  readonly name: string
  readonly type: PortType
  readonly edges: readonly number[]
  /** At least one of its edges streams when the caller asks for a stream. */
  readonly streams: boolean
  readonly secret: boolean
  /**
   * Error code with which the step fails when this outlet is taken but has no edge (`NodeDefinition.unhandled`);
   * `reason` of the outlet's value becomes `details.reason`. Null or left out: the value is dropped.
   */
  readonly unhandled?: string | null
}

export interface PlanEdge {
  readonly index: number
  /** `node.port -> node.port` */
  readonly text: string
  readonly from: number
  readonly outlet: string
  readonly to: number
  /** An inlet name, or `when`. */
  readonly inlet: string
  readonly conversion: Conversion
  /** Carries a stream when the caller asks for one (nodes.md 1.4). */
  readonly streams: boolean
  readonly untrusted: boolean
}

/** Branch(p) of nodes.md 2: what runs only for one try of its owner. */
export interface PlanBranch {
  readonly index: number
  /** Step whose inlet the Branch feeds. */
  readonly owner: number
  readonly port: string
  /** 1-based; the first has no gate. */
  readonly k: number
  /** Edges into the port. */
  readonly edges: readonly number[]
  readonly members: readonly number[]
  /** The Branch that the owner itself is a member of, or -1. */
  readonly parent: number
  /** The same owner's Branch k+1, or -1. */
  readonly next: number
  readonly advanceOn: readonly string[]
  readonly firstTokenMs: number | null
  readonly attemptMs: number | null
  readonly restart: boolean
  readonly degraded: boolean
}

export interface StepPolicy {
  /** Whole step, retries included; null: no limit of its own. */
  readonly timeoutMs: number | null
  readonly firstTokenMs: number
  readonly idleMs: number
  readonly retry: {
    readonly tries: number
    readonly on: readonly string[]
    readonly backoffMs: number
    readonly maxBackoffMs: number
    readonly jitter: boolean
  }
  readonly onError: 'fail' | 'default'
  readonly default: Json | null
  readonly concurrency: number | null
  readonly redact: readonly string[]
}

export interface PlanRequest {
  /** JSON Schema of `input` on the REST surface. */
  readonly schema: JsonSchema
  readonly fields: Readonly<Record<string, InputField>>
  readonly chat: ChatShape | null
  /** The only required text field, which gets the last user text on chat surfaces; null with a `chat-input`. */
  readonly textField: string | null
  /** Null when the chat surfaces can serve this Plan, else the reason in one sentence. */
  readonly noChat: string | null
}

export interface PlanAnswer {
  readonly schema: JsonSchema
  readonly fields: readonly (AnswerField & { readonly step: number })[]
  /** Index of the main field. */
  readonly main: number
}
