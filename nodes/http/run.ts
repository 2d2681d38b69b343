import { AppError, type ErrorCode } from '#shared/errors.ts'
import type { ConfigOf, HttpAnswer, HttpCall, Prepare, Run, Template } from '#shared/flow/definition.ts'
import { jsonFault } from '#shared/flow/json-fault.ts'
import { asJson } from '#shared/model/as-json.ts'
import type { MediaPart } from '#shared/model/chat.ts'
import { parseTemplate } from '#shared/text/template.ts'
import { http } from './node.ts'

type Config = ConfigOf<typeof http>
type Values = Readonly<Record<string, unknown>>

interface Ready {
  readonly url: Template
  readonly origin: string
  /** Undefined: no body. */
  readonly body: ((input: Values) => string) | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly accepts: (status: number) => boolean
}

export const prepare: Prepare<typeof http, Ready> = ({ config, build }) => {
  const { body } = config
  const template = body === undefined || body === 'json' ? undefined : build.template(body)
  return {
    url: parseTemplate(config.url, 'url'),
    origin: new URL(`${config.url.split('://', 1)[0]}://${http.hosts?.(config)[0]}`).origin,
    body:
      body === undefined
        ? undefined
        : template
          ? (input) => template.render(input)
          : ({ value }) => JSON.stringify(asJson(value)),
    headers: headersOf(config),
    accepts: acceptsOf(config.accept_status),
  }
}

export const run: Run<typeof http, Ready> = async ({ config, ready, input, ctx }) => {
  const call: HttpCall = {
    method: config.method,
    url: addressOf(ready, input),
    headers: ready.headers,
    maxBytes: config.max_bytes,
    follow: config.follow,
    ...(ready.body === undefined ? {} : { body: ready.body(input) }),
  }
  const answer = await ctx.http(call)
  if (!ready.accepts(answer.status)) throw statusError(answer, call, ctx.now())
  const { status, headers } = answer
  return { body: bodyOf(answer, config.parse), status, headers }
}

/** Values are encoded, so none can leave its place but for dots: a path of `..` would climb. */
function addressOf({ url, origin }: Ready, input: Values): string {
  const text = url.render(input)
  // Tabs and line breaks are nothing to a URL, and a backslash is a slash.
  const path = text.replace(/[\t\r\n]/g, '').split(/[?#]/, 1)[0] ?? ''
  const climbs = path.split(/[\\/]/).some((part) => /^(?:\.|%2e){1,2}$/i.test(part))
  if (climbs || !URL.canParse(text) || new URL(text).origin !== origin)
    throw new AppError('flow_error', {
      message: 'The address cannot be used: its values lead out of the fixed part.',
      details: { reason: 'url' },
    })
  return text
}

function headersOf({ headers, body }: Config): Record<string, string> {
  const given = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
  if (body === undefined || given['content-type'] !== undefined) return given
  const json = body === 'json' || /^\s*[[{](?![{%])/.test(body)
  return { ...given, 'content-type': json ? 'application/json' : 'text/plain; charset=utf-8' }
}

function acceptsOf(accepted: Config['accept_status']): (status: number) => boolean {
  const parts = typeof accepted === 'string' ? accepted.split(',') : accepted.map(String)
  const ranges = parts.map((part) => {
    const [low, high = low] = part.split('-').map(Number)
    return [low ?? 0, high ?? 0] as const
  })
  return (status) => ranges.some(([low, high]) => status >= low && status <= high)
}

function statusError({ status, headers }: HttpAnswer, { method, url }: HttpCall, now: number): AppError {
  const code: ErrorCode =
    status === 429
      ? 'upstream_rate_limited'
      : status === 401 || status === 403
        ? 'upstream_auth'
        : status >= 500
          ? 'upstream_unavailable'
          : status >= 400
            ? 'upstream_rejected'
            : 'upstream_bad_response'
  const wait = waitOf(headers['retry-after'], now)
  return new AppError(code, {
    message: `${method} ${new URL(url).host} answered with status ${status}.`,
    details: { status },
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  })
}

/** Seconds or an HTTP date. */
function waitOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

function bodyOf({ headers, body }: HttpAnswer, parse: Config['parse']): unknown {
  const contentType = headers['content-type'] ?? ''
  const kind = parse === 'auto' ? kindOf(contentType) : parse
  if (kind === 'file') return fileOf(body, contentType)
  const text = decode(body, contentType)
  if (kind === 'text') return text
  // An answer without a body, to HEAD or with 204, is no broken JSON.
  if (parse === 'auto' && text === '') return null
  return jsonOf(text)
}

function kindOf(contentType: string): 'json' | 'text' | 'file' {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (/^application\/json$|[/+]json$/.test(type)) return 'json'
  const isText = /^text\/|[/+]xml$|^application\/(?:javascript|x-www-form-urlencoded|yaml|x-ndjson)$|^$/.test(
    type,
  )
  return isText ? 'text' : 'file'
}

function decode(body: Uint8Array, contentType: string): string {
  const charset = /charset="?([\w:.-]+)/i.exec(contentType)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset).decode(body)
  } catch {
    return new TextDecoder().decode(body)
  }
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    const fault = jsonFault(value)
    if (!fault) return value
    throw new Error(fault.message)
  } catch (cause) {
    throw new AppError('upstream_bad_response', {
      message: 'The answer is not valid JSON.',
      details: { reason: 'json' },
      cause,
    })
  }
}

function fileOf(body: Uint8Array, contentType: string): MediaPart {
  const mediaType = contentType.split(';', 1)[0]?.trim() || 'application/octet-stream'
  const pieces: string[] = []
  // In slices that are a multiple of three bytes, so that the encoded pieces join.
  for (let at = 0; at < body.length; at += 24_576) {
    pieces.push(btoa(String.fromCharCode(...body.subarray(at, at + 24_576))))
  }
  return { type: 'file', mediaType, source: { kind: 'bytes', base64: pieces.join('') } }
}
