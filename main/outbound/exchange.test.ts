import { type AddressInfo, createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compressed, sse, stream } from '../../test/upstream/replies.ts'
import { type Reply, startUpstream, type Upstream } from '../../test/upstream/server.ts'
import { connectionRule } from './egress.ts'
import type { Call, Exchange } from './exchange.ts'
import type { Fault } from './fault.ts'
import { createPools, type Pools, poolLimits } from './pools.ts'
import { type Answer, send } from './send.ts'
import { openStream } from './stream.ts'

let upstream: Upstream
let pools: Pools
beforeEach(async () => {
  upstream = await startUpstream()
  pools = createPools({})
})
afterEach(async () => {
  await pools.closeAll()
  await upstream.close()
})

function callTo(address: string, facts: Partial<Call> = {}): Call {
  const url = new URL(address)
  const rule = connectionRule(url, true)
  return {
    channel: facts.channel ?? pools.open(url, { rule, connectMs: 300 }),
    method: 'POST',
    path: '/v1/x',
    headers: ['content-type', 'application/json'],
    body: '{}',
    signal: null,
    firstMs: null,
    idleMs: null,
    until: 'head',
    ...facts,
  }
}

function whole(call: Call, maxBytes = 1_000_000): Promise<Answer> {
  return new Promise((resolve, reject) => send(call, maxBytes, { answer: resolve, fault: reject }))
}

function fails(call: Call, maxBytes?: number): Promise<Fault> {
  return whole(call, maxBytes).then(
    () => Promise.reject(new Error('it answered')),
    (fault) => fault,
  )
}

interface Seen {
  readonly events: string[]
  readonly exchange: Exchange
  readonly done: Promise<{ end?: string | undefined; body?: string; status?: number; fault?: Fault }>
}

function streamed(call: Call, each: (data: string) => boolean | undefined = () => undefined): Seen {
  const events: string[] = []
  let exchange: Exchange | undefined
  const done: Seen['done'] = new Promise((resolve) => {
    exchange = openStream(call, {
      event(data) {
        events.push(data)
        return each(data)
      },
      end: (end) => resolve({ end }),
      body: (status, _headers, body) => resolve({ status, body: body.toString() }),
      fault: (fault) => resolve({ fault }),
    })
  })
  return { events, exchange: exchange!, done }
}

/** A socket is offered again only after the turn in which its answer ended. */
function idle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}

describe('whole answers', () => {
  test('sends method, path, headers and body and collects the answer', async () => {
    upstream.script({ status: 201, headers: { 'x-a': '1' }, chunks: ['one ', 5, 'two'] })
    const answer = await whole(callTo(upstream.url, { body: '{"a":"é"}' }))
    expect([answer.status, answer.body.toString(), answer.headers['x-a']]).toEqual([201, 'one two', '1'])
    expect(upstream.requests).toMatchObject([{ method: 'POST', path: '/v1/x', json: { a: 'é' } }])
    expect(answer.totalMs).toBeGreaterThanOrEqual(answer.firstByteMs)
  })

  test.each(['gzip', 'br', 'deflate'] as const)('trap-17: inflates %s, errors too', async (coding) => {
    upstream.script(
      compressed({ body: '{"ok":true}' }, coding),
      compressed({ status: 500, body: 'broken' }, coding),
    )
    const call = callTo(upstream.url)
    expect((await whole(call)).body.toString()).toBe('{"ok":true}')
    expect(await whole(call)).toMatchObject({ status: 500, body: Buffer.from('broken') })
  })

  test('G-11: refuses a gzip bomb, an unknown compression and broken gzip', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000))
    upstream.script(
      { headers: { 'content-encoding': 'gzip' }, body: bomb },
      { headers: { 'content-encoding': 'snappy' }, body: 'x' },
      { headers: { 'content-encoding': 'gzip' }, body: 'not gzip' },
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync('{"ok":true}').subarray(0, 20) },
    )
    const call = callTo(upstream.url)
    expect(await fails(call, 100_000_000)).toMatchObject({ kind: 'protocol', reason: 'too_large' })
    expect(await fails(call)).toMatchObject({ kind: 'protocol', reason: 'encoding' })
    expect(await fails(call)).toMatchObject({ kind: 'protocol', reason: 'encoding' })
    expect(await fails(call)).toMatchObject({ kind: 'truncated' })
  })

  test('stops at the size limit and closes the socket; keeps the beginning of a large error', async () => {
    upstream.script({ chunks: Array(50).fill('x'.repeat(10_000)) })
    expect(await fails(callTo(upstream.url), 100_000)).toMatchObject({
      kind: 'protocol',
      reason: 'too_large',
    })
    expect(await upstream.requests[0]!.closed).toBeGreaterThan(0)
    upstream.script({ status: 502, chunks: Array(50).fill('x'.repeat(10_000)) })
    const answer = await whole(callTo(upstream.url))
    expect(answer.status).toBe(502)
    expect(answer.body.length).toBeLessThan(100_000)
  })

  test('reports a slow head, a silent body and lets signs of life pass', async () => {
    upstream.script(
      { delayMs: 300, body: 'late' },
      { chunks: ['a', 300, 'b'] },
      { chunks: ['\n', 40, '\n', 40, '\n', 40, '\n', 40, 'b'] },
    )
    const call = callTo(upstream.url, { firstMs: 100, idleMs: 100 })
    expect(await fails(call)).toMatchObject({ kind: 'timeout', reason: 'first_part' })
    expect(await fails(call)).toMatchObject({ kind: 'timeout', reason: 'idle' })
    expect((await whole(call)).body.toString()).toBe('\n\n\n\nb')
  })

  test('a limit may be longer or shorter than the one before, or missing', async () => {
    upstream.script(
      { chunks: ['a', 150, 'b'] },
      { chunks: ['a', 150, 'b'] },
      { delayMs: 150, chunks: ['a', 20, 'b'] },
      { delayMs: 150, chunks: ['a', 300, 'b'] },
    )
    const body = async (call: Call) => (await whole(call)).body.toString()
    expect(await body(callTo(upstream.url, { firstMs: 100, idleMs: 300 }))).toBe('ab')
    expect(await body(callTo(upstream.url, { firstMs: 100, idleMs: null }))).toBe('ab')
    const patient = callTo(upstream.url, { firstMs: 1_000, idleMs: 100 })
    expect(await body(patient)).toBe('ab')
    expect(await fails(patient)).toMatchObject({ kind: 'timeout', reason: 'idle', ms: 100 })
  })
})

describe('faults', () => {
  test.each<[string, Reply, Partial<Fault>]>([
    ['a reset before the head', { raw: '', end: 'reset' }, { kind: 'network', reason: 'reset' }],
    ['a close before the head', { raw: '', end: 'close' }, { kind: 'network', reason: 'reset' }],
    [
      'a close in the body',
      { headers: { 'content-length': '9' }, body: 'abc', end: 'close' },
      { kind: 'truncated' },
    ],
    ['a reset in the body', { chunks: ['abc'], end: 'reset' }, { kind: 'truncated' }],
    ['something that is not HTTP', { raw: 'SSH-2.0-OpenSSH\r\n' }, { kind: 'protocol', reason: 'not_http' }],
  ])('%s', async (_, reply, fault) => {
    upstream.script(reply)
    expect(await fails(callTo(upstream.url))).toMatchObject(fault)
    expect(upstream.requests).toHaveLength(1)
  })

  test('a refused connection, an unknown name, no TLS on the other side', async () => {
    const { port } = upstream
    await upstream.close()
    expect(await fails(callTo(`http://127.0.0.1:${port}`))).toMatchObject({
      kind: 'network',
      reason: 'refused',
    })
    expect(await fails(callTo('http://no-such-host.invalid'))).toMatchObject({
      kind: 'network',
      reason: 'dns',
    })
    upstream = await startUpstream()
    const plain = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    const address = plain.address() as AddressInfo
    expect(await fails(callTo(`https://127.0.0.1:${address.port}`))).toMatchObject({
      kind: 'network',
      reason: 'tls',
    })
    plain.close()
  })

  test('a connection that is never made', async () => {
    const secure = upstream.url.replace('http:', 'https:')
    expect(await fails(callTo(secure))).toMatchObject({ kind: 'timeout', reason: 'connect' })
  })

  test('a header that cannot be sent', async () => {
    const call = callTo(upstream.url, { headers: ['authorization', 'Bearer a\r\nx: y'] })
    expect(await fails(call)).toMatchObject({ kind: 'invalid' })
    expect(upstream.requests).toHaveLength(0)
  })

  test('a name that resolves to this machine is refused when a socket is made', async () => {
    const url = new URL(upstream.url.replace('127.0.0.1', 'localhost'))
    const channel = pools.open(url, { rule: (_place, at) => at === 'public' })
    expect(await fails(callTo(upstream.url, { channel }))).toMatchObject({ kind: 'egress' })
    expect(upstream.connections).toBe(0)
  })
})

describe('the library below', () => {
  test('trap-18: its 300 s limits are off; only the limits of a call count', () => {
    expect(poolLimits).toMatchObject({ headersTimeout: 0, bodyTimeout: 0 })
  })

  test.each([
    [false, false],
    [true, true],
  ])('trap-20: HTTP/2 is offered only where a provider row says so: %s', async (allowH2, offered) => {
    const hello = await new Promise<Buffer>((resolve) => {
      const server = createServer((socket) => {
        socket.once('data', (bytes: Buffer) => {
          resolve(bytes)
          socket.destroy()
          server.close()
        })
      })
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo
        const url = new URL(`https://127.0.0.1:${port}`)
        const channel = pools.open(url, { rule: connectionRule(url, true), allowH2 })
        fails(callTo(upstream.url, { channel })).catch(() => {})
      })
    })
    expect(hello.includes('\x08http/1.1')).toBe(true)
    expect(hello.includes('\x02h2')).toBe(offered)
  })
})

describe('trap-19: a dead pooled socket', () => {
  test('is replaced once when nothing was received', async () => {
    const call = callTo(upstream.url)
    upstream.script({ body: 'first' }, { raw: '', end: 'reset' }, { body: 'second' })
    expect((await whole(call)).body.toString()).toBe('first')
    await idle()
    expect((await whole(call)).body.toString()).toBe('second')
    expect(upstream.requests).toHaveLength(3)
    expect(upstream.connections).toBe(2)
  })

  test('is not replaced twice, nor after a part of the answer', async () => {
    const call = callTo(upstream.url)
    upstream.script({ body: 'first' }, { chunks: ['part'], end: 'reset' })
    await whole(call)
    await idle()
    expect(await fails(call)).toMatchObject({ kind: 'truncated' })
    expect(upstream.requests).toHaveLength(2)
  })
})

describe('abort', () => {
  test.each([
    ['before the head', { raw: '', end: 'hang' }],
    ['in the body', { chunks: ['abc'], end: 'hang' }],
  ] as const)('trap-22, G-6: closes the socket at once: %s', async (_, reply) => {
    upstream.script(reply)
    const abort = new AbortController()
    const call = fails(callTo(upstream.url, { signal: abort.signal }))
    while (upstream.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const at = performance.now()
    abort.abort()
    expect(await call).toMatchObject({ kind: 'aborted' })
    expect((await upstream.requests[0]!.closed) - at).toBeLessThan(50)
  })

  test('a signal that fired before sends nothing', async () => {
    expect(await fails(callTo(upstream.url, { signal: AbortSignal.abort() }))).toMatchObject({
      kind: 'aborted',
    })
    expect(upstream.connections).toBe(0)
  })
})

describe('streams', () => {
  test('hands on events as they come and tells the end', async () => {
    upstream.script(stream(['Hel', 'lo']))
    const seen = streamed(callTo(upstream.url, { until: 'begun' }))
    expect(await seen.done).toEqual({ end: undefined })
    expect(seen.events).toHaveLength(6)
    expect(seen.events.at(-1)).toBe('[DONE]')
  })

  test.each(['gzip', 'br', 'deflate'] as const)('trap-17: inflates a %s stream', async (coding) => {
    upstream.script(compressed(stream(['Hel', 'lo']), coding))
    const seen = streamed(callTo(upstream.url))
    expect(await seen.done).toEqual({ end: undefined })
    expect(seen.events).toHaveLength(6)
  })

  test('gives errors, pages and whole answers as a body', async () => {
    const call = callTo(upstream.url)
    upstream.script(
      { status: 429, headers: { 'content-type': 'text/event-stream' }, body: 'slow down' },
      { headers: { 'content-type': 'text/html' }, body: '<html>' },
      { body: '\n\n {"a":1}' },
      { body: 'data: x\n\n' },
    )
    expect(await streamed(call).done).toEqual({ status: 429, body: 'slow down' })
    expect(await streamed(call).done).toEqual({ status: 200, body: '<html>' })
    expect(await streamed(call).done).toEqual({ status: 200, body: '\n\n {"a":1}' })
    const odd = streamed(call)
    expect(await odd.done).toEqual({ end: undefined })
    expect(odd.events).toEqual(['x'])
  })

  test('a 50 MB line ends at 8 MiB', async () => {
    upstream.script(sse(['x']), {
      headers: { 'content-type': 'text/event-stream' },
      chunks: ['data: ', ...Array(50).fill('y'.repeat(1 << 20))],
    })
    await streamed(callTo(upstream.url)).done
    expect(await streamed(callTo(upstream.url)).done).toMatchObject({
      fault: { kind: 'protocol', reason: 'too_large' },
    })
    expect(await upstream.requests[1]!.closed).toBeGreaterThan(0)
  })

  test('the first part has its own limit, which the head and comments do not meet', async () => {
    const head = { headers: { 'content-type': 'text/event-stream' } }
    upstream.script(
      { ...head, chunks: [': wait\n\n', 60, ': wait\n\n', 60, ': wait\n\n', 60, 'data: x\n\n'] },
      { ...head, chunks: ['data: x\n\n', 60, ': still here\n\n', 60, 'data: y\n\n', 200, 'data: z\n\n'] },
    )
    const call = callTo(upstream.url, { firstMs: 100, idleMs: 100, until: 'begun' })
    expect(await streamed(call).done).toMatchObject({ fault: { reason: 'first_part' } })
    const seen: Seen = streamed(call, () => {
      seen.exchange.begun()
      return undefined
    })
    expect(await seen.done).toMatchObject({ fault: { reason: 'idle' } })
    expect(seen.events).toEqual(['x', 'y'])
  })

  test('G-7: a slow reader stops the server, and its pause is no silence of the server', async () => {
    const megabyte = `data: ${'x'.repeat(1 << 20)}\n\n`
    let written = 0
    const chunks = Array.from({ length: 64 }, () => megabyte)
    upstream.script(() => ({
      headers: { 'content-type': 'text/event-stream' },
      chunks: Object.assign(chunks, {
        *[Symbol.iterator]() {
          for (let i = 0; i < 64; i++) {
            written++
            yield megabyte
          }
        },
      }),
    }))
    const seen = streamed(callTo(upstream.url, { idleMs: 150, until: 'begun' }), () => false)
    while (seen.events.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    seen.exchange.begun()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(written).toBeLessThan(16)
    const again = setInterval(() => seen.exchange.resume(), 1)
    expect(await seen.done).toEqual({ end: undefined })
    clearInterval(again)
    expect(seen.events).toHaveLength(64)
  })

  test('a drained answer gives its socket back; one that goes on for ever does not', async () => {
    upstream.script(sse(['x', '[DONE]', 30, 'ignored']), sse(['x']))
    const call = callTo(upstream.url)
    const first = streamed(call, (data) => {
      if (data === '[DONE]') first.exchange.drain()
      return undefined
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(first.events).toEqual(['x', '[DONE]'])
    await streamed(call).done
    expect(upstream.connections).toBe(1)
  })
})
