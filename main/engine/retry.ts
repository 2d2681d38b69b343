// When an attempt may be repeated, after how long, and when a Run has had enough of them (features P24).
import { AppError, errorTable, inCodes, isErrorCode } from '#shared/errors.ts'
import type { StepRun } from './step.ts'

/** Milliseconds before the next attempt after `failed` failed ones; null: stop. */
export function pauseBefore(step: StepRun, error: AppError, failed: number): number | null {
  const { retry } = step.step.plan.policy
  if (failed >= retry.tries || !inCodes(error.code, retry.on) || isFinal(error)) return null
  if (spent(step)) return null
  if (error.retryAfterMs !== undefined) {
    return error.retryAfterMs <= retry.maxBackoffMs ? error.retryAfterMs : null
  }
  const full = Math.min(retry.maxBackoffMs, retry.backoffMs * 2 ** (failed - 1))
  return retry.jitter ? full * (0.5 + step.jitter() / 2) : full
}

/** The vendor said that it is of no use (`x-should-retry: false`), or an open breaker did. */
function isFinal(error: AppError): boolean {
  if (error.details.reason === 'breaker_open') return true
  return !error.retryable && isErrorCode(error.code) && errorTable[error.code].retryable
}

/** Throws the last error, if there is one, when step or Run have no attempt left. */
export function spendAttempt(step: StepRun, last: AppError | undefined): void {
  if (!spent(step)) return
  throw (
    last ??
    new AppError('loop_limit', {
      message: 'The limit of upstream attempts is used up.',
      details: { reason: 'attempts' },
      node: step.node,
    })
  )
}

function spent(step: StepRun): boolean {
  const { limits } = step.host.context
  return step.attemptCount >= limits.stepAttempts || step.host.totals.attempts >= limits.runAttempts
}
