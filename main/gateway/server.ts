// The gateway as a listener: node:http with every gap of security.md 6 closed, and an orderly end.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { AppError } from '#shared/errors.ts'
import { createGate } from './admit.ts'
import { createBodies } from './body.ts'
import { dispatch } from './dispatch.ts'
import { createDoor } from './door.ts'
import { realEngine } from './engine.ts'
import { envelope } from './errors.ts'
import { Exchange } from './exchange.ts'
import { createIdempotency } from './idempotency.ts'
import { createLiveRuns } from './live-runs.ts'
import type { GatewayDeps } from './ports.ts'
import { defaultTimes, type Engine, type Service, type Times } from './service.ts'
import { tuneHeap } from './tuning.ts'

export interface GatewayOptions {
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  /** PEM. */
  readonly tls?: { readonly key: string; readonly cert: string }
  readonly times?: Partial<Times>
  /** For tests: runs scripted instead of real ones. */
  readonly engine?: Engine
}

export interface GatewayStats {
  readonly running: number
  readonly queued: number
  /** Runs whose events are kept, running ones included. */
  readonly kept: number
  readonly requests: number
  readonly badRequests: number
}

export interface Gateway {
  readonly port: number
  readonly url: string
  /** New requests get `overloaded`, running ones their time; then the listener closes. */
  close(drainMs?: number): Promise<void>
  /** Ends the running Runs of a Key that was revoked. */
  cancelKey(keyId: string): void
  /** Gateways that a running Run has passed, this one not included; outgoing calls say one more in `Sluice-Hops`. */
  hopsOf(run: string): number
  stats(): GatewayStats
}

/** Header block of a request; its fields are counted by the door. */
const maxHeaderSize = 16 * 1024
/** Bytes that one connection may hold on each side before it is asked to wait. */
const highWaterMark = 32 * 1024

/**
 * @example const gateway = await startGateway(deps, { host: '127.0.0.1', port: 0 }); fetch(`${gateway.url}/healthz`)
 */
export async function startGateway(deps: GatewayDeps, options: GatewayOptions): Promise<Gateway> {
  checkRuntime(process.versions.node)
  tuneHeap()
  const times = { ...defaultTimes, ...options.times }
  const http = { maxHeaderSize, highWaterMark, requireHostHeader: false, ...timeouts(times) }
  const server = options.tls ? createTlsServer({ ...http, ...options.tls }) : createServer(http)
  // Node would cut the list and still frame by what it hid (CVE-2026-58044); the door counts instead.
  server.maxHeadersCount = 0
  const port = await listen(server, options)
  const door = createDoor({ host: options.host, port, secure: options.tls !== undefined })
  const service = serviceOf(deps, { times, door, engine: options.engine ?? realEngine })
  const counts = { requests: 0, bad: 0 }
  const take = (req: IncomingMessage, res: ServerResponse, expects: boolean) => {
    counts.requests += 1
    const exchange = new Exchange(req, res, {
      routes: deps.routes(),
      id: deps.newId(),
      now: deps.effects.clock.now(),
    })
    exchange.expects = expects
    void dispatch(exchange, service)
  }
  server.on('request', (req, res) => take(req, res, false))
  server.on('checkContinue', (req, res) => take(req, res, true))
  server.on('checkExpectation', (req, res) => take(req, res, false))
  server.on('connect', (_req, socket) => refuseRaw(socket, notOffered, deps.newId()))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    counts.bad += 1
    refuseRaw(socket, faultOf(error), deps.newId())
  })
  return {
    port,
    url: `${options.tls ? 'https' : 'http'}://${reachable(options.host)}:${port}`,
    close: (drainMs = times.drainMs) => close(server, service, drainMs),
    cancelKey: (keyId) => {
      const revoked = () =>
        new AppError('cancelled', { message: 'The key was revoked.', details: { reason: 'key_revoked' } })
      service.live.abortWhere((run) => run.key.id === keyId, revoked)
    },
    hopsOf: (run) => service.live.find(run)?.hops ?? 0,
    stats: () => ({
      running: service.gate.places.running,
      queued: service.gate.places.queued,
      kept: service.live.size,
      requests: counts.requests,
      badRequests: counts.bad,
    }),
  }
}

function serviceOf(deps: GatewayDeps, own: Pick<Service, 'times' | 'door' | 'engine'>): Service {
  const { clock } = deps.effects
  const { times } = own
  return {
    ...own,
    deps,
    bodies: createBodies(clock, { totalMs: times.bodyMs, progressMs: times.bodyProgressMs }),
    gate: createGate(deps.counters, clock),
    live: createLiveRuns(clock, { keepMs: times.keepEventsMs, maxBytes: 64 * 1024 * 1024 }),
    idempotency: deps.idempotency ?? createIdempotency(clock),
    startedAt: clock.now(),
    state: 'ready',
  }
}

/** An address that a caller on this machine can use: "every address" is none. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function timeouts({ headersMs, bodyMs, keepAliveMs }: Times) {
  return {
    headersTimeout: headersMs,
    requestTimeout: headersMs + bodyMs,
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: keepAliveMs,
  }
}

/** 24.18.1 closed a hole in the framing of requests with many headers. */
export function checkRuntime(version: string): void {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const ok = major > 24 || (major === 24 && (minor > 18 || (minor === 18 && patch >= 1)))
  if (!ok) throw new Error(`The gateway needs Node 24.18.1 or later; this is ${version}.`)
}

function listen(server: Server, { host, port }: GatewayOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.once('error', reject)
  server.listen(port, host, () => {
    server.off('error', reject)
    resolve((server.address() as AddressInfo).port)
  })
  return promise
}

async function close(server: Server, service: Service, drainMs: number): Promise<void> {
  if (service.state === 'stopping') return
  service.state = 'stopping'
  const ended = () =>
    new AppError('overloaded', { message: 'The gateway was shut down.', details: { reason: 'stopping' } })
  service.gate.places.empty(ended)
  const { promise: idle, resolve } = Promise.withResolvers<void>()
  service.live.whenIdle(resolve)
  const stop = service.deps.effects.clock.after(drainMs, () => {
    service.live.abortWhere(() => true, ended)
    resolve()
  })
  await idle
  stop()
  // The last answers are on their way: connections close as they fall idle, and the rest a little later.
  const closed = new Promise<void>((done) => server.close(() => done()))
  const idlers = setInterval(() => server.closeIdleConnections(), 20)
  const force = setTimeout(() => server.closeAllConnections(), 1000)
  await closed
  clearInterval(idlers)
  clearTimeout(force)
  service.live.close()
}

const notOffered = new AppError('method_not_allowed', { message: 'This is no proxy.' })

function faultOf({ code }: NodeJS.ErrnoException): AppError | undefined {
  switch (code) {
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined
    case 'HPE_HEADER_OVERFLOW':
      return new AppError('headers_too_large')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new AppError('payload_too_large')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError('request_timeout')
    default:
      return new AppError('invalid_request', {
        message: 'This is not valid HTTP.',
        details: { reason: 'http' },
      })
  }
}

/** There is no response object to write with; the few bytes are written by hand. */
function refuseRaw(socket: Duplex | Socket, error: AppError | undefined, id: string): void {
  const busy =
    '_httpMessage' in socket && (socket._httpMessage as ServerResponse | null)?.headersSent === true
  if (error === undefined || !socket.writable || busy) {
    socket.destroy()
    return
  }
  const body = envelope(error, { shape: 'rest', run: null, trace: false })
  const names = [
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  names.push(
    `x-request-id: req_${id}`,
    `request-id: req_${id}`,
    'Cache-Control: no-store',
    'x-content-type-options: nosniff',
    `x-should-retry: ${error.retryable}`,
  )
  socket.end(
    `HTTP/1.1 ${error.status} ${reasons[error.status] ?? 'Error'}\r\n${names.join('\r\n')}\r\n\r\n${body}`,
  )
  socket.on('error', () => socket.destroy())
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  431: 'Request Header Fields Too Large',
}
