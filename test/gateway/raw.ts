// HTTP by hand: what no well-behaved client would send.
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
  /** The server ended the connection. */
  readonly closed: boolean
}

/** Sends bytes and reads until the connection ends, one whole answer came, or `ms` pass. */
export function raw(
  port: number,
  bytes: string | Buffer | readonly (string | Buffer)[],
  ms = 3000,
): Promise<RawAnswer> {
  const { promise, resolve } = Promise.withResolvers<RawAnswer>()
  const socket = connect(port, '127.0.0.1')
  let text = ''
  const done = (closed: boolean) => {
    clearTimeout(timer)
    socket.destroy()
    const [head = '', ...rest] = text.split('\r\n\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0)
    // What follows a whole answer is the answer to something else.
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.POSITIVE_INFINITY)
    const body = Buffer.from(rest.join('\r\n\r\n'))
    resolve({ status, head, body: body.subarray(0, length).toString(), closed })
  }
  const timer = setTimeout(() => done(false), ms)
  socket.on('data', (chunk) => {
    text += chunk.toString()
    if (isWhole(text)) setTimeout(() => done(false), 20)
  })
  socket.on('error', () => done(true))
  socket.on('close', () => done(true))
  for (const part of Array.isArray(bytes) ? (bytes as readonly (string | Buffer)[]) : [bytes as string])
    socket.write(part)
  return promise
}

function isWhole(text: string): boolean {
  const at = text.indexOf('\r\n\r\n')
  if (at < 0) return false
  const length = /content-length: (\d+)/i.exec(text)?.[1]
  if (length === undefined) return /^HTTP\/1\.1 204/.test(text)
  return Buffer.byteLength(text.slice(at + 4)) >= Number(length)
}

export function request(lines: readonly string[], body = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

export function open(port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = connect(port, '127.0.0.1', () => resolve(socket))
  socket.once('error', reject)
  return promise
}
