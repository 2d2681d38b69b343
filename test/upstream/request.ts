// Reads requests off a socket: just enough HTTP/1.1 for what our own client sends.
import type { Socket } from 'node:net'

export type Bytes = string | Uint8Array

/** One request as it arrived. */
export interface Exchange {
  readonly method: string
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The body as JSON; undefined when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  readonly json: any
  /** `performance.now()` when it had arrived. */
  readonly at: number
  /** Resolves with `performance.now()` when the client closes the socket. */
  readonly closed: Promise<number>
}

/** Returns a function that waits for the next request; undefined when the client has gone. */
export function nextRequest(socket: Socket): () => Promise<Exchange | undefined> {
  let buffered = Buffer.alloc(0)
  let ended = false
  let wake: () => void = () => {}
  const closed = new Promise<number>((resolve) => {
    socket.on('close', () => resolve(performance.now()))
  })
  socket.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk])
    wake()
  })
  for (const event of ['end', 'close', 'error']) {
    socket.on(event, () => {
      ended = true
      wake()
    })
  }
  return async () => {
    for (;;) {
      const parsed = parse(buffered)
      if (parsed !== undefined) {
        buffered = buffered.subarray(parsed.length)
        return { ...parsed.request, at: performance.now(), closed }
      }
      if (ended) return undefined
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
}

function parse(bytes: Buffer): { request: Omit<Exchange, 'at' | 'closed'>; length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const [method = '', path = ''] = first.split(' ')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const length = Number(headers['content-length'] ?? '0')
  const start = end + 4
  if (bytes.length < start + length) return undefined
  const body = bytes.subarray(start, start + length).toString('utf8')
  return { request: { method, path, headers, body, json: parseJson(body) }, length: start + length }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
