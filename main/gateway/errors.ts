// One error, two shapes. The status is the same on every surface; the table in shared/errors.ts says the rest.
import { type AppError, errorTable, isErrorCode } from '#shared/errors.ts'
import type { Json, JsonObject } from '#shared/json.ts'
import { linkTo } from './lifecycle.ts'

export type Shape = 'rest' | 'openai'

export interface ErrorView {
  readonly shape: Shape
  /** Null when no Run began. */
  readonly run: string | null
  /** The caller may know node, connection and model. */
  readonly trace: boolean
}

/** The whole body: `{ "error": … }`. */
export function envelope(error: AppError, view: ErrorView): string {
  return JSON.stringify({ error: view.shape === 'openai' ? openaiError(error) : restError(error, view) })
}

export function restError(error: AppError, { run, trace }: Omit<ErrorView, 'shape'>): JsonObject {
  const { code, message, retryable, node, connection, model, details } = error
  // Of a repeated request the Run that matters is the first one's.
  const about = run ?? details.run_id ?? null
  return {
    code,
    message,
    retryable,
    ...(about === null ? {} : { run_id: about }),
    ...(trace && node !== undefined ? { node } : {}),
    ...(trace && connection !== undefined ? { connection } : {}),
    ...(trace && model !== undefined ? { model } : {}),
    details,
  }
}

export function openaiError(error: AppError): JsonObject {
  const row = isErrorCode(error.code) ? errorTable[error.code] : undefined
  const own = error.status < 500 ? 'invalid_request_error' : 'server_error'
  return {
    message: error.message,
    type: row?.openai.type ?? own,
    param: firstPath(error.details.issues),
    code: row?.openai.code ?? error.code,
  }
}

/** `/inputs/question` is `inputs.question` in the words of that surface. */
function firstPath(issues: Json | undefined): string | null {
  const first = Array.isArray(issues) ? (issues[0] as JsonObject | undefined) : undefined
  const path = first?.path
  return typeof path === 'string' && path !== '' ? path.slice(1).replaceAll('/', '.') : null
}

/** Headers that belong to the error itself; who answers adds the ids. */
export function errorHeaders(error: AppError, shape: Shape): string[] {
  const headers = ['Cache-Control', 'no-store', 'x-should-retry', error.retryable ? 'true' : 'false']
  const { retryAfterMs, details } = error
  if (retryAfterMs !== undefined) {
    headers.push('Retry-After', String(Math.max(1, Math.ceil(retryAfterMs / 1000))))
    // The official client reads this one first.
    if (shape === 'openai') headers.push('retry-after-ms', String(Math.max(1, Math.ceil(retryAfterMs))))
  }
  if (error.code === 'unauthenticated') headers.push('WWW-Authenticate', 'Bearer')
  if (typeof details.allow === 'string') headers.push('Allow', details.allow)
  if (typeof details.successor === 'string') headers.push('Link', linkTo(encodeURI(details.successor)))
  const { limit, remaining, reset_s: resetS } = details
  if (typeof limit === 'number' && typeof remaining === 'number' && typeof resetS === 'number') {
    pushRate(headers, { limit, remaining, resetS }, shape)
  }
  return headers
}

/** `RateLimit-*`, and on the compatible surface the names its vendor uses. */
export function pushRate(
  headers: string[],
  rate: { readonly limit: number; readonly remaining: number; readonly resetS: number },
  shape: Shape,
): void {
  const { limit, remaining, resetS } = rate
  headers.push('RateLimit-Limit', String(limit))
  headers.push('RateLimit-Remaining', String(remaining))
  headers.push('RateLimit-Reset', String(resetS))
  if (shape !== 'openai') return
  headers.push('x-ratelimit-limit-requests', String(limit))
  headers.push('x-ratelimit-remaining-requests', String(remaining))
  headers.push('x-ratelimit-reset-requests', `${resetS}s`)
}
