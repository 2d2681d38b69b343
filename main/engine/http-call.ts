// One HTTP call of a step: an attempt within its budgets. What status counts as a failure is the node's to say, so
// retries wrap the whole step (`Execution.threw`).
import { toAppError } from '#shared/errors.ts'
import type { HttpAnswer, HttpCall } from '#shared/flow/definition.ts'
import { spendAttempt } from './retry.ts'
import type { StepRun } from './step.ts'

export async function httpCall(step: StepRun, call: HttpCall): Promise<HttpAnswer> {
  spendAttempt(step, undefined)
  const { context } = step.host
  const attempt = step.began(hostOf(call.url), step.waitedMs)
  try {
    const answer = await context.effects.http(call, {
      signal: step.signal,
      localOnly: step.step.plan.localOnly,
      run: context.facts.id,
      node: step.node,
    })
    step.ended(attempt, null)
    return answer
  } catch (thrown) {
    const error = toAppError(thrown)
    step.ended(attempt, error.code)
    throw error
  }
}

/** The rest of the address may hold what must not stand in a log. */
function hostOf(url: string): string {
  return URL.parse(url)?.host ?? 'invalid address'
}
