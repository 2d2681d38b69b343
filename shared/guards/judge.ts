// What a guard is to the machinery that applies it: a pure look at a text, and what to put in place of a hit.
import type { Span, StepContext } from '../flow/definition.ts'
import type { GuardConfig, Stage } from './config.ts'

export interface Hit extends Span {
  /** A stable word that callers may see: `secret`, `pii`, `pattern` … Never the rule or the text. */
  readonly reason: string
}

export interface Finding {
  /** That of the first hit. */
  readonly reason: string
  /** In order, without overlap. Empty: the text as a whole is meant. */
  readonly spans: readonly Hit[]
}

export interface Judge {
  /** Undefined when there is nothing to say. `from` is where the text stood. */
  inspect(text: string, from: 'chat' | 'tool'): Finding | undefined
  /** Replacement for a span of `text` under `rewrite`. */
  replace(text: string, span: Span): string
  /** Characters after a hit that its judgement may depend on. */
  readonly lookahead: number
  /** Hash of rules and lists. */
  readonly rules?: string
  /** The same for texts that would hold up others; left out: `inspect` is quick enough. */
  readonly inspectLong?: (text: string, from: 'chat' | 'tool') => Promise<Finding | undefined>
}

/** A guard applied to one value. */
export interface GuardArgs {
  readonly ctx: StepContext
  readonly config: GuardConfig
  /** As the compiler found it; the config may say otherwise. */
  readonly stage: Stage
  readonly value: unknown
  readonly judge: Judge
  /** The secret `map` outlet, asked for once the guard is done. */
  readonly map?: () => unknown
}
