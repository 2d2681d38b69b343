// One pass over the raw headers. `req.headers` hides doubles and keeps names with underscores; both matter here.
import type { IncomingMessage } from 'node:http'
import { AppError } from '#shared/errors.ts'

export const maxHeaders = 100

export interface Head {
  readonly method: string
  /** As sent, without the query. */
  readonly path: string
  readonly host: string
  readonly hosts: number
  readonly origin: string | undefined
  readonly site: string | undefined
  readonly authorization: string | undefined
  readonly apiKey: string | undefined
  readonly contentType: string | undefined
  /** -1: not given. */
  readonly contentLength: number
  readonly chunked: boolean
  readonly encoding: string | undefined
  readonly accept: string | undefined
  readonly prefer: string | undefined
  readonly idempotencyKey: string | undefined
  readonly lastEventId: string | undefined
  readonly traceparent: string | undefined
  readonly tracestate: string | undefined
  readonly upgrade: string | undefined
  readonly hop: string | undefined
  readonly wantsHeaders: string | undefined
  /** `Sluice-Metadata-<Name>` as `name`, value pairs; undefined when there are none. */
  readonly metadata: readonly (readonly [string, string])[] | undefined
  readonly raw: readonly string[]
}

type Draft = { -readonly [Key in keyof Head]: Head[Key] }

/** Names that may come once only; a second one is never a mistake worth guessing about. */
const single = 'is given twice'

export function readHead(req: IncomingMessage): Head {
  const raw = req.rawHeaders
  if (raw.length > 2 * maxHeaders) {
    throw new AppError('headers_too_large', { message: `At most ${maxHeaders} headers are accepted.` })
  }
  const url = req.url ?? '/'
  const query = url.indexOf('?')
  const head = blank(req.method ?? 'GET', query < 0 ? url : url.slice(0, query), raw)
  for (let i = 0; i < raw.length; i += 2) put(head, (raw[i] as string).toLowerCase(), raw[i + 1] as string)
  return head
}

function blank(method: string, path: string, raw: readonly string[]): Draft {
  return {
    method,
    path,
    host: '',
    hosts: 0,
    origin: undefined,
    site: undefined,
    authorization: undefined,
    apiKey: undefined,
    contentType: undefined,
    contentLength: -1,
    chunked: false,
    encoding: undefined,
    accept: undefined,
    prefer: undefined,
    idempotencyKey: undefined,
    lastEventId: undefined,
    traceparent: undefined,
    tracestate: undefined,
    upgrade: undefined,
    hop: undefined,
    wantsHeaders: undefined,
    metadata: undefined,
    raw,
  }
}

/** What an exchange knows before the door has looked at it. */
export const noHead: Head = Object.freeze(blank('', '', []))

function put(head: Draft, name: string, value: string): void {
  switch (name) {
    case 'host':
      head.host = value
      head.hosts += 1
      break
    case 'authorization':
      if (head.authorization !== undefined && head.authorization !== value) throw twoKeys()
      head.authorization = value
      break
    case 'x-api-key':
      if (head.apiKey !== undefined && head.apiKey !== value) throw twoKeys()
      head.apiKey = value
      break
    case 'content-type':
      if (head.contentType !== undefined)
        throw new AppError('unsupported_media_type', { message: `Content-Type ${single}.` })
      head.contentType = value
      break
    case 'content-length':
      head.contentLength = Number(value)
      break
    case 'transfer-encoding':
      head.chunked = true
      break
    case 'content-encoding':
      head.encoding = value
      break
    case 'accept':
      head.accept = value
      break
    case 'prefer':
      head.prefer = value
      break
    case 'origin':
      head.origin = once(head.origin, 'Origin', value)
      break
    case 'sec-fetch-site':
      head.site = value
      break
    case 'idempotency-key':
      head.idempotencyKey = once(head.idempotencyKey, 'Idempotency-Key', value)
      break
    case 'last-event-id':
      head.lastEventId = once(head.lastEventId, 'Last-Event-ID', value)
      break
    case 'traceparent':
      head.traceparent = value
      break
    case 'tracestate':
      head.tracestate = value
      break
    case 'upgrade':
      head.upgrade = value
      break
    case 'sluice-hops':
      head.hop = once(head.hop, 'Sluice-Hops', value)
      break
    case 'access-control-request-headers':
      head.wantsHeaders = value
      break
    default:
      if (name.startsWith('sluice-metadata-') && !name.includes('_')) {
        const pair = [name.slice(16).replaceAll('-', '_'), value] as const
        head.metadata = head.metadata === undefined ? [pair] : [...head.metadata, pair]
      }
  }
}

function once(before: string | undefined, name: string, value: string): string {
  if (before === undefined) return value
  throw new AppError('invalid_request', {
    message: `${name} ${single}.`,
    details: { reason: 'double_header' },
  })
}

function twoKeys(): AppError {
  return new AppError('unauthenticated', { message: 'Two different keys are given.' })
}

/** The headers that an Endpoint lets its flow read, lower case. */
export function pickHeaders(head: Head, allowed: readonly string[]): Readonly<Record<string, string>> {
  const picked: Record<string, string> = Object.create(null)
  for (let i = 0; i < head.raw.length; i += 2) {
    const name = (head.raw[i] as string).toLowerCase()
    if (!allowed.includes(name) || name.includes('_') || neverShared.has(name)) continue
    const before = picked[name]
    picked[name] = before === undefined ? (head.raw[i + 1] as string) : `${before}, ${head.raw[i + 1]}`
  }
  return picked
}

const neverShared: ReadonlySet<string> = new Set([
  'authorization',
  'x-api-key',
  'cookie',
  'proxy-authorization',
])
