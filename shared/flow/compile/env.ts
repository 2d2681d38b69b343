// What the compiler must know besides the flow. All of it is data at hand: compiling waits for nothing.
import type { AnyNodeDefinition } from '../definition.ts'
import type { Prompt } from '../types.ts'

export interface CompileEnv {
  /** By type. */
  readonly definitions: ReadonlyMap<string, AnyNodeDefinition>
  /** A Prompt by `name@number` or `name@label`; undefined when there is none. */
  prompt(ref: string): Prompt | undefined
  /** Connections of the project by name. */
  readonly connections: Readonly<Record<string, ConnectionFacts>>
  /** What is known of `connection/model`; undefined when neither the catalogue nor the project knows the model. */
  model(target: string): ModelFacts | undefined
  readonly policies: {
    /** Allowed targets, `*` standing for any text (`openai/*`); left out: every target. */
    readonly models?: readonly string[]
    /** Hosts that nodes may contact, with `*.example.com` for all below; left out: not checked here. */
    readonly hosts?: readonly string[]
  }
  /** Lets values from outside into system parts, which is refused otherwise (guardrails 10). */
  readonly allowUntrustedInSystem?: boolean
  /** Test nodes stay in the Plan: editor and Experiments, never what is published. */
  readonly keepTestNodes?: boolean
}

export interface ConnectionFacts {
  readonly provider: string
  /** Runs on this machine or network. */
  readonly local: boolean
  /** False: nobody lists the models of this provider, so an unknown id says nothing. Default: true unless local. */
  readonly catalogue?: boolean
}

/** Null: not known. */
export interface ModelFacts {
  readonly context: number | null
  readonly tools: boolean | null
  readonly images: boolean | null
  readonly schema: boolean | null
  readonly json: boolean | null
  readonly priced: boolean
}
