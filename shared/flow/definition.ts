// The contract of a node: `nodes/<type>/node.ts` is data made with `defineNode`, `nodes/<type>/run.ts` exports `run`
// and, where something can be built once per publish, `prepare`.
import type { z } from 'zod'
import type { AnyCode, AppError, ErrorCode, Issue } from '../errors.ts'
import type { Json, JsonObject, JsonSchema } from '../json.ts'
import type { ChatRequest, ChatResponse, Message, ToolDef } from '../model/chat.ts'
import type { Problem } from './diagnostics.ts'
import type { LiveMessages, LiveText } from './live.ts'
import type { Inlet, Outlet, PortType } from './ports.ts'
import type { InputField, Prompt } from './types.ts'

export type Family =
  | 'interface'
  | 'prompt'
  | 'model'
  | 'routing'
  | 'guardrail'
  | 'control'
  | 'context'
  | 'tool'
  | 'test'
export type Effects = 'pure' | 'reads' | 'writes'
export type Ports<P> = Readonly<Record<string, P>>

/**
 * @example
 * export const shout = defineNode({
 *   type: 'shout', version: 1, family: 'control', title: 'Shout', summary: 'Makes a text loud.',
 *   config: z.strictObject({ mark: z.string().max(3).default('!').meta({ title: 'Mark' }) }),
 *   inputs: { text: inlet('text') }, outputs: { text: outlet('text') },
 *   card: ['mark'], effects: 'pure',
 * })
 */
export interface NodeDefinition<Config = unknown> {
  /** Kebab-case, equals the folder name. */
  readonly type: string
  /** Config version; raised together with a `migrate` step. */
  readonly version: number
  readonly family: Family
  readonly title: string
  /** One line for the palette and the docs. */
  readonly summary: string
  /** A strict zod object; `.meta({ title, description, field })` on each key feeds form, JSON Schema and docs. */
  readonly config: z.ZodType<Config>
  /** May depend on config, never on edges. */
  readonly inputs: Ports<Inlet> | ((config: Config) => Ports<Inlet>)
  readonly outputs: Ports<Outlet> | ((config: Config) => Ports<Outlet>)
  /** Config fields shown on the card of the canvas. */
  readonly card: readonly string[]
  readonly effects: Effects | ((config: Config) => Effects)
  /** Which of the engine's own ports the node has (nodes.md 1.2). Default: both. */
  readonly common?: { readonly when: boolean; readonly error: boolean }
  /** `{ 2: lifts a version-1 config }`. */
  readonly migrate?: Readonly<Record<number, (old: JsonObject) => JsonObject>>
  /** Groups of outlets of which at most one is taken; what `merge` proofs rest on. */
  readonly exclusive?: (config: Config) => readonly (readonly string[])[]
  /** Inlets fed by Branches that start one after the other (nodes.md 2). */
  readonly tries?: (config: Config) => TriesSpec
  /** What the node asks of a caller. */
  readonly request?: (config: Config) => RequestShape
  /** Makes the node a field of the answer: its run returns `{ value }`. */
  readonly answer?: (config: Config) => AnswerField
  /** Calls out through `ctx.models` or `ctx.http`, so retries wrap single calls and the defaults of nodes.md 1.6 hold. */
  readonly upstream?: 'model' | 'http'
  /** `connection/model` references in the config. */
  readonly targets?: (config: Config) => readonly string[]
  /** What a target must be able to do. */
  readonly needs?: (config: Config) => readonly Capability[]
  /** Hosts the node may contact, for the egress list. */
  readonly hosts?: (config: Config) => readonly string[]
  /** Prompt references in the config, with the dotted field they stand in. */
  readonly prompts?: (config: Config) => readonly { readonly ref: string; readonly field: string }[]
  /** The config with the referenced Prompts put in; ports are computed from this one. */
  readonly link?: (config: Config, prompt: (ref: string) => Prompt) => Config
  /** Inlets whose text ends in a system part. */
  readonly systemInlets?: (config: Config) => readonly string[]
  /** Names of arms that may appear in `variant` as `node:arm`. */
  readonly arms?: (config: Config) => readonly string[]
  /** Further checks that a schema cannot say (template syntax, a bad pattern): field is dotted. */
  readonly check?: (config: Config) => readonly { readonly field: string; readonly message: string }[]
  /** Left out of a published Plan. */
  readonly testOnly?: boolean
  /**
   * Outlets that may not be taken in vain: when one of these has a value but no edge, the step fails with this code and
   * `details.reason` is the `reason` of that value (guards: `blocked`). The compiler writes the code into
   * `PlanOutlet.unhandled`, the engine throws it.
   */
  readonly unhandled?: Readonly<Record<string, (config: Config, stage: 'input' | 'output') => ErrorCode>>
  /** Puts untrusted text into the fence itself (`ctx.fence`), so its outlets do not carry the mark on (guardrails 10). */
  readonly fences?: boolean
  /** A config that shows the node in use, for help, docs and the case table. Default: `{}`. */
  readonly sample?: JsonObject
}

// biome-ignore lint/suspicious/noExplicitAny: definitions of all config types stand in one list
export type AnyNodeDefinition = NodeDefinition<any>

export function defineNode<Schema extends z.ZodType>(
  definition: Omit<NodeDefinition<z.output<Schema>>, 'config'> & { readonly config: Schema },
): NodeDefinition<z.output<Schema>> {
  return definition as unknown as NodeDefinition<z.output<Schema>>
}

/** Config type of a definition: `ConfigOf<typeof chatModel>`. */
export type ConfigOf<D> = D extends NodeDefinition<infer Config> ? Config : never

export type Capability = 'tools' | 'images' | 'schema' | 'json'

export interface TriesSpec {
  /** In order; all feed one merged value. */
  readonly ports: readonly string[]
  readonly advanceOn: readonly string[]
  readonly firstTokenMs?: number
  readonly attemptMs?: number
  /** The next try may begin after a streamed part was passed on. */
  readonly restart: boolean
  /** From this try on (1-based) the Run counts as degraded. */
  readonly degradedFrom?: number
}

export type RequestShape =
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, InputField>> }
  | { readonly kind: 'chat'; readonly chat: ChatShape }

export interface ChatShape {
  readonly maxMessages: number
  readonly system: 'pass' | 'drop' | 'refuse'
  readonly acceptTools: boolean
  readonly acceptParams: readonly string[]
}

export interface AnswerField {
  readonly field: string
  readonly type: PortType
  readonly schema?: JsonSchema
  readonly required: boolean
  readonly stream: boolean
  readonly main: boolean
  /** False: only in the log. */
  readonly share: boolean
}

// ---------------------------------------------------------------------------------------------------- running

/** Values on edges: JSON, messages, tools, media parts (as JSON) or a stream. */
export type Value = unknown
/**
 * The outlets taken. A promise settles its outlet later (undefined: absent); a rejected one makes the step fail, or,
 * after another outlet had a value, breaks the stream and leaves the late outlets absent.
 */
export type Outlets = Readonly<Record<string, Value | Promise<Value>>>

export interface RunArgs<Config, Ready = undefined> {
  readonly config: Config
  /** What `prepare` returned. */
  readonly ready: Ready
  /** By inlet name; an absent inlet is undefined. `Live` only where the inlet reads early and the edge streams. */
  readonly input: Readonly<Record<string, Value>>
  readonly ctx: StepContext
}
/** Same input, config and ctx answers → same outlets. Failing is throwing an `AppError`. */
export type Run<D, Ready = undefined> = (args: RunArgs<ConfigOf<D>, Ready>) => Outlets | Promise<Outlets>
/** Runs once per publish; whatever it returns is `ready`. Throws `AppError` only for what `check` could not see. */
export type Prepare<D, Ready> = (args: { readonly config: ConfigOf<D>; readonly build: Builders }) => Ready

export interface NodeRunner {
  // biome-ignore lint/suspicious/noExplicitAny: runners of all config types stand in one table
  readonly run: (args: RunArgs<any, any>) => Outlets | Promise<Outlets>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly prepare?: (args: { readonly config: any; readonly build: Builders }) => unknown
}

/** All effects of a step. A test passes a literal. */
export interface StepContext {
  readonly node: string
  readonly run: RunFacts
  /** Aborted when the step must stop: time, a lost race, a failed Run, a caller who left. */
  readonly signal: AbortSignal
  /** Some outlet of this step is read as a stream in this Run. */
  readonly streams: boolean
  readonly models: StepModels
  http(call: HttpCall): Promise<HttpAnswer>
  /** Milliseconds since 1970; recorded, so a replay sees the same. */
  now(): number
  /** 0 ≤ x < 1, seeded per Run and step. */
  random(): number
  /** 0 ≤ x < 1 from a hash of `salt` and `key` (default: the Run id); sticky. */
  bucket(salt: string, key?: string): number
  /** A fact for the trace. */
  note(key: string, value: Json): void
  warn(code: string, message: string): void
  /** Records the chosen arm as `node:arm` in the Run's variant. */
  arm(name: string): void
  /** A guard's own verdict; no verdict means that it did not run. */
  verdict(verdict: GuardVerdict): void
  /** Is what stands on this inlet from outside (http, tools, files)? */
  untrusted(inlet: string): boolean
  /** Puts untrusted text into this Run's fence, escaped so that it cannot close it. */
  fence(text: string): string
  /** How each try of a node with `tries` went, in order; a try that never started is `standby`. */
  readonly tries?: readonly TryFacts[]
}

export interface TryFacts {
  readonly port: string
  readonly status: 'ok' | 'failed' | 'standby'
  readonly code: AnyCode | null
}

export interface RunFacts {
  readonly id: string
  readonly input: RunInput
  readonly endpoint: string | null
  readonly label: string | null
  readonly version: number | null
  readonly variant: string | null
  readonly consumer: { readonly id: string; readonly tags: Readonly<Record<string, string>> } | null
  readonly metadata: Readonly<Record<string, string | number | boolean>>
  /** Lower-case names; only those the Endpoint allows. */
  readonly headers: Readonly<Record<string, string>>
  /** Variables of `sluice.yaml`. */
  readonly vars: Readonly<Record<string, string>>
  /** `writes` nodes answer with their stub. */
  readonly stubWrites: boolean
}

export interface RunInput {
  readonly fields: Readonly<Record<string, Value>>
  readonly chat?: ChatInput
}
export interface ChatInput {
  readonly messages: readonly Message[]
  readonly system: string
  readonly tools: readonly ToolDef[]
  readonly toolChoice?: ChatRequest['toolChoice']
  readonly params: JsonObject
}

export interface StepModels {
  /** One answer: targets in order, each with the step's retries, within the Run's attempt and cost budgets. */
  chat(call: ModelCall): Promise<ModelAnswer>
  /** Resolves at the first text, refusal or tool-call part; a failure before that was retried like `chat`. */
  stream(call: ModelCall): Promise<ModelStream>
  /** What is known of a target; null = unknown. Undefined: the target is not known at all. */
  facts?(target: string): { readonly tools: boolean | null; readonly schema: boolean | null } | undefined
}
export interface ModelCall {
  /** `connection/model`, tried in order. */
  readonly targets: readonly string[]
  readonly request: ChatRequest
  /** Codes and groups on which the next target is tried. */
  readonly advanceOn: readonly string[]
  /**
   * The node's verdict on each whole answer, before it counts: the error is then that attempt's failure (retried, next
   * target). A stream that has already given parts is asked before its live values end, and breaks with the error.
   */
  readonly accept?: (response: ChatResponse) => AppError | undefined
}
export interface ModelAnswer {
  readonly response: ChatResponse
  readonly target: string
}
export interface ModelStream {
  readonly target: string
  /** Settles at the first text, or undefined at the end of an answer without text. */
  readonly text: Promise<LiveText | undefined>
  readonly messages: LiveMessages
  /** Rejects when the stream breaks. */
  readonly done: Promise<ChatResponse>
}

export interface HttpCall {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Bytes of the answer at the most. */
  readonly maxBytes: number
  /** Redirects followed at the most; each is checked against the host list again. */
  readonly follow: number
}
export interface HttpAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export interface GuardVerdict {
  readonly guard: string
  readonly verdict: 'pass' | 'rewritten' | 'blocked' | 'error'
  readonly stage: 'input' | 'output'
  readonly score: number | null
  readonly reason: string | null
  /** UTF-16 offsets into the original text; `part` is a JSON pointer where the value has several texts. */
  readonly spans: readonly {
    readonly start: number
    readonly end: number
    readonly kind: string
    readonly part?: string
  }[]
  readonly ms: number
  /** Hash of rules, lists and weights. */
  readonly rules?: string
}

/** What `prepare` can build, once per publish. Every builder throws an `AppError` with code `flow_error` on bad input. */
export interface Builders {
  template(text: string): Template
  expression(source: string): Expression
  /** Linear-time engine; look-around is refused. */
  regex(pattern: string, flags?: string): Regex
  schema(schema: JsonSchema): SchemaCheck
  readonly guards: GuardBuilders
  /** `input` or `output`, as the compiler found it: does a model stand before this node? */
  readonly stage: 'input' | 'output'
}
export interface Template {
  readonly variables: readonly { readonly name: string; readonly required: boolean }[]
  /** With `fencing`, whatever comes from one of its variables is fenced where it is put out. */
  render(values: Readonly<Record<string, unknown>>, fencing?: Fencing): string
}
export interface Fencing {
  readonly variables: ReadonlySet<string>
  readonly fence: (text: string) => string
}
export interface Expression {
  evaluate(value: unknown, bindings?: Readonly<Record<string, unknown>>): Promise<unknown>
}
export interface Regex {
  test(text: string): boolean
  /** All matches, left to right, without overlap. */
  find(text: string): readonly {
    readonly start: number
    readonly end: number
    readonly groups: readonly (string | undefined)[]
  }[]
}
/** An empty list means valid. */
export type SchemaCheck = (value: unknown) => readonly Issue[]

export interface Span {
  readonly start: number
  readonly end: number
  /** `email`, `card`, `secret:aws-access-token` … */
  readonly kind: string
  readonly score: number
  /** What `rewrite` puts in its place; left out: the guard's own mark. */
  readonly mask?: string
}
export interface GuardBuilders {
  /** Hash of rules, lists and weights; stands in each verdict. */
  readonly rules?: string
  /** Lets other work go first: guards of long texts await it between slices. */
  readonly pause?: () => Promise<void>
  /** Personal data of the structured kinds (guardrails 5). */
  pii(options: PiiOptions): (text: string) => readonly Span[]
  secrets(options: { readonly generic: boolean }): (text: string) => readonly Span[]
  /** Undefined when the rule kind is not known; `config` is one entry of `guard-rule.rules`. */
  rule(config: JsonObject): RuleCheck | undefined
}
export type RuleCheck = (
  text: string,
) => { readonly reason: string; readonly spans: readonly Span[] } | undefined
export interface PiiOptions {
  readonly kinds: readonly string[]
  readonly regions: readonly string[]
  readonly custom: readonly {
    readonly name: string
    readonly pattern: string
    readonly checksum?: string
    readonly context?: readonly string[]
  }[]
}

export type NodeProblem = Pick<Problem, 'code' | 'severity' | 'message'>
export type { AppError }
