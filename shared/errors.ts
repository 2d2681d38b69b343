// The one error table of the product: every refusal and failure on every surface is a row here.
import type { Json } from './json.ts'

interface ErrorRow {
  /** HTTP status, the same on every surface. */
  readonly status: number
  /** May the same request succeed if it is simply sent again? Equals the `x-should-retry` header. */
  readonly retryable: boolean
  /** What a caller reads when the thrower gave no message. */
  readonly sentence: string
  /** `type` and `code` of the OpenAI shape; a missing code means "the same as ours". */
  readonly openai: { readonly type: string; readonly code?: string }
  /** `error.type` of the Anthropic shape. */
  readonly anthropic: string
}

const IR = 'invalid_request_error'
const SE = 'server_error'

function row(
  status: number,
  retryable: boolean,
  sentence: string,
  type: string,
  anthropic: string,
  code?: string,
): ErrorRow {
  return { status, retryable, sentence, openai: code === undefined ? { type } : { type, code }, anthropic }
}

export const errorTable = {
  invalid_request: row(400, false, 'The request is not valid.', IR, IR),
  invalid_input: row(400, false, 'The input does not fit the schema of this endpoint.', IR, IR),
  context_too_long: row(
    400,
    false,
    'The messages do not fit the context of the model.',
    IR,
    IR,
    'context_length_exceeded',
  ),
  unauthenticated: row(401, false, 'A valid key is needed.', IR, 'authentication_error', 'invalid_api_key'),
  budget_exceeded: row(402, false, 'The money budget is used up.', 'insufficient_quota', 'billing_error'),
  cost_cap_reached: row(402, false, 'This run reached its cost limit.', IR, 'billing_error'),
  forbidden: row(403, false, 'This key may not do that.', IR, 'permission_error'),
  pending_approval: row(403, false, 'This key is not approved yet.', IR, 'permission_error'),
  origin_refused: row(403, false, 'Host or Origin is not allowed here.', IR, 'permission_error'),
  policy_denied: row(403, false, 'A policy of the workspace refused this.', IR, 'permission_error'),
  endpoint_not_found: row(
    404,
    false,
    'There is no such endpoint for this key.',
    IR,
    'not_found_error',
    'model_not_found',
  ),
  version_not_found: row(
    404,
    false,
    'There is no such version or label.',
    IR,
    'not_found_error',
    'model_not_found',
  ),
  not_found: row(404, false, 'There is nothing here.', IR, 'not_found_error'),
  method_not_allowed: row(405, false, 'This method is not allowed here.', IR, IR),
  request_timeout: row(408, true, 'The request arrived too slowly.', IR, IR),
  conflict: row(409, false, 'This idempotency key was used with another body.', IR, IR),
  in_progress: row(409, true, 'The first request with this idempotency key is still running.', IR, IR),
  gone: row(410, false, 'This is no longer served.', IR, 'not_found_error', 'model_not_found'),
  payload_too_large: row(413, false, 'The request is too large.', IR, 'request_too_large'),
  unsupported_media_type: row(415, false, 'This content type or encoding is not accepted.', IR, IR),
  guard_blocked_input: row(422, false, 'A guard stopped the input.', IR, IR, 'content_filter'),
  guard_blocked_output: row(422, false, 'A guard stopped the answer.', IR, IR, 'content_filter'),
  model_refused: row(422, false, 'The model or its vendor refused to answer.', IR, IR, 'content_filter'),
  cassette_miss: row(424, false, 'The replay holds no recorded effect for this request.', IR, IR),
  rate_limited: row(
    429,
    true,
    'Too many requests.',
    'rate_limit_error',
    'rate_limit_error',
    'rate_limit_exceeded',
  ),
  token_limited: row(
    429,
    true,
    'The token limit is reached.',
    'rate_limit_error',
    'rate_limit_error',
    'rate_limit_exceeded',
  ),
  concurrency_limited: row(
    429,
    true,
    'Too many requests at once.',
    'rate_limit_error',
    'rate_limit_error',
    'rate_limit_exceeded',
  ),
  headers_too_large: row(431, false, 'The request headers are too large.', IR, IR),
  cancelled: row(499, false, 'The run was cancelled.', IR, 'api_error'),
  internal: row(500, false, 'Something went wrong on our side.', SE, 'api_error'),
  flow_error: row(500, false, 'A node of the flow failed.', SE, 'api_error'),
  no_value: row(500, false, 'The flow ended without a value for a required output.', SE, 'api_error'),
  loop_limit: row(500, false, 'A limit of rounds, items, steps or nesting was reached.', SE, 'api_error'),
  output_invalid: row(502, false, 'The answer does not fit its schema.', SE, 'api_error'),
  tool_failed: row(502, false, 'A tool failed.', SE, 'api_error'),
  upstream_auth: row(502, false, 'The provider refused our credential.', SE, 'api_error'),
  upstream_quota: row(502, false, 'The provider account has no credit.', SE, 'api_error'),
  upstream_rejected: row(502, false, 'The provider refused the request.', SE, 'api_error'),
  upstream_bad_response: row(502, true, 'The provider sent an answer that cannot be used.', SE, 'api_error'),
  upstream_rate_limited: row(503, true, 'The provider limits our rate.', SE, 'overloaded_error'),
  upstream_unavailable: row(503, true, 'The provider cannot be reached.', SE, 'overloaded_error'),
  guard_unavailable: row(503, true, 'A guard could not finish.', SE, 'overloaded_error'),
  overloaded: row(503, true, 'The gateway is busy.', SE, 'overloaded_error'),
  timeout: row(504, true, 'The run took too long.', SE, 'timeout_error'),
  upstream_timeout: row(504, true, 'The provider took too long.', SE, 'timeout_error'),
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errorTable
/** Codes of `error-output` and `abort` nodes: `app_` and 1 to 40 of `a-z0-9_`. */
export type AppCode = `app_${string}`
export type AnyCode = ErrorCode | AppCode

export interface ErrorFacts {
  readonly message?: string
  /** `reason` (a stable word) and, for invalid_input and invalid_request, `issues`. Reaches the caller. */
  readonly details?: { readonly [key: string]: Json }
  readonly node?: string
  readonly connection?: string
  readonly model?: string
  /** Known waiting time in milliseconds; becomes `Retry-After`. */
  readonly retryAfterMs?: number
  /** Overrides the table; only for `app_*` codes and vendor verdicts (`x-should-retry: false`). */
  readonly retryable?: boolean
  /** Only for `app_*` codes (400 to 599). */
  readonly status?: number
  readonly cause?: unknown
}

/** One entry of `details.issues`: a JSON pointer, the rule that failed and a sentence. */
export interface Issue {
  readonly path: string
  readonly rule: string
  readonly message: string
}

/**
 * The one error class. Messages say what happened, to what, and what to do next; never a key, a prompt or a file path.
 * @example throw new AppError('upstream_timeout', { message: 'The model gave no first token in 3000 ms.', node: 'fast' })
 */
export class AppError extends Error {
  readonly code: AnyCode
  readonly status: number
  readonly retryable: boolean
  readonly details: { readonly [key: string]: Json }
  readonly node: string | undefined
  readonly connection: string | undefined
  readonly model: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(code: AnyCode, facts: ErrorFacts = {}) {
    const known = isErrorCode(code) ? errorTable[code] : undefined
    super(facts.message ?? known?.sentence ?? 'The flow ended with an error.', { cause: facts.cause })
    this.name = 'AppError'
    this.code = code
    this.status = facts.status ?? known?.status ?? 422
    this.retryable = facts.retryable ?? known?.retryable ?? false
    this.details = facts.details ?? {}
    this.node = facts.node
    this.connection = facts.connection
    this.model = facts.model
    this.retryAfterMs = facts.retryAfterMs
  }

  /** The same error with further facts, for a catcher who knows where it happened. */
  at(facts: ErrorFacts): AppError {
    const { code, message, status, retryable, details, node, connection, model, retryAfterMs, cause } = this
    const own = { message, status, retryable, details, cause } as const
    const known = {
      ...(node === undefined ? {} : { node }),
      ...(connection === undefined ? {} : { connection }),
      ...(model === undefined ? {} : { model }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    }
    return new AppError(code, { ...own, ...facts, ...known })
  }
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code)
}

/** Wraps what nobody expected, once, at the edge. */
export function toAppError(thrown: unknown, code: ErrorCode = 'internal'): AppError {
  return thrown instanceof AppError ? thrown : new AppError(code, { cause: thrown })
}

/** The value that travels on `error` edges. */
export interface ErrorValue {
  readonly code: AnyCode
  readonly message: string
  readonly retryable: boolean
  readonly node: string | null
  readonly connection?: string
  readonly model?: string
  readonly details?: { readonly [key: string]: Json }
}

export function errorValue(error: AppError): ErrorValue {
  return {
    code: error.code,
    message: error.message,
    retryable: error.retryable,
    node: error.node ?? null,
    ...(error.connection === undefined ? {} : { connection: error.connection }),
    ...(error.model === undefined ? {} : { model: error.model }),
    ...(Object.keys(error.details).length === 0 ? {} : { details: error.details }),
  }
}

const transient = [
  'upstream_rate_limited',
  'upstream_unavailable',
  'upstream_timeout',
  'upstream_bad_response',
] as const
const neverAdvance: ReadonlySet<string> = new Set<ErrorCode>([
  'cancelled',
  'timeout',
  'cost_cap_reached',
  'budget_exceeded',
  'policy_denied',
  'internal',
])

/** Named groups for `retry.on` and `advance_on`; `any` is everything but what stops a Run. */
export const codeGroups = {
  transient,
  provider: [...transient, 'upstream_auth', 'upstream_quota', 'upstream_rejected'],
  content: ['model_refused', 'guard_blocked_output', 'output_invalid', 'no_value'],
} as const satisfies Record<string, readonly ErrorCode[]>

/** Does the code belong to one of the named codes or groups? */
export function inCodes(code: AnyCode, selectors: readonly string[]): boolean {
  return selectors.some((selector) => {
    if (selector === code) return true
    if (selector === 'any') return !neverAdvance.has(code)
    const group: readonly string[] | undefined = Object.hasOwn(codeGroups, selector)
      ? codeGroups[selector as keyof typeof codeGroups]
      : undefined
    return group?.includes(code) ?? false
  })
}
