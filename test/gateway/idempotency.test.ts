import { afterEach, describe, expect, it } from 'vitest'
import type { Exchange } from '#main/gateway/exchange.ts'
import { createIdempotency } from '#main/gateway/idempotency.ts'
import { virtualClock } from '../virtual-clock.ts'
import { errorOf, keyOf, type Script, type Stage, type StageOptions, scripted, stage } from './support.ts'

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
const chat = { model: 'hello', messages: [{ role: 'user', content: 'Hi?' }] }
const key = { 'idempotency-key': 'order-17' }
const counted = (play: (run: Script, count: number) => void) => {
  let count = 0
  return scripted((run) => {
    count += 1
    play(run, count)
  })
}

describe('the same key and body', () => {
  it.each([
    ['rest', '/run/hello', hello],
    ['openai', '/v1/chat/completions', chat],
  ] as const)('on %s get the stored answer, and run once', async (_, path, body) => {
    const engine = counted((run, count) => run.finish({ answer: `answer ${count}` }))
    const on = await open({ engine })
    const [first, second] = [await on.post(path, body, key), await on.post(path, body, key)]
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(await second.text()).toBe(await first.text())
    expect(second.headers.get('sluice-run-id')).toBe(first.headers.get('sluice-run-id'))
    expect(engine.runs).toHaveLength(1)
    expect(on.rows).toHaveLength(1)
  })

  it.each([
    ['rest', '/run/hello', { ...hello, options: { stream: true } }],
    ['resumable', '/run/hello', { ...hello, options: { stream: true, resumable: true } }],
    ['openai', '/v1/chat/completions', { ...chat, stream: true }],
  ] as const)('replay a stream of %s event by event', async (_, path, body) => {
    const engine = counted((run, count) => {
      run.delta(`part ${count}`)
      setImmediate(() => run.finish())
    })
    const on = await open({ engine })
    const first = await (await on.post(path, body, key)).text()
    const again = await on.post(path, body, key)
    expect(again.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(await again.text()).toBe(first)
    expect(engine.runs).toHaveLength(1)
  })

  it('get the same 202 of an async run', async () => {
    const engine = counted((run) => run.finish())
    const on = await open({ engine })
    const ask = () => on.post('/run/hello', hello, { ...key, prefer: 'respond-async' })
    const [first, second] = [await ask(), await ask()]
    expect([second.status, await second.json()]).toEqual([202, await first.json()])
    expect(second.headers.get('location')).toBe(first.headers.get('location'))
    expect(engine.runs).toHaveLength(1)
  })

  it('wait for the first: in_progress with its run', async () => {
    const engine = scripted(() => undefined)
    const on = await open({ engine })
    const first = on.post('/run/hello', hello, key)
    while (engine.runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    const second = await on.post('/run/hello', hello, key)
    expect(second.headers.get('retry-after')).toBe('1')
    expect(await errorOf(second)).toMatchObject({
      status: 409,
      code: 'in_progress',
      retryable: true,
      run_id: engine.runs[0]!.context.facts.id,
    })
    engine.runs[0]!.finish()
    expect((await first).status).toBe(200)
    expect((await on.post('/run/hello', hello, key)).headers.get('idempotency-replayed')).toBe('true')
  })

  it('keep an error that would come again, and run anew after one that would not', async () => {
    const engine = counted((run, count) =>
      run.fail(count === 1 ? 'upstream_unavailable' : 'guard_blocked_input'),
    )
    const on = await open({ engine })
    const codes = []
    for (let i = 0; i < 3; i += 1) codes.push((await errorOf(await on.post('/run/hello', hello, key))).code)
    expect(codes).toEqual(['upstream_unavailable', 'guard_blocked_input', 'guard_blocked_input'])
    expect(engine.runs).toHaveLength(2)
  })

  it('run anew when the first was refused before it began, or its caller left', async () => {
    const engine = counted((run, count) => count > 1 && run.finish())
    const on = await open({ engine })
    expect((await on.post('/run/hello', { input: {} }, key)).status).toBe(400)
    const abort = new AbortController()
    const left = fetch(`${on.url}/run/hello`, {
      method: 'POST',
      signal: abort.signal,
      headers: { authorization: `Bearer ${on.key.text}`, 'content-type': 'application/json', ...key },
      body: JSON.stringify(hello),
    }).catch(() => undefined)
    while (engine.runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    abort.abort()
    await left
    while (on.gateway.stats().running > 0) await new Promise((resolve) => setTimeout(resolve, 2))
    expect((await on.post('/run/hello', hello, key)).status).toBe(200)
  })
})

it('another body under the same key is a conflict; another route or caller is another key', async () => {
  const [a, b] = [keyOf(), keyOf()]
  const engine = counted((run) => run.finish())
  const on = await open({ engine, keys: [a, b] })
  await on.post('/run/hello', hello, key)
  expect(await errorOf(await on.post('/run/hello', { input: { question: 'Else?' } }, key))).toMatchObject({
    status: 409,
    code: 'conflict',
  })
  expect((await on.post('/v1/chat/completions', chat, key)).headers.get('idempotency-replayed')).toBeNull()
  expect(
    (await on.post('/run/hello', hello, { ...key, authorization: `Bearer ${b.text}` })).headers.get(
      'idempotency-replayed',
    ),
  ).toBeNull()
})

it.each(['', 'with space', 'ü', 'x'.repeat(201)])('the key %j is refused', async (value) => {
  const on = await open()
  const response = await on.post('/run/hello', hello, {
    'idempotency-key': encodeURI(value) === value ? value : 'a b',
  })
  expect(await errorOf(response)).toMatchObject({
    status: 400,
    code: 'invalid_request',
    details: { reason: 'idempotency_key' },
  })
})

describe('what is kept', () => {
  const exchange = (idempotencyKey: string) =>
    ({ id: 'x', head: { idempotencyKey, path: '/run/a' } }) as unknown as Exchange
  const body = Buffer.from('{}')
  const { entry } = keyOf()

  it('is forgotten after a day', async () => {
    const clock = virtualClock()
    const kept = createIdempotency(clock)
    const first = kept.claim(exchange('a'), entry, body)
    if (first && 'keep' in first) first.keep({ status: 200, headers: [], body: 'x' })
    await clock.advance(86_399_000)
    expect(kept.claim(exchange('a'), entry, body)).toMatchObject({ body: 'x' })
    await clock.advance(2_000)
    expect(kept.claim(exchange('a'), entry, body)).toHaveProperty('keep')
  })

  it('stays within its bytes: the oldest answers go first, what runs stays', () => {
    const kept = createIdempotency(virtualClock(), { maxBytes: 10_000, keepMs: 86_400_000 })
    const running = kept.claim(exchange('running'), entry, body)
    for (let i = 0; i < 20; i += 1) {
      const claim = kept.claim(exchange(`k${i}`), entry, body)
      if (claim && 'keep' in claim) claim.keep({ status: 200, headers: [], body: 'x'.repeat(500) })
    }
    expect(kept.claim(exchange('k19'), entry, body)).toMatchObject({ status: 200 })
    expect(kept.claim(exchange('k0'), entry, body)).toHaveProperty('keep')
    expect(running).toHaveProperty('keep')
    expect(() => kept.claim(exchange('running'), entry, body)).toThrowError(
      expect.objectContaining({ code: 'in_progress' }),
    )
  })
})
