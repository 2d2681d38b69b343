// Every row of the error table that these surfaces can show, on both of them, whole and streamed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ErrorCode, errorTable } from '#shared/errors.ts'
import { keyOf, routeOf, type Stage, scripted, stage, versionOf } from './support.ts'

/** What a Run can end with. */
const fromRuns = [
  'context_too_long',
  'budget_exceeded',
  'cost_cap_reached',
  'policy_denied',
  'guard_blocked_input',
  'guard_blocked_output',
  'model_refused',
  'cassette_miss',
  'token_limited',
  'cancelled',
  'internal',
  'flow_error',
  'no_value',
  'loop_limit',
  'output_invalid',
  'tool_failed',
  'upstream_auth',
  'upstream_quota',
  'upstream_rejected',
  'upstream_bad_response',
  'upstream_rate_limited',
  'upstream_unavailable',
  'guard_unavailable',
  'timeout',
  'upstream_timeout',
] as const satisfies readonly ErrorCode[]
/** What the gateway itself says; each is provoked below or in the test of its stage. */
const fromGateway = [
  'invalid_request',
  'invalid_input',
  'unauthenticated',
  'forbidden',
  'pending_approval',
  'origin_refused',
  'endpoint_not_found',
  'version_not_found',
  'not_found',
  'method_not_allowed',
  'request_timeout',
  'conflict',
  'in_progress',
  'gone',
  'payload_too_large',
  'unsupported_media_type',
  'rate_limited',
  'concurrency_limited',
  'headers_too_large',
  'overloaded',
] as const satisfies readonly ErrorCode[]

const stages: Stage[] = []
let on: Stage
let next: { code: string; facts: Record<string, unknown> } = { code: 'internal', facts: {} }
let late = false
beforeAll(async () => {
  const engine = scripted((run) => {
    if (late) run.delta('It ')
    run.fail(next.code as ErrorCode, next.facts)
  })
  const routes = [
    routeOf('hello'),
    routeOf('old', { state: 'retired' }),
    routeOf('asked', { access: { approval: true } }),
  ]
  on = await stage({ engine, routes })
  stages.push(on)
})
afterAll(async () => {
  await Promise.all(stages.map((each) => each.close()))
})

const rest = (stream: boolean) => on.post('/run/hello', { input: { question: 'Hi?' }, options: { stream } })
const chat = (stream: boolean) =>
  on.post('/v1/chat/completions', { model: 'hello', messages: [{ role: 'user', content: 'Hi?' }], stream })

it('covers the whole table', () => {
  expect([...fromRuns, ...fromGateway].sort()).toEqual(Object.keys(errorTable).sort())
})

describe.each(fromRuns)('%s', (code) => {
  const row = errorTable[code]
  const openai: { type: string; code?: string } = row.openai

  it('is the same on both surfaces, whole and before the first output of a stream', async () => {
    next = { code, facts: { retryAfterMs: 2500 } }
    late = false
    for (const stream of [false, true]) {
      const [ours, theirs] = [await rest(stream), await chat(stream)]
      for (const answer of [ours, theirs]) {
        expect(answer.status).toBe(row.status)
        expect(answer.headers.get('x-should-retry')).toBe(String(row.retryable))
        expect(answer.headers.get('retry-after')).toBe('3')
        expect(answer.headers.get('content-type')).toBe('application/json')
        expect(answer.headers.get('cache-control')).toBe('no-store')
        expect(answer.headers.get('sluice-run-id')).toMatch(/^run_/)
      }
      expect(await ours.json()).toMatchObject({
        error: { code, retryable: row.retryable, run_id: ours.headers.get('sluice-run-id'), details: {} },
      })
      expect(await theirs.json()).toEqual({
        error: { message: row.sentence, type: openai.type, param: null, code: openai.code ?? code },
      })
    }
    expect(on.rows.at(-1)).toMatchObject({
      state: 'failed',
      errorCode: code,
      error: { code, status: row.status },
    })
  })

  it('ends a stream that has begun, and never as an answer', async () => {
    next = { code, facts: {} }
    late = true
    const [ours, theirs] = [await (await rest(true)).text(), await (await chat(true)).text()]
    expect(ours).toContain('event: run.failed')
    expect(ours).toContain(`"code":"${code}"`)
    expect(ours).not.toContain('run.completed')
    expect(theirs).toContain(`"code":"${openai.code ?? code}"`)
    expect(theirs).not.toContain('[DONE]')
  })
})

describe('codes of flows', () => {
  it('keep their status and take their type from it', async () => {
    late = false
    for (const [status, type] of [
      [409, 'invalid_request_error'],
      [503, 'server_error'],
    ] as const) {
      next = { code: 'app_sold_out', facts: { status, message: 'Sold out.', retryable: false } }
      const [ours, theirs] = [await rest(false), await chat(false)]
      expect([ours.status, await ours.json()]).toMatchObject([
        status,
        { error: { code: 'app_sold_out', message: 'Sold out.' } },
      ])
      expect([theirs.status, await theirs.json()]).toEqual([
        status,
        { error: { message: 'Sold out.', type, param: null, code: 'app_sold_out' } },
      ])
    }
  })
})

describe('the gateway itself', () => {
  const codeOf = async (response: Response) =>
    ((await response.json()) as { error: { code: string } }).error.code
  const both = async (slug: string) => [
    await codeOf(await on.post(`/run/${slug}`, { input: { question: 'Hi?' } })),
    await codeOf(
      await on.post('/v1/chat/completions', { model: slug, messages: [{ role: 'user', content: 'Hi?' }] }),
    ),
  ]

  it('refuses what is not there, gone or not yet approved', async () => {
    expect(await both('nothing')).toEqual(['endpoint_not_found', 'model_not_found'])
    expect(await both('hello@staging')).toEqual(['version_not_found', 'model_not_found'])
    expect(await both('old')).toEqual(['gone', 'model_not_found'])
    expect(await both('asked')).toEqual(['pending_approval', 'pending_approval'])
  })

  it('refuses broken bodies the same way', async () => {
    for (const [body, code] of [
      ['{', 'invalid_request'],
      ['{"a":1,"a":1}', 'invalid_request'],
      [`{"a":${'['.repeat(70)}`, 'invalid_request'],
    ] as const) {
      for (const path of ['/run/hello', '/v1/chat/completions'])
        expect(await codeOf(await on.post(path, body))).toBe(code)
    }
    const unfit = await on.post('/v1/chat/completions', {
      model: 'hello',
      messages: [{ role: 'user', content: 'Hi' }],
      inputs: { question: 5 },
    })
    expect(await unfit.json()).toMatchObject({
      error: { type: 'invalid_request_error', param: 'messages', code: 'invalid_input' },
    })
  })

  it('tells nothing of a fault of its own but a reference', async () => {
    const engine = {
      ...scripted(() => undefined),
      execute: () => {
        throw new TypeError('secret detail at /home/x')
      },
    }
    const broken = await stage({ engine })
    stages.push(broken)
    const answer = await broken.post('/run/hello', { input: { question: 'Hi?' } })
    const text = await answer.text()
    expect([answer.status, text.includes('secret')]).toEqual([500, false])
    expect(broken.reports).toEqual([
      {
        level: 'error',
        message: expect.any(String),
        facts: {
          request: answer.headers.get('sluice-run-id'),
          cause: expect.stringContaining('secret detail'),
        },
      },
    ])
    expect(broken.gateway.stats().running).toBe(0)
  })

  it('ends only the run whose answer cannot be written', async () => {
    const impossible = { answer: 10n }
    const broken = await stage({
      engine: scripted((run) => {
        if (run.context.facts.metadata.how === 'delta')
          run.emit({ type: 'field', field: 'answer', value: 10n })
        run.finish(impossible)
      }),
    })
    stages.push(broken)
    for (const how of ['whole', 'delta']) {
      for (const stream of [false, true]) {
        const body = { input: { question: 'Hi?' }, metadata: { how }, options: { stream } }
        const answer = await broken.post('/run/hello', body)
        expect([how, stream, answer.status]).toEqual([how, stream, 500])
      }
    }
    expect(broken.gateway.stats()).toMatchObject({ running: 0, queued: 0, kept: 0 })
    expect(broken.reports.length).toBeGreaterThan(0)
  })

  it('writes headers for names that people chose freely', async () => {
    const routes = [
      routeOf('hello', { state: 'deprecated', successor: 'Größe ✓' }),
      routeOf('old', { state: 'retired', successor: 'Größe ✓' }),
    ]
    const named = await stage({
      routes,
      engine: scripted((run) => run.finish(undefined, { servedBy: 'lokal/größer', variant: 'Ü' })),
    })
    stages.push(named)
    const answer = await named.post('/run/hello', { input: { question: 'Hi?' } })
    expect([answer.status, answer.headers.get('sluice-served-by')]).toEqual([200, 'lokal/gr??er'])
    expect((await named.post('/run/old', {})).status).toBe(410)
  })

  it('survives a snapshot it cannot serve', async () => {
    const strange = await stage({
      routes: [
        routeOf('hello', {
          labels: new Map([
            [
              'production',
              { kind: 'split', sticky: null, arms: [{ name: 'a', weight: 0, version: versionOf(1) }] },
            ],
          ]),
        }),
      ],
      keys: [keyOf()],
    })
    stages.push(strange)
    expect((await strange.post('/run/hello', { input: { question: 'Hi?' } })).status).toBe(404)
  })
})
