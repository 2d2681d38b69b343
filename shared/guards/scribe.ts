// The one verdict of one guard run, and the errors that follow from it.
import { AppError } from '../errors.ts'
import type { GuardVerdict, StepContext } from '../flow/definition.ts'
import type { Action, GuardConfig, Stage } from './config.ts'
import type { Judge } from './judge.ts'

/** `note` finds and passes: its verdict is `pass` with a reason. */
export function verdictOf(action: Action, reason: string | undefined): 'pass' | 'rewritten' | 'blocked' {
  if (reason === undefined || action === 'note') return 'pass'
  return action === 'block' ? 'blocked' : 'rewritten'
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }
type Facts = Pick<GuardVerdict, 'verdict' | 'reason' | 'score' | 'spans'>

export class Scribe {
  readonly #ctx: StepContext
  readonly #stage: Stage
  readonly #rules: string | undefined
  readonly #began: number

  constructor(ctx: StepContext, stage: Stage, judge: Pick<Judge, 'rules'>) {
    this.#ctx = ctx
    this.#stage = stage
    this.#rules = judge.rules
    this.#began = ctx.now()
  }

  write(facts: Facts): GuardVerdict {
    const verdict: Writable<GuardVerdict> = {
      guard: this.#ctx.node,
      stage: this.#stage,
      verdict: facts.verdict,
      reason: facts.reason,
      score: facts.score,
      spans: facts.spans,
      ms: this.#ctx.now() - this.#began,
    }
    if (this.#rules !== undefined) verdict.rules = this.#rules
    this.#ctx.verdict(verdict)
    return verdict
  }

  /** The guard itself could not finish: throws where it must stay closed, else lets pass with a warning. */
  failed(config: GuardConfig, thrown: unknown): GuardVerdict {
    const verdict = this.write({ verdict: 'error', reason: 'guard_failed', score: null, spans: [] })
    if (config.fail_mode === 'closed') throw this.unavailable(thrown)
    this.#ctx.warn(
      'guard_failed',
      'The guard could not finish and let the value pass, as its fail_mode says.',
    )
    return verdict
  }

  unavailable(cause: unknown): AppError {
    return new AppError('guard_unavailable', {
      node: this.#ctx.node,
      details: { reason: 'guard_failed' },
      cause,
    })
  }

  /** For what was stopped after part of it had left: the caller learns the reason, never the rule. */
  stopped(reason: string): AppError {
    const code = this.#stage === 'input' ? 'guard_blocked_input' : 'guard_blocked_output'
    return new AppError(code, { node: this.#ctx.node, details: { reason } })
  }
}

/** What stands on the `blocked` outlet. */
export function blockedValue(verdict: GuardVerdict) {
  const { guard, reason, score, spans } = verdict
  return { guard, reason, ...(score === null ? {} : { score }), ...(spans.length === 0 ? {} : { spans }) }
}

/** What stands on the `verdict` outlet. */
export function verdictValue({ guard, verdict, reason, score, spans, ms, rules }: GuardVerdict) {
  const value: Writable<Omit<GuardVerdict, 'stage'>> = { guard, verdict, reason, score, spans, ms }
  if (rules !== undefined) value.rules = rules
  return value
}
