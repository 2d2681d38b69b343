import { once as onceEvent } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { once } from './connection.ts'
import { proxyRequests, type Requests } from './contestant.ts'
import { exactly, sendAtRate, stream } from './load.ts'
import { createProvider, type Provider } from './provider.ts'

let provider: Provider
let requests: Requests
let sockets: Set<Socket>

beforeEach(async () => {
  provider = createProvider()
  sockets = new Set()
  provider.server.on('connection', (socket) => sockets.add(socket))
  requests = proxyRequests(await listen(provider.server))
})

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  provider.server.close()
})

async function listen(server: ReturnType<typeof createServer>) {
  server.listen(0, '127.0.0.1')
  await onceEvent(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

describe('the provider', () => {
  test('answers a chat completion of about 550 bytes', async () => {
    const { status, text } = await once(requests.json)
    expect(status).toBe(200)
    expect(text.length).toBeGreaterThan(500)
    expect(text.length).toBeLessThan(600)
    expect(JSON.parse(text)).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant' }, finish_reason: 'stop' }],
      usage: { total_tokens: 72 },
    })
  })

  test.each([0, 1])('streams events that end with [DONE], one chunk every %i ms', async (intervalMs) => {
    provider.pace({ chunks: 3, intervalMs })
    const { text } = await once(requests.stream)
    const events = text
      .split('\n\n')
      .filter((event) => event !== '')
      .map((event) => event.replace(/^data: /, ''))
    expect(events.pop()).toBe('[DONE]')
    const choices = events.map((event) => JSON.parse(event).choices[0])
    expect(choices.map(({ delta }) => Object.keys(delta)[0] ?? 'none')).toEqual([
      'role',
      'content',
      'content',
      'content',
      'none',
    ])
    expect(choices.at(-1).finish_reason).toBe('stop')
  })

  test('adds a usage chunk when it is asked for', async () => {
    provider.pace({ chunks: 1, intervalMs: 0 })
    const body = JSON.stringify({ stream: true, stream_options: { include_usage: true }, messages: [] })
    const { text } = await once({ ...requests.stream, body })
    expect(text).toContain('"choices":[],"usage":{')
    expect((await once(requests.stream)).text).not.toContain('usage')
  })

  test('does not take a prompt about "stream": true for the flag', async () => {
    const messages = [{ role: 'user', content: 'write {"stream": true} to me' }]
    const { text } = await once({ ...requests.json, body: JSON.stringify({ messages }) })
    expect(JSON.parse(text).object).toBe('chat.completion')
  })

  test('reads a body in chunks through fetch', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"messages":'))
        controller.enqueue(new TextEncoder().encode('[]}'))
        controller.close()
      },
    })
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    const response = await fetch(`http://127.0.0.1:${requests.json.port}/v1/chat/completions`, init)
    expect(await response.json()).toMatchObject({ object: 'chat.completion' })
    expect(provider.calls()).toBe(1)
  })
})

describe('the load', () => {
  test('sends exactly as many requests as it was asked for', async () => {
    const { answered, failed, latency } = await exactly(requests.json, 53)
    expect([answered, failed, latency.count]).toEqual([53, 0, 53])
    expect(provider.calls()).toBe(53)
  })

  test('sends large bodies whole', async () => {
    expect(await exactly(requests.big, 5)).toMatchObject({ answered: 5, failed: 0 })
  })

  test('counts only what was sent after the warm-up of an open loop', async () => {
    const plan = { perSecond: 500, seconds: 0.1, warmSeconds: 0.1 }
    const { answered, failed, fromDue } = await sendAtRate(requests.json, plan)
    expect([answered, failed, fromDue.count]).toEqual([50, 0, 50])
    expect(provider.calls()).toBe(100)
  })

  test('sees every chunk of every stream', async () => {
    provider.pace({ chunks: 20, intervalMs: 1 })
    const plan = { streams: 4, chunks: 20, rampMs: 10, timeoutMs: 5_000 }
    const { failed, chunks, first, age } = await stream(requests.stream, plan)
    expect([failed, chunks, first.count, age.count]).toEqual([0, 80, 4, 80])
  })

  test('fails a stream that is missing a chunk', async () => {
    provider.pace({ chunks: 4, intervalMs: 0 })
    const plan = { streams: 2, chunks: 5, rampMs: 0, timeoutMs: 5_000 }
    expect(await stream(requests.stream, plan)).toMatchObject({ failed: 2, chunks: 8 })
  })

  const reply = (status: string) => `HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\n{}`
  test.each([
    ['a status other than 200', reply('500 Oops'), false],
    ['a connection that breaks within the answer', reply('200 OK').slice(0, -1), true],
    ['a connection that breaks before the answer', '', true],
  ])('counts %s as a failure and goes on', async (_, bytes, hangUp) => {
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('data', () => (hangUp ? socket.end(bytes) : socket.write(bytes)))
    })
    const port = await listen(server)
    expect(await exactly({ ...requests.json, port }, 5)).toMatchObject({ answered: 0, failed: 5 })
    server.close()
  })

  test('reads an answer that comes byte by byte', async () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket)
      socket.once('data', async () => {
        for (const byte of chunked) await new Promise<void>((sent) => socket.write(byte, () => sent()))
      })
    })
    const port = await listen(server)
    expect(await once({ ...requests.json, port })).toEqual({ status: 200, text: 'abcde' })
    server.close()
  })
})
