// One attempt on one model: what it is sent and what is recorded of it.
import type { ModelCall } from '#shared/flow/definition.ts'
import type { ChatResponse } from '#shared/model/chat.ts'
import type { ModelAttempt, TargetFacts } from './effects.ts'
import type { Spending } from './money.ts'
import type { OpenAttempt, StepRun } from './step.ts'
import { addModel } from './totals.ts'

/** One attempt on one target, with its money reserved. */
export interface Try {
  readonly step: StepRun
  readonly call: ModelCall
  readonly target: string
  readonly facts: TargetFacts | undefined
  readonly attempt: OpenAttempt
  readonly spending: Spending | null
}

/** The default of `policy.first_token_ms`. */
const firstTokenDefault = 20_000

export function attemptOf(one: Try, streamed: boolean): ModelAttempt {
  const { step, call, target } = one
  const { firstTokenMs, idleMs } = step.step.plan.policy
  return {
    target,
    request: call.request,
    signal: step.signal,
    // A whole answer shows nothing before it is complete: the default for first tokens would cut every long one short.
    // A limit that a person lowered holds for it all the same.
    firstTokenMs: streamed || firstTokenMs < firstTokenDefault ? firstTokenMs : null,
    idleMs,
    run: step.host.context.facts.id,
    node: step.node,
  }
}

/** Records what the call used and cost; no node can leave it out (features P30). */
export function answered(one: Try, response: ChatResponse): void {
  const { step, target, spending } = one
  const { host } = step
  const { context, totals } = host
  const costUsd = context.effects.models.price(target, response.usage, context.effects.clock.now())
  spending?.settle({ usage: response.usage, costUsd })
  const facts = {
    target,
    model: response.model,
    usage: response.usage,
    costUsd,
    firstTokenMs: response.timing.firstByteMs,
    finish: response.finish.reason,
  }
  step.modelFacts ??= []
  step.modelFacts.push(facts)
  addModel(totals, facts)
  host.emit({ type: 'usage', usage: totals.usage, costUsd: totals.costUsd })
  for (const warning of response.warnings) step.warn(warning.code, warning.message)
}
