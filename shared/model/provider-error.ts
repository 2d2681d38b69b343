// A vendor's failure as an error of the product: the one table for status codes, network faults and cut streams.
import { AppError, type ErrorCode } from '../errors.ts'
import type { ErrorKind, ProviderError } from './chat.ts'

/** What each kind of vendor failure is to a caller (docs/errors.md). */
export const providerCodes: Readonly<Record<ErrorKind, ErrorCode>> = {
  auth: 'upstream_auth',
  permission: 'upstream_auth',
  quota: 'upstream_quota',
  'rate-limit': 'upstream_rate_limited',
  overloaded: 'upstream_unavailable',
  server: 'upstream_unavailable',
  network: 'upstream_unavailable',
  timeout: 'upstream_timeout',
  truncated: 'upstream_bad_response',
  protocol: 'upstream_bad_response',
  invalid: 'upstream_rejected',
  'not-found': 'upstream_rejected',
  'too-large': 'upstream_rejected',
  'context-length': 'context_too_long',
  'content-filter': 'model_refused',
  aborted: 'cancelled',
}

/** `where` is left out for a target that is not known. */
export function fromProvider(
  error: ProviderError,
  where?: { readonly connection: string; readonly model: string },
): AppError {
  return new AppError(providerCodes[error.kind], {
    message: error.message,
    retryable: error.retryable,
    ...(where ? { connection: where.connection, model: where.model } : {}),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    ...(error.code === undefined ? {} : { details: { reason: error.code } }),
  })
}
