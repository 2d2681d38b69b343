// The provider behind every contestant: OpenAI chat completions on raw sockets, answered at once. The answer to
// `"stream": true` is a paced stream whose chunks carry their number and the time they were sent.
import { createServer, type Server, type Socket } from 'node:net'
import { Pacer } from './pacer.ts'
import { nowUs } from './schedule.ts'

export interface Pace {
  readonly chunks: number
  /** 0: as fast as the reader takes them. */
  readonly intervalMs: number
}

export interface Provider {
  readonly server: Server
  /** POST requests taken so far. */
  calls(): number
  pace(next: Pace): void
}

/** A word of every answer, by which the harness knows that it came from here. */
export const word = 'pong'

const base = { id: 'chatcmpl-load', created: 1_700_000_000, model: 'gpt-4o-mini' }
const usage = { prompt_tokens: 12, completion_tokens: 60, total_tokens: 72 }
const answer = whole({
  ...base,
  object: 'chat.completion',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: Array(60).fill(word).join(' ') },
      finish_reason: 'stop',
    },
  ],
  usage,
})
const models = whole({ object: 'list', data: [{ id: base.model, object: 'model' }] })

const streamHead =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n'
const first = chunked(event({ role: 'assistant', content: '' }, null))
const last = chunked(event({}, 'stop'))
const lastUsage = chunked(
  `data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices: [], usage })}\n\n`,
)
const end = `${chunked('data: [DONE]\n\n')}0\r\n\r\n`
const [beforeStamp = '', afterStamp = ''] = event({ content: 'STAMP' }, null).split('STAMP')

export function createProvider(): Provider {
  const pacer = new Pacer()
  let pace: Pace = { chunks: 200, intervalMs: 10 }
  let calls = 0

  function take(socket: Socket, request: Request, ready: () => void) {
    if (!request.post) socket.write(models)
    else {
      calls++
      if (flag(request.body, 'stream'))
        return stream(socket, pace, pacer, flag(request.body, 'include_usage'), ready)
      socket.write(answer)
    }
    ready()
  }

  const server = createServer({ noDelay: true }, (socket) => {
    let pending: Buffer | undefined
    let busy = false
    const run = () => {
      while (!busy && pending) {
        const request = read(pending)
        if (!request) return
        pending = pending.length > request.end ? pending.subarray(request.end) : undefined
        busy = true
        take(socket, request, () => {
          busy = false
          run()
        })
      }
    }
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes: Buffer) => {
      pending = pending ? Buffer.concat([pending, bytes]) : bytes
      run()
    })
  })
  return {
    server,
    calls: () => calls,
    pace: (next) => {
      pace = next
    },
  }
}

interface Request {
  readonly post: boolean
  readonly body: Buffer
  readonly end: number
}

/** The request at the start of the bytes, once all of it is there. */
function read(bytes: Buffer): Request | undefined {
  const head = bytes.indexOf('\r\n\r\n', 0, 'latin1')
  if (head < 0) return undefined
  const text = bytes.toString('latin1', 0, head)
  const post = text.startsWith('POST')
  const start = head + 4
  if (/\r\ntransfer-encoding: *chunked/i.test(text)) {
    const body = unchunk(bytes, start)
    return body && { post, ...body }
  }
  const stop = start + Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0)
  return bytes.length < stop ? undefined : { post, body: bytes.subarray(start, stop), end: stop }
}

function unchunk(bytes: Buffer, start: number) {
  const parts: Buffer[] = []
  for (let at = start; ; ) {
    const line = bytes.indexOf('\r\n', at, 'latin1')
    if (line < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16)
    const stop = line + 2 + size + 2
    if (bytes.length < stop) return undefined
    if (size === 0) return { body: Buffer.concat(parts), end: stop }
    parts.push(bytes.subarray(line + 2, stop - 2))
    at = stop
  }
}

/** Whether the JSON has `"name": true`. A quote inside a prompt is escaped, so a prompt cannot say it. */
function flag(json: Buffer, name: string) {
  const key = `"${name}"`
  const at = json.indexOf(key, 0, 'latin1')
  return at >= 0 && /^\s*:\s*true/.test(json.toString('latin1', at + key.length, at + key.length + 16))
}

function stream(socket: Socket, pace: Pace, pacer: Pacer, withUsage: boolean, ready: () => void) {
  const { chunks, intervalMs } = pace
  let sent = 0
  const stamp = () => chunked(`${beforeStamp}~${sent++}:${nowUs()};${afterStamp}`)
  /** Whether more is to come. */
  const emit = () => {
    if (socket.destroyed) return false
    if (sent < chunks) {
      socket.write(stamp(), 'latin1')
      return true
    }
    socket.write(last + (withUsage ? lastUsage : '') + end, 'latin1')
    ready()
    return false
  }
  const burst = () => {
    // A few per turn, so that other streams get theirs; a full socket is waited for.
    for (let i = 0; i < 10; i++) if (!emit()) return
    if (socket.writableNeedDrain) socket.once('drain', burst)
    else setImmediate(burst)
  }
  // The first chunk goes out at once: its arrival is then the gateway's delay and not the pace.
  socket.write(streamHead + first + stamp(), 'latin1')
  if (intervalMs > 0) pacer.each(intervalMs, emit)
  else burst()
}

function event(delta: object, finish: string | null) {
  const choices = [{ index: 0, delta, finish_reason: finish }]
  return `data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices })}\n\n`
}

function chunked(text: string) {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

function whole(json: object) {
  const body = JSON.stringify(json)
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

/** Over IPC: says its port, then answers each message with the calls so far. A message may set the pace. */
if (import.meta.main) {
  const provider = createProvider()
  const { server } = provider
  server.listen(0, '127.0.0.1', 4096, () => {
    const address = server.address()
    process.send?.({ port: typeof address === 'object' ? address?.port : undefined })
  })
  process.on('message', (message: { readonly pace?: Pace }) => {
    if (message.pace) provider.pace(message.pace)
    process.send?.({ calls: provider.calls() })
  })
  process.on('disconnect', () => process.exit(0))
}
