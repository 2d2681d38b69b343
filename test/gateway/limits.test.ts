// Who may call how often, how many at once, for how much: exact under parallel load, the same on both surfaces.
import { afterEach, describe, expect, it } from 'vitest'
import { createCounters } from '#main/gateway/counters.ts'
import type { LimitSet } from '#main/gateway/ports.ts'
import type { AppError } from '#shared/errors.ts'
import { virtualClock } from '../virtual-clock.ts'
import {
  errorOf,
  keyOf,
  routeOf,
  type Script,
  type Stage,
  type StageOptions,
  scripted,
  stage,
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
const chat = { model: 'hello', messages: [{ role: 'user', content: 'Hi?' }] }
const surfaces = [
  ['rest', '/run/hello', hello],
  ['openai', '/v1/chat/completions', chat],
] as const

async function statuses(count: number, call: () => Promise<Response>): Promise<Record<number, number>> {
  const answers = await Promise.all(Array.from({ length: count }, call))
  const counts: Record<number, number> = {}
  for (const answer of answers) {
    await answer.arrayBuffer()
    counts[answer.status] = (counts[answer.status] ?? 0) + 1
  }
  return counts
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 2))
}

describe('request limits', () => {
  const five: LimitSet = { requests: { max: 300, windowS: 60, burst: 5 } }

  it.each(surfaces)(
    'on %s: exactly the burst passes, however many come at once',
    async (shape, path, body) => {
      const on = await open({ clock: virtualClock(), routes: [routeOf('hello', { limits: five })] })
      expect(await statuses(100, () => on.post(path, body))).toEqual({ 200: 5, 429: 95 })
      const refused = await on.post(path, body)
      expect(Object.fromEntries(refused.headers)).toMatchObject({
        'retry-after': '1',
        'ratelimit-limit': '300',
        'ratelimit-remaining': '0',
        'ratelimit-reset': '1',
        'x-should-retry': 'true',
        ...(shape === 'openai' ? { 'x-ratelimit-remaining-requests': '0', 'retry-after-ms': '200' } : {}),
      })
      expect((await errorOf(refused)).code).toBe(shape === 'rest' ? 'rate_limited' : 'rate_limit_exceeded')
    },
  )

  it('tell the truth in Retry-After', async () => {
    const clock = virtualClock()
    const on = await open({
      clock,
      routes: [routeOf('hello', { limits: { requests: { max: 6, windowS: 60, burst: 1 } } })],
    })
    expect((await on.post('/run/hello', hello)).status).toBe(200)
    const refused = await on.post('/run/hello', hello)
    expect(refused.headers.get('retry-after')).toBe('10')
    await clock.advance(9_999)
    expect((await on.post('/run/hello', hello)).status).toBe(429)
    await clock.advance(1)
    expect((await on.post('/run/hello', hello)).status).toBe(200)
  })

  it('show the tightest of all in the headers of an answer', async () => {
    const key = keyOf({
      limits: { requests: { max: 3, windowS: 60, burst: 3 } },
      consumerLimits: { requests: { max: 100, windowS: 60, burst: 100 } },
    })
    const on = await open({ clock: virtualClock(), keys: [key], settings: { limits: five } })
    const answer = await on.post('/run/hello', hello)
    expect([answer.headers.get('ratelimit-limit'), answer.headers.get('ratelimit-remaining')]).toEqual([
      '3',
      '2',
    ])
  })

  it.each<[string, (limits: LimitSet) => StageOptions]>([
    ['gateway', (limits) => ({ settings: { limits } })],
    ['endpoint', (limits) => ({ routes: [routeOf('hello', { limits })] })],
    ['consumer', (limits) => ({ keys: [keyOf({ consumerLimits: limits })] })],
    ['key', (limits) => ({ keys: [keyOf({ limits })] })],
  ])('of the %s hold, and say whose they are', async (holder, options) => {
    const on = await open({ clock: virtualClock(), ...options(five) })
    expect(await statuses(10, () => on.post('/run/hello', hello))).toEqual({ 200: 5, 429: 5 })
    expect((await errorOf(await on.post('/run/hello', hello))).details).toMatchObject({ reason: holder })
  })

  it('per address hold as well', async () => {
    const on = await open({
      clock: virtualClock(),
      settings: { limits: { perAddress: { max: 2, windowS: 60, burst: 2 } } },
    })
    expect(await statuses(5, () => on.post('/run/hello', hello))).toEqual({ 200: 2, 429: 3 })
    expect((await errorOf(await on.post('/run/hello', hello))).details).toMatchObject({ reason: 'address' })
  })

  it('of one consumer do not touch another', async () => {
    const limits: LimitSet = { requests: { max: 1, windowS: 60, burst: 1 } }
    const [a, b] = [keyOf({ consumerLimits: limits }), keyOf({ consumerLimits: limits })]
    const on = await open({ clock: virtualClock(), keys: [a, b] })
    const as = (key: typeof a) => on.post('/run/hello', hello, { authorization: `Bearer ${key.text}` })
    expect([(await as(a)).status, (await as(a)).status, (await as(b)).status]).toEqual([200, 429, 200])
  })

  it('take nothing from one holder when another refuses', async () => {
    const wide = { requests: { max: 2, windowS: 60, burst: 2 } }
    const [poor, rich] = [keyOf({ limits: { requests: { max: 1, windowS: 60, burst: 1 } } }), keyOf()]
    const on = await open({ clock: virtualClock(), keys: [poor, rich], settings: { limits: wide } })
    const as = (key: typeof poor) => on.post('/run/hello', hello, { authorization: `Bearer ${key.text}` })
    expect(await statuses(20, () => as(poor))).toEqual({ 200: 1, 429: 19 })
    expect((await as(rich)).status).toBe(200)
  })
})

describe('runs at once', () => {
  const idle = () => scripted(() => undefined)

  it('are 64 for a key by default', async () => {
    const engine = idle()
    const on = await open({ engine })
    const calls = Array.from({ length: 70 }, () => on.post('/run/hello', hello))
    await until(() => on.gateway.stats().requests === 70)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(engine.runs).toHaveLength(64)
    for (const run of engine.runs) run.finish()
    const codes = (await Promise.all(calls)).map(({ status }) => status)
    expect(codes.filter((status) => status === 429)).toHaveLength(6)
    expect(codes.filter((status) => status === 200)).toHaveLength(64)
  })

  it.each<[string, number, (limits: LimitSet) => StageOptions]>([
    ['key', 3, (limits) => ({ keys: [keyOf({ limits })] })],
    ['consumer', 3, (limits) => ({ keys: [keyOf({ consumerLimits: limits })] })],
    ['endpoint', 3, (limits) => ({ routes: [routeOf('hello', { limits })] })],
  ])('can be set for the %s, and are given back', async (holder, max, options) => {
    const engine = idle()
    const on = await open({ engine, ...options({ concurrent: max }) })
    const held = Array.from({ length: max }, () => on.post('/run/hello', hello))
    await until(() => engine.runs.length === max)
    const refused = await on.post('/run/hello', hello)
    expect([refused.headers.get('retry-after'), await errorOf(refused)]).toMatchObject([
      '1',
      {
        status: 429,
        code: 'concurrency_limited',
        details: { reason: holder === 'consumer' ? expect.stringMatching(/key|consumer/) : holder },
      },
    ])
    for (const run of engine.runs) run.finish()
    await Promise.all(held)
    const next = on.post('/run/hello', hello)
    await until(() => engine.runs.length === max + 1)
    engine.runs.at(-1)!.finish()
    expect((await next).status).toBe(200)
  })

  it('of a consumer with a limit of its own may pass the default of its key', async () => {
    const engine = idle()
    const on = await open({ engine, keys: [keyOf({ consumerLimits: { concurrent: 100 } })] })
    const calls = Array.from({ length: 90 }, () => on.post('/run/hello', hello))
    await until(() => engine.runs.length === 90)
    for (const run of engine.runs) run.finish()
    expect((await Promise.all(calls)).every(({ status }) => status === 200)).toBe(true)
  })

  it('queue in order of priority, and are refused when the queue is full or slow', async () => {
    const clock = virtualClock()
    const engine = idle()
    const [high, normal, low] = [keyOf({ priority: 'high' }), keyOf(), keyOf({ priority: 'low' })]
    const on = await open({
      clock,
      engine,
      keys: [high, normal, low],
      settings: { maxRuns: 1, maxQueue: 3, queueMs: 10_000 },
    })
    const as = ({ text }: typeof high) => on.post('/run/hello', hello, { authorization: `Bearer ${text}` })
    const first = as(normal)
    await until(() => engine.runs.length === 1)
    const queued: Promise<Response>[] = []
    for (const key of [low, normal, high]) {
      queued.push(as(key))
      await until(() => on.gateway.stats().queued === queued.length)
    }
    const full = await as(high)
    expect([full.headers.get('retry-after'), (await errorOf(full)).code]).toEqual(['1', 'overloaded'])
    engine.runs[0]!.finish()
    await first
    await until(() => engine.runs.length === 2)
    expect(engine.runs[1]!.context.facts.consumer?.id).toBe(high.entry.consumer.id)
    engine.runs[1]!.finish()
    await until(() => engine.runs.length === 3)
    expect(engine.runs[2]!.context.facts.consumer?.id).toBe(normal.entry.consumer.id)
    await clock.advance(10_000)
    expect((await errorOf(await (queued[0] as Promise<Response>))).code).toBe('overloaded')
    expect(on.gateway.stats()).toMatchObject({ running: 1, queued: 0 })
    engine.runs[2]!.finish()
    await Promise.all(queued)
  })

  it('follow the limit of the gateway where one is set', async () => {
    const engine = idle()
    const on = await open({ engine, settings: { limits: { concurrent: 2 }, maxRuns: 512, maxQueue: 1 } })
    const calls = Array.from({ length: 4 }, () => on.post('/run/hello', hello))
    await until(() => on.gateway.stats().queued === 1 && on.gateway.stats().requests === 4)
    expect(engine.runs).toHaveLength(2)
    engine.runs[0]!.finish()
    await until(() => engine.runs.length === 3)
    for (const run of engine.runs) run.finish()
    expect((await Promise.all(calls)).map(({ status }) => status).sort()).toEqual([200, 200, 200, 503])
  })
})

describe('tokens and money', () => {
  /** Reserves, waits until `together` calls have come, settles: as the engine does around an upstream call. */
  const spending = (
    costUsd: number | null,
    actual: { tokens: number | null; costUsd: number | null },
    together = 1,
  ) => {
    const waiting: (() => void)[] = []
    let begun = 0
    return scripted((run: Script) => {
      begun += 1
      try {
        const held = run.context.ledger?.reserve({ tokens: 100, costUsd, target: 'a/b' })
        waiting.push(() => {
          held?.settle(actual)
          run.finish()
        })
      } catch (thrown) {
        const { code, details, retryAfterMs } = thrown as AppError
        run.fail(code, { details, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
      }
      if (begun >= together) setImmediate(() => waiting.splice(0).forEach((settle) => void settle()))
    })
  }

  it.each(surfaces)(
    'on %s: of 64 calls for 0.30 at once a budget of 1.00 admits three',
    async (_, path, body) => {
      const key = keyOf({ consumerLimits: { budget: { maxUsd: 1, window: 'month' }, concurrent: 64 } })
      const on = await open({ keys: [key], engine: spending(0.3, { tokens: 1, costUsd: 0.3 }, 64) })
      expect(await statuses(64, () => on.post(path, body))).toEqual({ 200: 3, 402: 61 })
    },
  )

  it('comes back when less was spent', async () => {
    const key = keyOf({ limits: { budget: { maxUsd: 1, window: 'total' } } })
    const on = await open({ keys: [key], engine: spending(0.9, { tokens: 1, costUsd: 0.1 }, 10) })
    expect(await statuses(10, () => on.post('/run/hello', hello))).toEqual({ 200: 1, 402: 9 })
    expect((await on.post('/run/hello', hello)).status).toBe(200)
    expect((await on.post('/run/hello', hello)).status).toBe(402)
  })

  it.each([
    ['an unknown amount', null],
    ['a negative amount', -5],
    ['no number', Number.NaN],
  ])('settles %s as reserved', async (_, costUsd) => {
    const key = keyOf({ limits: { budget: { maxUsd: 1, window: 'total' } } })
    const on = await open({ keys: [key], engine: spending(0.5, { tokens: null, costUsd }) })
    expect((await on.post('/run/hello', hello)).status).toBe(200)
    expect((await on.post('/run/hello', hello)).status).toBe(200)
    expect((await on.post('/run/hello', hello)).status).toBe(402)
  })

  it('is refused under a budget when the price is not known', async () => {
    const on = await open({
      settings: { limits: { budget: { maxUsd: 100, window: 'day' } } },
      engine: spending(null, { tokens: 1, costUsd: null }),
    })
    expect(await errorOf(await on.post('/run/hello', hello))).toMatchObject({
      status: 402,
      code: 'budget_exceeded',
      retryable: false,
      details: { reason: 'price_unknown' },
    })
  })

  it('must fit every budget above it, and takes from none when one refuses', async () => {
    const key = keyOf({
      limits: { budget: { maxUsd: 5, window: 'day' } },
      consumerLimits: { budget: { maxUsd: 5, window: 'day' } },
    })
    const counters = createCounters()
    const on = await open({
      keys: [key],
      deps: { counters },
      engine: spending(1, { tokens: 1, costUsd: 1 }, 10),
      settings: { limits: { budget: { maxUsd: 5, window: 'day' } } },
      routes: [routeOf('hello', { limits: { budget: { maxUsd: 2, window: 'day' } } })],
    })
    expect(await statuses(10, () => on.post('/run/hello', hello))).toEqual({ 200: 2, 402: 8 })
    expect(counters.reserve(`key:${key.entry.id}/budget`, 5, 'day', 3, Date.now())).not.toBeNull()
  })

  it('holds token limits: reserved first, settled to what was used', async () => {
    const clock = virtualClock()
    const routes = [routeOf('hello', { limits: { tokens: { max: 600, windowS: 60, burst: 300 } } })]
    const on = await open({ clock, routes, engine: spending(null, { tokens: 40, costUsd: null }, 10) })
    expect(await statuses(10, () => on.post('/run/hello', hello))).toEqual({ 200: 3, 429: 7 })
    // 300 - 3 × 40 = 180 are left; each further call reserves 100 of them and keeps 40.
    for (let i = 0; i < 3; i += 1) expect((await on.post('/run/hello', hello)).status).toBe(200)
    expect(await errorOf(await on.post('/run/hello', hello))).toMatchObject({
      status: 429,
      code: 'token_limited',
      retryable: true,
      details: { reason: 'endpoint' },
    })
    await clock.advance(4_000)
    expect((await on.post('/run/hello', hello)).status).toBe(200)
  })

  it('holds cost limits per window', async () => {
    const limits: LimitSet = { costUsd: { max: 1, windowS: 3600, burst: 1 } }
    const on = await open({
      clock: virtualClock(),
      keys: [keyOf({ limits })],
      engine: spending(0.4, { tokens: 1, costUsd: 0.4 }, 10),
    })
    expect(await statuses(10, () => on.post('/run/hello', hello))).toEqual({ 200: 2, 402: 8 })
    const dear = await open({ keys: [keyOf({ limits })], engine: spending(2, { tokens: 1, costUsd: 0 }) })
    expect((await dear.post('/run/hello', hello)).status).toBe(402)
  })

  it('costs no ledger where nobody set a limit', async () => {
    const engine = spending(1, { tokens: 1, costUsd: 1 })
    const on = await open({ engine })
    await on.post('/run/hello', hello)
    expect(engine.runs[0]!.context.ledger).toBeNull()
  })
})

describe('wrong keys', () => {
  it('get 429 after 20 in a minute, while honest ones are let in', async () => {
    const clock = virtualClock()
    const on = await open({ clock })
    const wrong = () =>
      on.post('/run/hello', hello, { authorization: `Bearer slk_aaaaaaaa_${'x'.repeat(32)}` })
    const codes = await Promise.all(Array.from({ length: 25 }, async () => (await wrong()).status))
    expect(codes.filter((status) => status === 401)).toHaveLength(20)
    const refused = await wrong()
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '3'])
    expect((await on.post('/run/hello', hello)).status).toBe(200)
    await clock.advance(3_000)
    expect((await wrong()).status).toBe(401)
  })
})
