// Error bodies of chat-completions servers: objects, lists, texts, `detail`, `message`, pages. Tolerant on purpose;
// status and a short excerpt are always kept.
import { header } from '#main/outbound/exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import type { ErrorKind, ProviderError } from '#shared/model/chat.ts'
import type { Failure, Wire } from '../adapter.ts'
import { excerpt, isPassing } from '../errors.ts'
import { retryAfter } from '../retry-after.ts'

type Named = Pick<Wire, 'provider' | 'title'>

/** An answer with an error status. */
export function readFailure(failure: Failure, wire: Named, now: number): ProviderError {
  const { status, headers, body } = failure
  const said = readBody(body)
  const kind = kindOf(status, said)
  const delay = isPassing(kind) ? retryAfter(headers, said.details, now) : undefined
  const noRetry = header(headers, 'x-should-retry') === 'false'
  const requestId = header(headers, 'x-request-id') || header(headers, 'request-id')
  const waits = delay?.capped === true ? ' The waiting time it asked for is out of range.' : ''
  return {
    kind,
    status,
    message: `${sentence(wire.title, status, { kind, said })}${waits}`,
    ...word('code', said.code ?? said.type),
    ...word('param', said.param),
    retryable: isPassing(kind) && !noRetry,
    ...(delay === undefined ? {} : { retryAfterMs: delay.ms }),
    provider: wire.provider,
    ...(requestId === '' ? {} : { requestId }),
    raw: excerpt(body, 500),
  }
}

/** An error inside an answer with status 200; undefined when the value holds none. */
export function readInnerError(value: Json, name: string, wire: Named): ProviderError | undefined {
  const found = innerError(value, name)
  if (found === undefined) return undefined
  const said = describe(found)
  const status = said.status
  const kind = kindOf(status ?? 0, said)
  return {
    kind,
    ...(status === undefined ? {} : { status }),
    message: sentence(wire.title, status, { kind, said }),
    ...word('code', said.code ?? said.type),
    ...word('param', said.param),
    retryable: isPassing(kind),
    provider: wire.provider,
    raw: excerpt(JSON.stringify(value), 500),
  }
}

export function protocolError(wire: Named, what: string, raw: string): ProviderError {
  const message = `${wire.title} sent an answer that cannot be used: ${what}.`
  return { kind: 'protocol', message, retryable: true, provider: wire.provider, raw: excerpt(raw, 500) }
}

export function truncatedError(wire: Named): ProviderError {
  const message = `The answer of ${wire.title} broke off before its end.`
  return { kind: 'truncated', message, code: 'cut', retryable: true, provider: wire.provider }
}

/** A finish reason that says that the vendor could not go on. */
export function gaveUpError(wire: Named, reason: string): ProviderError {
  const message = `${wire.title} gave up in the middle of the answer (${reason}).`
  return { kind: 'overloaded', message, ...word('code', reason), retryable: true, provider: wire.provider }
}

interface Said {
  readonly message: string
  readonly code?: string
  readonly type?: string
  readonly param?: string
  readonly status?: number
  readonly details?: Json
}

function innerError(value: Json, name: string): Json | undefined {
  if (Array.isArray(value)) return value.length > 0 ? innerError(value[0] as Json, name) : undefined
  if (!isJsonObject(value)) return name === 'error' ? value : undefined
  if (value.error !== undefined && value.error !== null && value.error !== false) return value.error
  if (isJsonObject(value.x_groq) && typeof value.x_groq.error === 'string') return value.x_groq.error
  if (value.object === 'error' || value.type === 'error' || name === 'error') return value
  const [choice] = Array.isArray(value.choices) ? (value.choices as readonly Json[]) : []
  if (isJsonObject(choice) && isJsonObject(choice.error)) return choice.error
  // Without choices, a text under one of these names is all that some servers say.
  const silent = value.choices === undefined && value.usage === undefined
  return silent && (typeof value.detail === 'string' || typeof value.message === 'string') ? value : undefined
}

function readBody(body: string): Said {
  const text = body.trim()
  if (text.startsWith('{') || text.startsWith('[') || text.startsWith('"')) {
    try {
      return describe(unwrap(JSON.parse(text) as Json))
    } catch {
      // Not JSON after all: the text itself is what was said.
    }
  }
  if (text.startsWith('<')) {
    const title = /<title[^>]*>([^<]*)<\/title>/i.exec(text)?.[1] ?? text.replace(/<[^>]*>/g, ' ')
    return { message: excerpt(title) }
  }
  return { message: excerpt(text) }
}

function unwrap(value: Json): Json {
  if (Array.isArray(value)) return value.length > 0 ? unwrap(value[0] as Json) : null
  if (!isJsonObject(value)) return value
  if (value.error !== undefined && value.error !== null) {
    // The outer object may hold what the inner one lacks.
    return isJsonObject(value.error) ? { ...value.error } : { ...value, message: value.error }
  }
  const [first] = Array.isArray(value.errors) ? (value.errors as readonly Json[]) : []
  return isJsonObject(first) ? first : value
}

function describe(error: Json): Said {
  if (!isJsonObject(error))
    return { message: excerpt(typeof error === 'string' ? error : JSON.stringify(error)) }
  const nested = isJsonObject(error.innererror) ? error.innererror : {}
  const code = textOf(error.code) ?? textOf(nested.code)
  const status =
    statusOf(error.status) ??
    statusOf(error.status_code) ??
    statusOf(error.code) ??
    statusOf(error.statusCode)
  return {
    message: excerpt(messageOf(error)),
    ...(code === undefined ? {} : { code }),
    // Some say the kind in words under `status`.
    ...word('type', textOf(error.type) ?? textOf(error.status)),
    ...word('param', textOf(error.param)),
    ...(status === undefined ? {} : { status }),
    ...(error.details === undefined ? {} : { details: error.details }),
  }
}

function messageOf(error: JsonObject): string {
  const own = [error.message, error.detail, error.msg, error.error_description, error.title]
    .map((value) => (isJsonObject(value) || Array.isArray(value) ? validation(value) : textOf(value)))
    .find((value) => value !== undefined && value !== '')
  const metadata = isJsonObject(error.metadata) ? textOf(error.metadata.raw) : undefined
  if (own === undefined) return metadata ?? JSON.stringify(error)
  return metadata === undefined ? own : `${own}: ${metadata}`
}

/** `detail: [{ loc, msg }]`, as validating servers say it. */
function validation(value: Json): string | undefined {
  const list = Array.isArray(value) ? (value as readonly Json[]) : [value]
  const sentences = list.flatMap((item) => {
    if (!isJsonObject(item)) return typeof item === 'string' ? [item] : []
    if (item.detail !== undefined) return validation(item.detail) ?? []
    const what = textOf(item.msg) ?? textOf(item.message)
    const at = Array.isArray(item.loc) ? `${item.loc.join('.')}: ` : ''
    return what === undefined ? [] : [`${at}${what}`]
  })
  return sentences.length === 0 ? undefined : sentences.join('; ')
}

function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' ? String(value) : undefined
}

function statusOf(value: Json | undefined): number | undefined {
  const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value
  return typeof status === 'number' && status >= 400 && status <= 599 ? status : undefined
}

/** Words of vendors, whatever the status; the first that fits counts. */
const words: readonly (readonly [pattern: RegExp, kind: ErrorKind])[] = [
  [/^context_length_exceeded$|^(?:model_)?context_window_exceeded$|^exceed_context_size/, 'context-length'],
  [/^insufficient_quota|^billing|insufficient_(?:balance|credit)|exceeded_current_quota|^arrearage/, 'quota'],
  [/content_filter|content_policy|responsibleaipolicy|^data_inspection_failed|moderation/, 'content-filter'],
  [/rate_?limit|^too_many_requests|throttl|^resource_exhausted|^limit_requests/, 'rate-limit'],
  [
    /^invalid_api_key|^authentication|^invalid_authentication|^api_key_invalid|^unauthorized|^unauthenticated/,
    'auth',
  ],
  [/^permission|^forbidden|access_denied/, 'permission'],
  [/overloaded|^unavailable$|^service_unavailable|^engine_overloaded/, 'overloaded'],
  [/model_not_found|^not_found|deploymentnotfound|^model_not_exist/, 'not-found'],
  [/^request_too_large|^payload_too_large/, 'too-large'],
  [/^timeout|^deadline_exceeded/, 'timeout'],
  [/^server_error|^internal|^api_error|^upstream_error/, 'server'],
  [/^invalid|^bad_request|^unsupported|_failed$|^validation/, 'invalid'],
]

const tooLong =
  /context[ _]?(?:length|window|size)|maximum (?:context|prompt|input) length|prompt is too long|input is too long|too many (?:input )?tokens|reduce the length of the (?:messages|prompt|input)|token count .*exceeds|exceeds? the (?:maximum|max|limit)[^.]*tokens/i
const unpaid =
  /insufficient (?:quota|balance|credit|funds)|exceeded your current quota|credit balance|billing|out of credits/i
const filtered = /content (?:management|filter|polic|safety)|filtered due to/i

function kindOf(status: number, said: Said): ErrorKind {
  const named = [said.code, said.type]
    .map((name) => words.find(([pattern]) => pattern.test(name?.toLowerCase() ?? ''))?.[1])
    .find((kind) => kind !== undefined)
  const refused = status === 400 || status === 413 || status === 422 || (status === 0 && named === 'invalid')
  if (named === 'context-length' || (refused && tooLong.test(said.message) && named !== 'rate-limit')) {
    return 'context-length'
  }
  if (named === 'quota' || named === 'content-filter') return named
  if (refused && filtered.test(said.message)) return 'content-filter'
  return byStatus(status, said, named)
}

function byStatus(status: number, said: Said, named: ErrorKind | undefined): ErrorKind {
  const { message } = said
  if (status === 401) return 'auth'
  if (status === 402) return 'quota'
  if (status === 403) return unpaid.test(message) ? 'quota' : 'permission'
  if (status === 429) return unpaid.test(message) ? 'quota' : 'rate-limit'
  if (status === 404) return 'not-found'
  if (status === 408) return 'timeout'
  if (status === 409 || status === 425) return 'overloaded'
  if (status === 413) return named === 'rate-limit' ? named : 'too-large'
  if (status === 503 || status === 529) return 'overloaded'
  if (status >= 500) return 'server'
  if (status >= 400) {
    if (named === 'auth' || named === 'rate-limit' || named === 'not-found') return named
    return /api key not valid|invalid api key/i.test(message) ? 'auth' : 'invalid'
  }
  if (status >= 300) return 'invalid'
  return named ?? 'server'
}

function sentence(
  title: string,
  status: number | undefined,
  { kind, said }: { readonly kind: ErrorKind; readonly said: Said },
): string {
  const answered = status === undefined ? `${title} reported an error` : `${title} answered ${status}`
  // What a vendor says about a wrong key often quotes the key.
  if (kind === 'auth') return `${answered}: it does not accept the credential of this connection.`
  if (status !== undefined && status >= 300 && status < 400) {
    return `${answered}: a redirect. Check the base URL of this connection.`
  }
  return said.message === '' ? `${answered}.` : `${answered}: ${said.message}`
}

function word<K extends string>(key: K, value: string | undefined): { readonly [key in K]?: string } {
  // A number says no more than the status.
  return value === undefined || !/^(?!\d+$)[\w.-]{1,80}$/.test(value)
    ? {}
    : ({ [key]: value } as { readonly [key in K]?: string })
}
