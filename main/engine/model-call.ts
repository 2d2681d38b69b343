// A model call of a step: targets in order, each with the step's retries, all within the budgets of the Run
// (nodes.md 4.3, 1.6).
import { AppError, inCodes, toAppError } from '#shared/errors.ts'
import type { ModelAnswer, ModelCall, ModelStream, StepModels } from '#shared/flow/definition.ts'
import type { ChatResponse } from '#shared/model/chat.ts'
import { answered, attemptOf, type Try } from './attempt.ts'
import type { TargetFacts } from './effects.ts'
import { unfit } from './fitness.ts'
import { pauseBefore, spendAttempt } from './retry.ts'
import type { StepRun } from './step.ts'
import { streamOnce } from './stream-call.ts'

export class ModelCalls implements StepModels {
  readonly #step: StepRun

  constructor(step: StepRun) {
    this.#step = step
  }

  chat(call: ModelCall): Promise<ModelAnswer> {
    return overTargets(this.#step, call, whole)
  }

  stream(call: ModelCall): Promise<ModelStream> {
    return overTargets(this.#step, call, streamed)
  }

  facts(target: string): TargetFacts | undefined {
    return this.#step.host.context.effects.models.facts(target)
  }
}

/** One attempt: what is sent, and what becomes of the reply. */
interface Attempting<Reply, Answer> {
  send(one: Try): Promise<Reply>
  take(one: Try, reply: Reply): Answer
}

const whole: Attempting<ChatResponse, ModelAnswer> = {
  send: (one) => one.step.host.context.effects.models.chat(attemptOf(one, false)),
  take: (one, response) => {
    const { step, call, target } = one
    if (!step.alive) throw step.reason ?? new AppError('cancelled')
    answered(one, response)
    const refused = call.accept?.(response)
    if (refused) throw refused
    step.ended(one.attempt, null)
    return { response, target }
  },
}

const streamed: Attempting<ModelStream, ModelStream> = {
  send: streamOnce,
  take: (_one, stream) => stream,
}

/** Waits once per attempt and for nothing else. */
async function overTargets<Reply, Answer>(
  step: StepRun,
  call: ModelCall,
  attempting: Attempting<Reply, Answer>,
): Promise<Answer> {
  step.modelCalls += 1
  let last: AppError | undefined
  let from = ''
  for (const target of call.targets) {
    if (last) {
      step.host.emit({ type: 'route-switched', node: step.node, from, to: target, reason: last.code })
    }
    from = target
    try {
      const on = new OnTarget(step, call, target, last)
      for (;;) {
        const one = on.next()
        try {
          return attempting.take(one, await attempting.send(one))
        } catch (thrown) {
          await step.sleep(on.failed(one, thrown))
        }
      }
    } catch (thrown) {
      last = toAppError(thrown)
      if (!step.alive || !inCodes(last.code, call.advanceOn)) throw last
    }
  }
  throw last ?? new AppError('flow_error', { message: 'No target is given.', node: step.node })
}

/** The attempts of one call on one target. */
class OnTarget {
  readonly #step: StepRun
  readonly #call: ModelCall
  readonly #target: string
  readonly #facts: TargetFacts | undefined
  #last: AppError | undefined
  #failed = 0
  #waitedMs = 0

  /** `last`: what the target before failed of. Throws when this one cannot or may not take the request. */
  constructor(step: StepRun, call: ModelCall, target: string, last: AppError | undefined) {
    this.#step = step
    this.#call = call
    this.#target = target
    this.#last = last
    this.#facts = step.host.context.effects.models.facts(target)
    const asked = { request: call.request, localOnly: step.step.plan.localOnly }
    const refusal = unfit(target, this.#facts, asked)
    if (refusal) throw refusal
  }

  /** Throws when the budgets of step or Run admit no other attempt. */
  next(): Try {
    const step = this.#step
    const call = this.#call
    const target = this.#target
    spendAttempt(step, this.#last)
    const spending = step.host.purse?.reserve(target, call.request) ?? null
    if (spending) step.onEnd(() => spending.settle(null))
    return { step, call, target, facts: this.#facts, attempt: step.began(target, this.#waitedMs), spending }
  }

  /** Milliseconds to wait before the next attempt; throws the error when there is none. */
  failed({ attempt, spending }: Try, thrown: unknown): number {
    const step = this.#step
    const error = attemptError(step, this.#facts, thrown)
    this.#last = error
    this.#failed += 1
    step.ended(attempt, error.code)
    if (unspent.has(error.code)) spending?.free()
    else spending?.settle(null)
    const pause = step.alive ? pauseBefore(step, error, this.#failed) : null
    if (pause === null) throw error
    this.#waitedMs = pause
    return pause
  }
}

/** Failures with which the vendor did no work that it could charge for. */
const unspent: ReadonlySet<string> = new Set([
  'upstream_rate_limited',
  'upstream_unavailable',
  'upstream_auth',
  'upstream_quota',
  'upstream_rejected',
  'context_too_long',
  'policy_denied',
])

function attemptError(step: StepRun, facts: TargetFacts | undefined, thrown: unknown): AppError {
  const error = toAppError(thrown)
  const known = facts ? { connection: facts.connection, model: facts.model } : {}
  return error.node === undefined || (facts && error.connection === undefined)
    ? error.at({ node: step.node, ...known })
    : error
}
