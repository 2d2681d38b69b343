// Clients that leave, dawdle, come back or wait; streams across a publish; the end of the gateway.
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { virtualClock } from '../virtual-clock.ts'
import { open as connect, raw, request } from './raw.ts'
import {
  allEvents,
  errorOf,
  eventsOf,
  keyOf,
  planOf,
  routeOf,
  type Script,
  type Stage,
  type StageOptions,
  scripted,
  stage,
  versionOf,
} from './support.ts'

const stages: Stage[] = []
async function open(options?: StageOptions): Promise<Stage> {
  const opened = await stage(options)
  stages.push(opened)
  return opened
}
afterEach(async () => {
  await Promise.all(stages.splice(0).map((each) => each.close()))
})

const hello = { input: { question: 'Hi?' } }
const streaming = { ...hello, options: { stream: true } }
const idle = () => scripted(() => undefined)

/** Waits for something that happens in other turns of the loop. */
async function until(done: () => boolean, ms = 5000): Promise<void> {
  const end = Date.now() + ms
  while (!done()) {
    if (Date.now() > end) throw new Error('it did not happen')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Sends a request by hand, so that the connection can be cut at will. */
async function sendRaw(on: Stage, body: unknown, path = '/run/hello', headers: readonly string[] = []) {
  const socket = await connect(on.gateway.port)
  const text = JSON.stringify(body)
  socket.write(
    request(
      [
        `POST ${path} HTTP/1.1`,
        `Host: 127.0.0.1:${on.gateway.port}`,
        `Authorization: Bearer ${on.key.text}`,
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(text)}`,
        ...headers,
      ],
      text,
    ),
  )
  return socket
}

describe('a client that leaves', () => {
  it.each([
    ['before a whole answer', hello, (_: Script) => undefined],
    ['before the first output of a stream', streaming, (_: Script) => undefined],
    ['in the middle of a stream', streaming, (run: Script) => run.delta('It ')],
  ])('%s ends the run within 50 ms and frees its place', async (_, body, play) => {
    const engine = scripted(play)
    const on = await open({ engine })
    const socket = await sendRaw(on, body)
    await until(() => engine.runs.length === 1)
    if (engine.runs[0]!.context.stream) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(on.gateway.stats().running).toBe(1)
    const left = performance.now()
    const aborted = new Promise<number>((resolve) => {
      engine.runs[0]!.onAbort = () => resolve(performance.now())
    })
    socket.destroy()
    expect((await aborted) - left).toBeLessThan(50)
    expect(engine.runs[0]!.aborted).toMatchObject({ code: 'cancelled' })
    expect(on.gateway.stats()).toMatchObject({ running: 0, queued: 0, kept: 0 })
    expect(on.rows[0]).toMatchObject({ state: 'failed', errorCode: 'cancelled' })
  })

  it('while queued gives up its turn and never runs', async () => {
    const engine = idle()
    const on = await open({ engine, settings: { maxRuns: 1 } })
    const first = await sendRaw(on, hello)
    await until(() => engine.runs.length === 1)
    const second = await sendRaw(on, hello, '/run/hello', ['Idempotency-Key: a'])
    await until(() => on.gateway.stats().queued === 1)
    const third = await sendRaw(on, hello)
    await until(() => on.gateway.stats().queued === 2)
    second.destroy()
    await until(() => on.gateway.stats().queued === 1)
    engine.runs[0]!.finish()
    await until(() => engine.runs.length === 2)
    expect(on.gateway.stats()).toMatchObject({ running: 1, queued: 0 })
    // What was never run may be tried again under the same key.
    const again = await sendRaw(on, hello, '/run/hello', ['Idempotency-Key: a'])
    await until(() => on.gateway.stats().queued === 1)
    for (const socket of [first, third, again]) socket.destroy()
    await until(() => on.gateway.stats().running === 0)
  })

  it('while its body arrives leaves nothing behind', async () => {
    const engine = idle()
    const on = await open({ engine })
    const socket = await connect(on.gateway.port)
    socket.write(
      `POST /run/hello HTTP/1.1\r\nHost: 127.0.0.1:${on.gateway.port}\r\nAuthorization: Bearer ${on.key.text}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"in`,
    )
    await until(() => on.gateway.stats().requests === 1)
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(engine.runs).toHaveLength(0)
    expect(on.gateway.stats()).toMatchObject({ running: 0, queued: 0 })
    expect(on.reports).toEqual([])
  })

  it('who half-closes after the request counts as gone', async () => {
    const engine = idle()
    const on = await open({ engine })
    const socket = await sendRaw(on, streaming)
    await until(() => engine.runs.length === 1)
    socket.end()
    await until(() => engine.runs[0]!.over)
    expect(engine.runs[0]!.aborted?.code).toBe('cancelled')
  })
})

describe('slow arrivals', () => {
  it('are timed out in the body by total and by progress, with 408', async () => {
    const clock = virtualClock()
    const on = await open({ clock })
    const head = request([
      'POST /run/hello HTTP/1.1',
      `Host: 127.0.0.1:${on.gateway.port}`,
      `Authorization: Bearer ${on.key.text}`,
      'Content-Type: application/json',
      'Content-Length: 100',
    ])
    const stalled = raw(on.gateway.port, head)
    await until(() => on.gateway.stats().requests === 1)
    await clock.advance(14_000)
    await clock.advance(2_000)
    expect(await stalled).toMatchObject({ status: 408 })

    const dripping = await connect(on.gateway.port)
    dripping.write(head)
    let answer = ''
    dripping.on('data', (chunk) => {
      answer += chunk.toString()
    })
    await until(() => on.gateway.stats().requests === 2)
    for (let i = 0; i < 4 && answer === ''; i += 1) {
      dripping.write('{')
      await new Promise((resolve) => setTimeout(resolve, 20))
      await clock.advance(8_000)
    }
    await until(() => answer !== '')
    expect(answer).toMatch(/^HTTP\/1\.1 408/)
    dripping.destroy()
  })

  it('are timed out in the head', async () => {
    const on = await open({ times: { headersMs: 300 } })
    const socket = await connect(on.gateway.port)
    socket.write('GET /healthz HTTP/1.1\r\nHost: ')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 Request Timeout[\s\S]*request_timeout/)
    socket.destroy()
  })
})

describe('a slow reader', () => {
  it('pauses the run, resumes it, and loses nothing', async () => {
    const piece = 'x'.repeat(16 * 1024)
    const count = 256
    const engine = scripted((run) => {
      let sent = 0
      const pump = () => {
        if (run.paused || run.over) return
        if (sent === count) return run.finish({ answer: '' })
        sent += 1
        run.delta(piece)
        setImmediate(pump)
      }
      run.onResume = pump
      pump()
    })
    const on = await open({ engine })
    const socket = await sendRaw(on, streaming)
    socket.pause()
    await until(() => engine.runs[0]?.paused === true)
    const held = process.memoryUsage().rss
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(engine.runs[0]!.over).toBe(false)
    expect(process.memoryUsage().rss - held).toBeLessThan(16 * 1024 * 1024)
    let bytes = 0
    let tail = ''
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      tail = (tail + chunk.toString('latin1')).slice(-400)
    })
    socket.resume()
    await until(() => tail.includes('run.completed'))
    expect(bytes).toBeGreaterThan(count * piece.length)
    socket.destroy()
  })

  it('who reads nothing at all is cancelled', async () => {
    const engine = scripted((run) => {
      const pump = () => {
        if (run.paused || run.over) return
        run.delta('x'.repeat(64 * 1024))
        setImmediate(pump)
      }
      run.onResume = pump
      pump()
    })
    const on = await open({ engine, times: { unreadMs: 300 } })
    const socket = await sendRaw(on, streaming)
    socket.pause()
    await until(() => engine.runs[0]?.over === true)
    expect(engine.runs[0]!.aborted).toMatchObject({ code: 'cancelled' })
    expect(on.gateway.stats().running).toBe(0)
    socket.destroy()
  })
})

describe('silence', () => {
  it('opens the stream after 10 s and pings every 10 s', async () => {
    const clock = virtualClock()
    const engine = idle()
    const on = await open({ engine, clock })
    const answer = on.post('/run/hello', streaming)
    await until(() => engine.runs.length === 1)
    await clock.advance(9_999)
    await clock.advance(1)
    const response = await answer
    const events = eventsOf(response)
    expect((await events.next()).value).toMatchObject({ id: '1', event: 'run.started' })
    expect((await events.next()).value).toEqual({ id: undefined, event: 'ping', data: '{}' })
    await clock.advance(5_000)
    engine.runs[0]!.delta('x')
    expect((await events.next()).value).toMatchObject({ id: '2', event: 'output.delta' })
    await clock.advance(9_999)
    await clock.advance(1)
    expect((await events.next()).value).toMatchObject({ event: 'ping' })
    engine.runs[0]!.fail('upstream_timeout')
    expect((await events.next()).value).toMatchObject({ id: '3', event: 'run.failed' })
  })

  it('is a comment every 15 s on the OpenAI surface', async () => {
    const clock = virtualClock()
    const engine = idle()
    const on = await open({ engine, clock })
    const answer = on.post('/v1/chat/completions', {
      model: 'hello',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
    })
    await until(() => engine.runs.length === 1)
    await clock.advance(15_000)
    const response = await answer
    engine.runs[0]!.delta('x')
    engine.runs[0]!.finish()
    const text = await response.text()
    expect(text).toMatch(/^: still working\n\ndata: \{.*"role":"assistant"/)
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  })
})

describe('a publish while a stream runs', () => {
  it('leaves the stream with its version and gives the next request the new one', async () => {
    const engine = idle()
    const on = await open({ engine, routes: [routeOf('hello', { versions: new Map([[1, versionOf(1)]]) })] })
    const first = on.post('/run/hello', streaming)
    await until(() => engine.runs.length === 1)
    engine.runs[0]!.delta('old ')
    const old = await first
    on.publish([routeOf('hello', { versions: new Map([[2, versionOf(2)]]) })])
    const second = on.post('/run/hello', hello)
    await until(() => engine.runs.length === 2)
    engine.runs[1]!.finish()
    expect(((await (await second).json()) as { version: number }).version).toBe(2)
    engine.runs[0]!.delta('end')
    engine.runs[0]!.finish()
    const events = await allEvents(old)
    expect(JSON.parse(events.at(-1)!.data)).toMatchObject({ version: 1 })
  })

  it('never fails or mixes anything under load', async () => {
    const engine = scripted((run) =>
      setImmediate(() => run.finish({ answer: `v${run.context.facts.version}` })),
    )
    const on = await open({ engine })
    let stop = false
    const publisher = (async () => {
      for (let number = 1; !stop; number += 1) {
        on.publish([routeOf('hello', { versions: new Map([[number, versionOf(number)]]) })])
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
    })()
    const callers = Array.from({ length: 16 }, async () => {
      for (let i = 0; i < 40; i += 1) {
        const response = await on.post('/run/hello', hello)
        expect(response.status).toBe(200)
        const { version, output } = (await response.json()) as { version: number; output: { answer: string } }
        expect(output.answer).toBe(`v${version}`)
        expect(response.headers.get('sluice-version')).toBe(String(version))
      }
    })
    await Promise.all(callers)
    stop = true
    await publisher
  })
})

describe('resumable runs', () => {
  const resumable = { ...hello, options: { stream: true, resumable: true } }

  it('go on when the client leaves, and give every event once, in order, to whoever comes back', async () => {
    const engine = idle()
    const on = await open({ engine })
    const socket = await sendRaw(on, resumable)
    await until(() => engine.runs.length === 1)
    const { id } = engine.runs[0]!.context.facts
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    for (const word of ['a', 'b', 'c']) engine.runs[0]!.delta(word)
    await until(() => text.includes('"delta":"c"'))
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(engine.runs[0]!.over).toBe(false)
    engine.runs[0]!.delta('d')
    const back = await on.get(`/runs/${id}/events`, { 'last-event-id': '3' })
    engine.runs[0]!.delta('e')
    engine.runs[0]!.finish()
    const events = await allEvents(back)
    expect(events.map((event) => event.id)).toEqual(['4', '5', '6', '7'])
    expect(events.at(-1)?.event).toBe('run.completed')
    const again = await allEvents(await on.get(`/runs/${id}/events`))
    expect(again.map((event) => event.id)).toEqual(['1', '2', '3', '4', '5', '6', '7'])
  })

  it('need not be streams: whoever was cut off reads the events, or the answer', async () => {
    const engine = idle()
    const on = await open({ engine })
    const socket = await sendRaw(on, { ...hello, options: { resumable: true } })
    await until(() => engine.runs.length === 1)
    const { id } = engine.runs[0]!.context.facts
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 30))
    engine.runs[0]!.finish()
    const events = await allEvents(await on.get(`/runs/${id}/events`))
    expect(events.map(({ event }) => event)).toEqual(['run.started', 'run.completed'])
    expect(await (await on.get(`/runs/${id}`)).json()).toMatchObject({
      state: 'completed',
      output: { answer: 'It works.' },
    })
  })

  it('are cancelled after 60 s without a reader', async () => {
    const clock = virtualClock()
    const engine = idle()
    const on = await open({ engine, clock })
    const socket = await sendRaw(on, resumable)
    await until(() => engine.runs.length === 1)
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 30))
    await clock.advance(59_000)
    expect(engine.runs[0]!.over).toBe(false)
    await clock.advance(1_000)
    expect(engine.runs[0]!.aborted?.code).toBe('cancelled')
  })

  it('keep their events for an hour after the end, then say gone', async () => {
    const clock = virtualClock()
    const on = await open({ clock })
    const first = await allEvents(await on.post('/run/hello', resumable))
    const { id } = JSON.parse(first[0]!.data) as { id: string }
    await clock.advance(3_500_000)
    expect((await on.get(`/runs/${id}/events`)).status).toBe(200)
    await clock.advance(200_000)
    expect(await errorOf(await on.get(`/runs/${id}/events`))).toMatchObject({ status: 410, code: 'gone' })
  })

  it('can be joined at every event, cut at random', async () => {
    const engine = scripted((run) => {
      for (let i = 0; i < 50; i += 1) run.delta(`${i} `)
      run.finish()
    })
    const on = await open({ engine })
    const all = await allEvents(await on.post('/run/hello', resumable))
    const { id } = JSON.parse(all[0]!.data) as { id: string }
    for (let seen = 0; seen <= all.length; seen += 1) {
      const rest = await allEvents(await on.get(`/runs/${id}/events`, { 'last-event-id': String(seen) }))
      expect([...all.slice(0, seen), ...rest]).toEqual(all)
    }
    for (const wrong of ['x', '-1', '1.5', '999', '']) {
      expect((await on.get(`/runs/${id}/events`, { 'last-event-id': wrong })).status, wrong).toBe(400)
    }
  })

  it('show traces only to keys that may see them', async () => {
    const owner = keyOf({ consumer: 'shop', scopes: ['run', 'trace', 'cost'] })
    const plain = keyOf({ consumer: 'shop', scopes: ['run', 'cost'] })
    const on = await open({ keys: [owner, plain] })
    const traced = { ...hello, options: { stream: true, resumable: true, trace: true } }
    const [first] = await allEvents(await on.post('/run/hello', traced))
    const { id } = JSON.parse(first!.data) as { id: string }
    expect((await on.get(`/runs/${id}/events`, { authorization: `Bearer ${plain.text}` })).status).toBe(403)
    expect((await on.get(`/runs/${id}/events`)).status).toBe(200)
  })
})

describe('runs asked for later', () => {
  it('are accepted at once, shown while they run, and answered in the end', async () => {
    const engine = idle()
    const on = await open({ engine })
    const accepted = await on.post('/run/hello', hello, { prefer: 'respond-async' })
    expect(accepted.status).toBe(202)
    const { id, ...rest } = (await accepted.json()) as { id: string }
    expect(rest).toEqual({ state: 'queued', endpoint: 'hello', version: 1, variant: null })
    expect(accepted.headers.get('location')).toBe(`/runs/${id}`)
    expect(await (await on.get(`/runs/${id}`)).json()).toMatchObject({
      id,
      state: 'running',
      label: 'production',
      finished_at: null,
      error: null,
    })
    expect(engine.runs[0]!.context.limits.timeoutMs).toBe(3_600_000)
    engine.runs[0]!.finish()
    expect(await (await on.get(`/runs/${id}`)).json()).toMatchObject({
      id,
      state: 'completed',
      output: { answer: 'It works.' },
      usage: { total_tokens: 21 },
      version_hash: expect.stringMatching(/^sha256:/),
      created_at: expect.any(String),
      finished_at: expect.any(String),
      steps: [],
    })
    const events = await allEvents(await on.get(`/runs/${id}/events`))
    expect(events.map(({ event }) => event)).toEqual(['run.started', 'run.completed'])
  })

  it('wait for a place as queued, and can be cancelled there', async () => {
    const engine = idle()
    const on = await open({ engine, settings: { maxRuns: 1 } })
    await on.post('/run/hello', hello, { prefer: 'respond-async' })
    const second = (await (await on.post('/run/hello', hello, { prefer: 'respond-async' })).json()) as {
      id: string
    }
    expect(await (await on.get(`/runs/${second.id}`)).json()).toMatchObject({ state: 'queued' })
    const cancelled = await on.post(`/runs/${second.id}/cancel`, {})
    expect(await cancelled.json()).toEqual({ id: second.id, state: 'failed' })
    expect(on.gateway.stats()).toMatchObject({ running: 1, queued: 0 })
    engine.runs[0]!.finish()
    expect(engine.runs).toHaveLength(1)
  })
})

describe('POST /runs/{id}/cancel', () => {
  it('stops a running run, answers its caller, and is harmless twice', async () => {
    const engine = idle()
    const on = await open({ engine })
    const answer = on.post('/run/hello', hello)
    await until(() => engine.runs.length === 1)
    const { id } = engine.runs[0]!.context.facts
    const started = performance.now()
    for (let i = 0; i < 2; i += 1) {
      const response = await fetch(`${on.url}/runs/${id}/cancel`, {
        method: 'POST',
        headers: { authorization: `Bearer ${on.key.text}` },
      })
      expect([response.status, await response.json()]).toEqual([200, { id, state: 'failed' }])
    }
    expect(performance.now() - started).toBeLessThan(500)
    const failed = await answer
    expect([failed.status, (await errorOf(failed)).code]).toEqual([499, 'cancelled'])
  })

  it('takes no form of a foreign page', async () => {
    const on = await open()
    const response = await on.post(`/runs/run_${'x'.repeat(24)}/cancel`, 'a=b', {
      'content-type': 'application/x-www-form-urlencoded',
    })
    expect(response.status).toBe(415)
  })

  it('is for the same consumer only', async () => {
    const engine = idle()
    const stranger = keyOf()
    const on = await open({ engine, keys: [keyOf(), stranger] })
    const socket = await sendRaw(on, hello)
    await until(() => engine.runs.length === 1)
    const { id } = engine.runs[0]!.context.facts
    const as = { authorization: `Bearer ${stranger.text}` }
    const unknown = `run_${'x'.repeat(24)}`
    for (const path of ['', '/events']) {
      const [foreign, random] = [
        await on.get(`/runs/${id}${path}`, as),
        await on.get(`/runs/${unknown}${path}`, as),
      ]
      expect([foreign.status, await foreign.json()]).toEqual([404, await random.json()])
    }
    expect((await on.post(`/runs/${id}/cancel`, {}, as)).status).toBe(404)
    expect(engine.runs[0]!.over).toBe(false)
    socket.destroy()
  })
})

describe('a revoked key', () => {
  it('ends its running runs at once', async () => {
    const engine = scripted((run) => run.delta('It '))
    const [gone, stays] = [keyOf(), keyOf()]
    const on = await open({ engine, keys: [gone, stays] })
    const streams = [gone, stays].map(({ text }) =>
      on.post('/run/hello', streaming, { authorization: `Bearer ${text}` }),
    )
    const [cut, kept] = (await Promise.all(streams)) as [Response, Response]
    on.setKeys([stays])
    on.gateway.cancelKey(gone.entry.id)
    const events = await allEvents(cut)
    expect(JSON.parse(events.at(-1)!.data)).toMatchObject({
      error: { code: 'cancelled', details: { reason: 'key_revoked' } },
    })
    expect((await on.post('/run/hello', hello)).status).toBe(401)
    expect(engine.runs[1]!.over).toBe(false)
    engine.runs[1]!.finish()
    await kept.text()
  })
})

describe('a key revoked while its request is queued', () => {
  it('does not run', async () => {
    const engine = idle()
    const [stays, gone] = [keyOf(), keyOf()]
    const on = await open({ engine, keys: [stays, gone], settings: { maxRuns: 1 } })
    const first = on.post('/run/hello', hello)
    await until(() => engine.runs.length === 1)
    const second = on.post('/run/hello', hello, { authorization: `Bearer ${gone.text}` })
    await until(() => on.gateway.stats().queued === 1)
    on.setKeys([stays])
    engine.runs[0]!.finish()
    await first
    expect((await second).status).toBe(401)
    expect(engine.runs).toHaveLength(1)
    expect(on.gateway.stats()).toMatchObject({ running: 0, queued: 0 })
  })
})

describe('the end of the gateway', () => {
  it('refuses new requests, lets running ones finish, then closes', async () => {
    const engine = scripted((run) => run.delta('It '))
    const on = await open({ engine })
    const running = await on.post('/run/hello', streaming)
    expect(await (await fetch(`${on.url}/readyz`)).json()).toEqual({ status: 'ready' })
    const closed = on.gateway.close()
    const ready = await fetch(`${on.url}/readyz`)
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'stopping' }])
    expect((await fetch(`${on.url}/healthz`)).status).toBe(200)
    const refused = await on.post('/run/hello', hello)
    expect(await errorOf(refused)).toMatchObject({ status: 503, code: 'overloaded', retryable: true })
    expect(refused.headers.get('retry-after')).toBe('1')
    engine.runs[0]!.delta('works.')
    engine.runs[0]!.finish()
    expect((await allEvents(running)).at(-1)?.event).toBe('run.completed')
    await closed
    await expect(fetch(`${on.url}/healthz`)).rejects.toThrow()
  })

  it('ends what still runs when the time is over', async () => {
    const clock = virtualClock()
    const engine = scripted((run) => run.delta('It '))
    const on = await open({ engine, clock })
    const running = await on.post('/run/hello', streaming)
    const closed = on.gateway.close(30_000)
    await clock.advance(29_999)
    expect(engine.runs[0]!.over).toBe(false)
    await clock.advance(1)
    expect(JSON.parse((await allEvents(running)).at(-1)!.data)).toMatchObject({
      error: { code: 'overloaded' },
    })
    await closed
  })
})

describe('fields of a stream', () => {
  it('hide what is not shared', async () => {
    const plan = planOf({ answer: [{ field: 'answer' }, { field: 'secret', share: false }] })
    const engine = scripted((run) => {
      run.delta('only for the log', 'secret')
      run.delta('Hi')
      run.emit({ type: 'field', field: 'secret', value: 'only for the log' })
      run.finish({ answer: 'Hi', secret: 'only for the log' })
    })
    const on = await open({
      engine,
      routes: [routeOf('hello', { versions: new Map([[1, versionOf(1, plan)]]) })],
    })
    const text = await (await on.post('/run/hello', streaming)).text()
    expect(text).not.toContain('only for the log')
    expect(on.rows[0]?.output).toEqual({ answer: 'Hi', secret: 'only for the log' })
    const shown = await (await on.get(`/runs/${on.rows[0]!.id}`)).json()
    expect(shown).toMatchObject({ output: { answer: 'Hi' } })
    expect(JSON.stringify(shown)).not.toContain('only for the log')
  })
})
