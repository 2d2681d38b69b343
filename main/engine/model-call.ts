// A model call of a step: targets in order, each with the step's retries, all within the budgets of the Run
// (nodes.md 4.3, 1.6).
import { AppError, inCodes, toAppError } from '#shared/errors.ts'
import type { ModelAnswer, ModelCall, ModelStream, StepModels } from '#shared/flow/definition.ts'
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
    return overTargets(this.#step, call, chatOnce)
  }

  stream(call: ModelCall): Promise<ModelStream> {
    return overTargets(this.#step, call, streamOnce)
  }

  facts(target: string): TargetFacts | undefined {
    return this.#step.host.context.effects.models.facts(target)
  }
}

async function overTargets<T>(step: StepRun, call: ModelCall, once: (one: Try) => Promise<T>): Promise<T> {
  step.modelCalls += 1
  let last: AppError | undefined
  let from = ''
  for (const target of call.targets) {
    if (last) {
      step.host.emit({ type: 'route-switched', node: step.node, from, to: target, reason: last.code })
    }
    try {
      return await onTarget({ step, call, target, last }, once)
    } catch (thrown) {
      last = toAppError(thrown)
      if (!step.alive || !inCodes(last.code, call.advanceOn)) throw last
      from = target
    }
  }
  throw last ?? new AppError('flow_error', { message: 'No target is given.', node: step.node })
}

interface OnTarget {
  readonly step: StepRun
  readonly call: ModelCall
  readonly target: string
  /** What the target before failed of. */
  readonly last: AppError | undefined
}

async function onTarget<T>(on: OnTarget, once: (one: Try) => Promise<T>): Promise<T> {
  const { step, call, target } = on
  const { host } = step
  const facts = host.context.effects.models.facts(target)
  const refusal = unfit(target, facts, { request: call.request, localOnly: step.step.plan.localOnly })
  if (refusal) throw refusal
  let last = on.last
  let waitedMs = 0
  for (let failed = 1; ; failed += 1) {
    spendAttempt(step, last)
    const spending = host.purse?.reserve(target, call.request) ?? null
    if (spending) step.onEnd(() => spending.settle(null))
    const attempt = step.began(target, waitedMs)
    try {
      return await once({ step, call, target, facts, attempt, spending })
    } catch (thrown) {
      last = attemptError(step, facts, thrown)
      step.ended(attempt, last.code)
      if (unspent.has(last.code)) spending?.free()
      else spending?.settle(null)
      const pause = step.alive ? pauseBefore(step, last, failed) : null
      if (pause === null) throw last
      await step.sleep(pause)
      waitedMs = pause
    }
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

async function chatOnce(one: Try): Promise<ModelAnswer> {
  const { step, call, target } = one
  const response = await step.host.context.effects.models.chat(attemptOf(one, false))
  if (!step.alive) throw step.reason ?? new AppError('cancelled')
  answered(one, response)
  const refused = call.accept?.(response)
  if (refused) throw refused
  step.ended(one.attempt, null)
  return { response, target }
}

function attemptError(step: StepRun, facts: TargetFacts | undefined, thrown: unknown): AppError {
  const error = toAppError(thrown)
  const known = facts ? { connection: facts.connection, model: facts.model } : {}
  return error.node === undefined || (facts && error.connection === undefined)
    ? error.at({ node: step.node, ...known })
    : error
}
