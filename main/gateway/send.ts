// Bytes of whole answers: one head, one body, one write.
import type { ServerResponse } from 'node:http'
import { type AppError, toAppError } from '#shared/errors.ts'
import type { RateFacts } from './admit.ts'
import { envelope, errorHeaders, pushRate } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { baseHeaders } from './headers.ts'
import type { StoredAnswer } from './idempotency.ts'
import type { GatewayDeps } from './ports.ts'

export interface Whole {
  readonly status: number
  readonly body: string
  readonly unreadMs?: number
}

/** `headers` is taken over. */
export function sendJson(exchange: Exchange, headers: string[], { status, body, unreadMs }: Whole): void {
  const { res } = exchange
  if (exchange.gone || res.headersSent) return
  headers.push('Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(body)))
  writeHead(res, status, headers)
  res.end(body)
  // A caller who does not read his answer must not keep it in our memory for ever.
  if (unreadMs !== undefined && (res.socket?.writableLength ?? 0) > 0)
    res.setTimeout(unreadMs, () => res.destroy())
}

/** Any answer that no Run made. */
export function sendFacts(
  exchange: Exchange,
  status: number,
  value: unknown,
  more: readonly string[] = [],
): void {
  const headers = [...baseHeaders(exchange), 'Cache-Control', 'no-store', ...more]
  sendJson(exchange, headers, { status, body: JSON.stringify(value) })
}

export interface ErrorContext {
  readonly rate?: RateFacts | null
  readonly report: GatewayDeps['report']
}

/** The one catch ends here. Returns what was sent, or undefined when nothing could be. */
export function sendError(
  exchange: Exchange,
  thrown: unknown,
  context: ErrorContext,
): StoredAnswer | undefined {
  const error = toAppError(thrown)
  if (error.code === 'internal') reportBug(exchange, error, context.report)
  const { res, shape, run, trace } = exchange
  if (exchange.gone || res.headersSent) {
    res.destroy()
    return undefined
  }
  const body = envelope(error, { shape, run, trace })
  const headers = [...baseHeaders(exchange), ...errorHeaders(error, shape)]
  if (context.rate) pushRate(headers, context.rate, shape)
  const stored = { status: error.status, headers: ['Content-Type', 'application/json', ...headers], body }
  if (bodyOnItsWay(exchange)) sendAndHangUp(exchange, headers, { status: error.status, body })
  else sendJson(exchange, headers, { status: error.status, body })
  return stored
}

/** The reference in the log is the id in the answer; the cause stays here. */
function reportBug({ requestId }: Exchange, error: AppError, report: GatewayDeps['report']): void {
  const cause =
    error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause ?? '')
  report({ level: 'error', message: 'a request failed on our side', facts: { request: requestId, cause } })
}

/** A short body that nobody reads is swallowed by node:http, and the connection lives on. */
const swallowed = 64 * 1024

function bodyOnItsWay({ req, expects }: Exchange): boolean {
  if (req.complete) return false
  // The door may have refused the request before it read the head.
  const { 'content-length': length, 'transfer-encoding': coding } = req.headers
  return expects || coding !== undefined || Number(length ?? 0) > swallowed
}

const drainBytes = 64 * 1024 * 1024
const drainMs = 1000

/**
 * Answers while the body still arrives, then takes some more of it before hanging up: closing at once would reset the
 * connection, and the caller would lose the answer that says why.
 */
function sendAndHangUp({ req, res }: Exchange, headers: string[], { status, body }: Whole): void {
  headers.push('Connection', 'close', 'Content-Type', 'application/json')
  headers.push('Content-Length', String(Buffer.byteLength(body)))
  writeHead(res, status, headers)
  res.write(body)
  let taken = 0
  const hangUp = () => {
    clearTimeout(timer)
    res.end()
  }
  const timer = setTimeout(hangUp, drainMs)
  req.on('data', (chunk: Buffer) => {
    taken += chunk.length
    if (taken > drainBytes) hangUp()
  })
  req.on('end', hangUp)
  res.on('close', () => clearTimeout(timer))
  req.resume()
}

export function sendStored(exchange: Exchange, { status, headers, body }: StoredAnswer): void {
  const { res } = exchange
  if (exchange.gone || res.headersSent) return
  const length = ['Content-Length', String(Buffer.byteLength(body)), 'Idempotency-Replayed', 'true']
  writeHead(res, status, [...headers, ...length])
  res.end(body)
}

function writeHead(res: ServerResponse, status: number, headers: readonly string[]): void {
  // Node has no word for the one code that is not registered.
  if (status === 499) res.writeHead(status, 'Client Closed Request', headers as string[])
  else res.writeHead(status, headers as string[])
}
