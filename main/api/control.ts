// The control listener: loopback only, a token in a file that only the owner can read, JSON in and out.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { z } from 'zod'
import { type ControlHandlers, controlContract, type Operation } from '#shared/api/control.ts'
import { AppError, toAppError } from '#shared/errors.ts'
import { knownFault } from './fault.ts'

export interface ControlServer {
  readonly port: number
  readonly url: string
  /** For the command line; dies with the process. */
  readonly token: string
  close(): Promise<void>
}

export interface ControlOptions {
  readonly host: string
  readonly port: number
  readonly handlers: ControlHandlers
  readonly report: (message: string, error: unknown) => void
}

const maxBody = 1024 * 1024

/** `POST /control/<operation>` with `Authorization: Bearer <token>`; every other path is unknown. */
export async function startControl(options: ControlOptions): Promise<ControlServer> {
  const token = randomBytes(32).toString('base64url')
  const expected = Buffer.from(`Bearer ${token}`)
  const server = createServer(
    { requestTimeout: 30_000, headersTimeout: 10_000, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      answer(request, response).catch((thrown: unknown) =>
        refuse(response, knownFault(thrown) ?? toAppError(thrown)),
      )
    },
  )
  server.on('upgrade', (_request, socket) => socket.destroy())
  server.on('clientError', (_error, socket) => socket.destroy())

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkHost(request, server.address() as AddressInfo)
    const given = Buffer.from(request.headers.authorization ?? '')
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw new AppError('unauthenticated', { message: 'The control token is missing or wrong.' })
    const name = /^\/control\/([a-z.]+)$/.exec(request.url ?? '')?.[1]
    if (name === undefined || !Object.hasOwn(controlContract, name)) throw new AppError('not_found')
    if (request.method !== 'POST') throw new AppError('method_not_allowed')
    if (request.headers['content-type'] !== 'application/json') throw new AppError('unsupported_media_type')
    const output = await callOperation(options.handlers, name as Operation, await readJson(request))
    send(response, 200, output)
  }

  function refuse(response: ServerResponse, error: AppError): void {
    if (error.code === 'internal') options.report('control request failed', error.cause ?? error)
    if (response.headersSent) response.destroy()
    else
      send(response, error.status, {
        error: {
          code: error.code,
          message: error.message,
          retryable: error.retryable,
          details: error.details,
        },
      })
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    token,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  }
}

/** Parses the input and runs the operation; the same door for HTTP and for the command line in its own process. */
export async function callOperation(
  handlers: ControlHandlers,
  name: Operation,
  input: unknown,
): Promise<unknown> {
  const parsed = controlContract[name].input.safeParse(input)
  if (!parsed.success) {
    throw new AppError('invalid_request', {
      message: `${told(parsed.error.issues).join('; ')}.`,
      details: {
        issues: parsed.error.issues.map((issue) => ({
          path: `/${issue.path.join('/')}`,
          rule: issue.code,
          message: issue.message,
        })),
      },
    })
  }
  // Each handler takes exactly the parsed input of its own entry; the compiler cannot follow the pairing through a union.
  const handler = handlers[name] as (input: unknown) => unknown
  return await handler(parsed.data)
}

/** One sentence for each field. @example '"consumer" must be a name such as web-shop' */
function told(issues: readonly z.core.$ZodIssue[]): readonly string[] {
  const first = new Map<string, string>()
  for (const { path, message } of issues) {
    const field = String(path[0] ?? '')
    if (!first.has(field)) first.set(field, field === '' ? message : `"${field}" ${message}`)
  }
  return [...first.values()]
}

/** Loopback is a public network: a page that resolves to this address is refused before anything else (I-34, I-35). */
function checkHost(request: IncomingMessage, address: AddressInfo): void {
  const hosts = request.rawHeaders.filter(
    (_, i) => i % 2 === 0 && request.rawHeaders[i]?.toLowerCase() === 'host',
  )
  if (hosts.length !== 1)
    throw new AppError('invalid_request', { message: 'Exactly one Host header is needed.' })
  const allowed = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${address.port}`)
  if (!allowed.includes(request.headers.host ?? '')) throw new AppError('origin_refused')
  const { origin } = request.headers
  if (origin !== undefined && !allowed.some((host) => origin === `http://${host}`))
    throw new AppError('origin_refused')
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new AppError('origin_refused')
}

function readJson(request: IncomingMessage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let size = 0
    request.on('data', (part: Buffer) => {
      size += part.length
      // The rest is read and dropped, so that the answer still reaches the sender.
      if (size <= maxBody) parts.push(part)
    })
    request.on('error', reject)
    request.on('end', () => {
      if (size > maxBody) return reject(new AppError('payload_too_large'))
      try {
        resolve(JSON.parse(Buffer.concat(parts).toString('utf8')))
      } catch (cause) {
        reject(new AppError('invalid_request', { message: 'The body is not JSON.', cause }))
      }
    })
  })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(JSON.stringify(body))
}
