// A vendor's failure in a stream as an error of the product (features P23).
import { AppError, type ErrorCode } from '#shared/errors.ts'
import type { ErrorKind, ProviderError } from '#shared/model/chat.ts'
import type { TargetFacts } from './effects.ts'

const codes: Readonly<Record<ErrorKind, ErrorCode>> = {
  auth: 'upstream_auth',
  permission: 'upstream_auth',
  'not-found': 'upstream_rejected',
  invalid: 'upstream_rejected',
  'too-large': 'upstream_rejected',
  'context-length': 'context_too_long',
  'rate-limit': 'upstream_rate_limited',
  quota: 'upstream_quota',
  'content-filter': 'model_refused',
  overloaded: 'upstream_unavailable',
  server: 'upstream_unavailable',
  network: 'upstream_unavailable',
  timeout: 'upstream_timeout',
  truncated: 'upstream_bad_response',
  protocol: 'upstream_bad_response',
  aborted: 'cancelled',
}

export function fromProvider(error: ProviderError, facts: TargetFacts | undefined): AppError {
  return new AppError(codes[error.kind], {
    message: error.message,
    retryable: error.retryable,
    ...(facts ? { connection: facts.connection, model: facts.model } : {}),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  })
}
