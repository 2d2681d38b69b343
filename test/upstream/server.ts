// A scripted provider on 127.0.0.1 for tests: raw sockets, so that it can do what a well-behaved server cannot.
import { createServer, type Socket } from 'node:net'
import { type Bytes, type Exchange, nextRequest } from './request.ts'

/** One answer. Without `body`, `chunks` or `raw` the body is empty. */
export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent with `content-length`. */
  readonly body?: Bytes
  /** Sent as chunked transfer, one network write each; a number waits that many milliseconds. */
  readonly chunks?: readonly (Bytes | number)[]
  /** Sent as it is instead of status, headers and body. */
  readonly raw?: Bytes
  /** Milliseconds before the first byte. */
  readonly delayMs?: number
  /** After the last byte: `finish` ends the body properly, `close` ends the socket early, `reset` sends RST, `hang` does nothing more. */
  readonly end?: 'finish' | 'close' | 'reset' | 'hang'
  /** Keep the socket for further requests (default true). */
  readonly keepAlive?: boolean
}
export type Script = Reply | ((request: Exchange) => Reply)

export interface Upstream {
  readonly url: string
  readonly port: number
  /** Everything that arrived, oldest first. */
  readonly requests: readonly Exchange[]
  /** Sockets accepted so far. */
  readonly connections: number
  /** What the next requests get, one each; the last one stays. Clears the list of requests. */
  script(...replies: readonly Script[]): void
  close(): Promise<void>
}

/**
 * @example
 * const upstream = await startUpstream()
 * upstream.script({ status: 429, headers: { 'retry-after': '1' } }, answer('Hello'))
 */
export async function startUpstream(...replies: readonly Script[]): Promise<Upstream> {
  const sockets = new Set<Socket>()
  let queue = [...replies]
  let requests: Exchange[] = []
  let connections = 0

  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    serve(socket).catch(() => socket.destroy())
  })

  async function serve(socket: Socket): Promise<void> {
    const next = nextRequest(socket)
    for (;;) {
      const request = await next()
      if (request === undefined) return
      requests.push(request)
      const script = queue.length > 1 ? queue.shift() : queue[0]
      const reply =
        typeof script === 'function' ? script(request) : (script ?? { status: 500, body: 'no script' })
      if (!(await send(socket, reply))) return
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get requests() {
      return requests
    },
    get connections() {
      return connections
    },
    script(...next) {
      queue = [...next]
      requests = []
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Resolves true when the socket may carry another request. */
async function send(socket: Socket, reply: Reply): Promise<boolean> {
  if (reply.delayMs !== undefined) await wait(reply.delayMs)
  if (reply.raw !== undefined) {
    socket.write(reply.raw)
    return finish(socket, reply.end ?? 'close')
  }
  const head = { ...reply.headers }
  if (reply.keepAlive === false) head.connection = 'close'
  if (reply.chunks === undefined) {
    const body = Buffer.from(reply.body ?? '')
    if (head['content-length'] === undefined) head['content-length'] = String(body.length)
    socket.write(Buffer.concat([Buffer.from(headText(reply.status ?? 200, head)), body]))
  } else {
    head['transfer-encoding'] = 'chunked'
    socket.write(headText(reply.status ?? 200, head))
    for (const chunk of reply.chunks) {
      if (socket.destroyed) return false
      if (typeof chunk === 'number') await wait(chunk)
      else await writeChunk(socket, chunk)
    }
    if (reply.end === undefined || reply.end === 'finish') socket.write('0\r\n\r\n')
  }
  if (reply.end !== undefined && reply.end !== 'finish') return finish(socket, reply.end)
  if (reply.keepAlive === false) socket.end()
  return reply.keepAlive !== false
}

function headText(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} Scripted\r\n${lines.join('')}\r\n`
}

async function writeChunk(socket: Socket, chunk: Bytes): Promise<void> {
  const bytes = Buffer.from(chunk)
  if (bytes.length === 0) return
  const sent = socket.write(
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]),
  )
  if (!sent && !socket.destroyed) {
    await new Promise<void>((resolve) => {
      socket.once('drain', resolve)
      socket.once('close', resolve)
    })
  }
  // One network write per chunk: without this, small neighbours travel together.
  await new Promise<void>((resolve) => setImmediate(resolve))
}

async function finish(socket: Socket, end: NonNullable<Reply['end']>): Promise<boolean> {
  if (end === 'reset') {
    // A reset throws away what the client has not read yet.
    await wait(20)
    socket.resetAndDestroy()
  }
  if (end === 'close') socket.end()
  return false
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
