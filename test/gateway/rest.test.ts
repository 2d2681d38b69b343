import { afterEach, describe, expect, it } from 'vitest'
import {
  allEvents,
  errorOf,
  keyOf,
  planOf,
  routeOf,
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

describe('POST /run/{slug}', () => {
  it('answers with output, usage, cost and the headers that say what answered', async () => {
    const { post, rows } = await open()
    const response = await post('/run/hello', hello)
    expect(response.status).toBe(200)
    const body = (await response.json()) as { id: string }
    expect(body).toEqual({
      id: expect.stringMatching(/^run_[0-9A-Za-z]{24}$/),
      endpoint: 'hello',
      version: 1,
      variant: null,
      output: { answer: 'It works.' },
      usage: {
        input_tokens: 10,
        cache_read_tokens: 2,
        cache_write_tokens: 1,
        output_tokens: 5,
        reasoning_tokens: 3,
        total_tokens: 21,
        model_calls: 1,
      },
      cost_usd: 0.0021,
      latency_ms: 12,
      warnings: [],
    })
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json',
      'x-request-id': body.id,
      'request-id': body.id,
      'sluice-run-id': body.id,
      'sluice-endpoint': 'hello',
      'sluice-version': '1',
      'sluice-version-hash': `sha256:${'1'.padStart(64, '0')}`,
      'sluice-cache': 'bypass; reason=off',
      'sluice-served-by': 'openai/gpt-test',
      'sluice-attempts': '1',
      'sluice-cost-usd': '0.0021',
      'x-content-type-options': 'nosniff',
    })
    expect(response.headers.get('server')).toBeNull()
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      id: body.id,
      state: 'completed',
      endpoint: 'hello',
      label: 'production',
      version: 1,
    })
  })

  it('leaves the cost out without the scope', async () => {
    const { post } = await open({ keys: [keyOf()] })
    const response = await post('/run/hello', hello)
    expect(await response.json()).not.toHaveProperty('cost_usd')
    expect(response.headers.get('sluice-cost-usd')).toBeNull()
  })

  it('hands input, metadata and lowered limits to the engine', async () => {
    const engine = scripted((run) => run.finish())
    const { post } = await open({ engine })
    const options = { timeout_ms: 50, max_cost_usd: 0.5, seed: 7 }
    await post(
      '/run/hello',
      { ...hello, metadata: { user_id: 'u', n: 1 }, options },
      { 'sluice-metadata-user-id': 'ignored', 'sluice-metadata-team': 'a' },
    )
    const { context } = engine.runs[0]!
    expect(context.facts).toMatchObject({
      endpoint: 'hello',
      label: 'production',
      version: 1,
      metadata: { user_id: 'u', n: 1, team: 'a' },
    })
    expect(context.facts.input.fields).toEqual({ question: 'Hi?' })
    expect(context.limits).toMatchObject({ timeoutMs: 50, maxCostUsd: 0.5 })
    expect(context).toMatchObject({ seed: 7, stream: false, watch: false })
  })

  it('cannot raise a limit of the endpoint', async () => {
    const engine = scripted((run) => run.finish())
    const { post } = await open({ engine })
    await post('/run/hello', { ...hello, options: { timeout_ms: 9_999_999 } })
    expect(engine.runs[0]!.context.limits.timeoutMs).toBe(120_000)
  })

  it('names unknown keys and options', async () => {
    const { post } = await open()
    const response = await post('/run/hello', { ...hello, flow: {}, options: { nope: 1 } })
    expect(await errorOf(response)).toMatchObject({
      status: 400,
      code: 'invalid_request',
      details: {
        reason: 'unknown_field',
        issues: [{ path: '/flow', rule: 'unknown_field' }, { path: '/options/nope' }],
      },
    })
  })

  it('refuses an input that does not fit, with paths into the body', async () => {
    const { post, rows } = await open()
    const response = await post('/run/hello', { input: { question: 1, other: 2 } })
    expect(await errorOf(response)).toMatchObject({
      status: 400,
      code: 'invalid_input',
      retryable: false,
      details: { issues: [{ path: '/input/question' }, { path: '/input/other' }] },
    })
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
    expect(rows).toHaveLength(0)
  })

  it('asks for the metadata that the endpoint requires', async () => {
    const { post } = await open({ routes: [routeOf('hello', { requireMetadata: ['user_id'] })] })
    expect(await errorOf(await post('/run/hello', hello))).toMatchObject({
      code: 'invalid_request',
      details: { issues: [{ path: '/metadata/user_id', rule: 'required' }] },
    })
    expect((await post('/run/hello', hello, { 'sluice-metadata-user-id': 'u' })).status).toBe(200)
  })

  it('fails with the error of the run, its id, and places only for a trace', async () => {
    const engine = scripted((run) =>
      run.fail('upstream_timeout', { message: 'Too slow.', node: 'fast', connection: 'openai', model: 'm' }),
    )
    const { post, rows } = await open({ engine })
    const plain = await post('/run/hello', hello)
    const { id } = rows[0]!
    expect(await errorOf(plain)).toEqual({
      status: 504,
      code: 'upstream_timeout',
      message: 'Too slow.',
      retryable: true,
      run_id: id,
      details: {},
    })
    expect(plain.headers.get('x-should-retry')).toBe('true')
    expect(plain.headers.get('x-request-id')).toBe(id)
    const traced = await post('/run/hello', { ...hello, options: { trace: true } })
    expect(await errorOf(traced)).toMatchObject({ node: 'fast', connection: 'openai', model: 'm' })
  })

  it('checks an input without a run', async () => {
    const engine = scripted((run) => run.finish())
    const { post, rows } = await open({ engine })
    const response = await post('/run/hello', { ...hello, options: { dry_run: true } })
    expect(await response.json()).toEqual({
      valid: true,
      estimate: { input_tokens: 5, cost_usd_expected: 0, cost_usd_max: 0, latency_ms_expected: null },
    })
    expect(engine.runs).toHaveLength(0)
    expect(rows).toHaveLength(0)
  })

  it('shows messages in their written form and hides what is not shared', async () => {
    const plan = planOf({
      answer: [
        { field: 'chat', type: 'messages' },
        { field: 'secret', share: false },
        { field: 'picture', type: 'image' },
      ],
    })
    const answer = {
      chat: [{ role: 'assistant', parts: [{ type: 'text', text: 'Hi' }] }],
      secret: 'only for the log',
      picture: { type: 'image', mediaType: 'image/png', source: { kind: 'bytes', base64: 'AAAA' } },
    }
    const version = versionOf(1, plan)
    const { post } = await open({
      routes: [routeOf('hello', { versions: new Map([[1, version]]) })],
      engine: scripted((run) => run.finish(answer)),
    })
    const response = await post('/run/hello', hello)
    expect(((await response.json()) as { output: unknown }).output).toEqual({
      chat: [{ role: 'assistant', content: 'Hi' }],
      picture: { media_type: 'image/png', data: 'AAAA' },
    })
  })
})

describe('streams', () => {
  const streaming = { ...hello, options: { stream: true } }

  it('sends the events in order, with ids from 1 and one final event', async () => {
    const engine = scripted((run) => {
      run.delta('It ')
      run.delta('works.')
      run.emit({ type: 'field', field: 'answer', value: 'It works.' })
      run.finish()
    })
    const { post } = await open({ engine })
    const response = await post('/run/hello', streaming)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    const events = await allEvents(response)
    expect(events.map(({ id }) => id)).toEqual(['1', '2', '3', '4', '5'])
    expect(events.map(({ event }) => event)).toEqual([
      'run.started',
      'output.delta',
      'output.delta',
      'output.field',
      'run.completed',
    ])
    const data = events.map((event) => JSON.parse(event.data) as Record<string, unknown>)
    expect(data[0]).toEqual({
      id: response.headers.get('sluice-run-id'),
      endpoint: 'hello',
      label: 'production',
      version: 1,
      variant: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
    expect(data[1]).toEqual({ field: 'answer', delta: 'It ' })
    expect(data[4]).toMatchObject({
      output: { answer: 'It works.' },
      usage: { total_tokens: 21 },
      cost_usd: 0.0021,
    })
  })

  it('is asked for by Accept as well', async () => {
    const { post } = await open()
    const response = await post('/run/hello', hello, { accept: 'text/event-stream' })
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    await response.text()
  })

  it('answers an error before the first output as an ordinary error', async () => {
    const engine = scripted((run) => {
      run.emit({ type: 'warning', warning: { code: 'w', message: 'm', node: null } })
      run.fail('upstream_unavailable')
    })
    const { post } = await open({ engine })
    const response = await post('/run/hello', streaming)
    expect(await errorOf(response)).toMatchObject({ status: 503, code: 'upstream_unavailable' })
  })

  it('ends with run.failed after the first output', async () => {
    const engine = scripted((run) => {
      run.delta('It ')
      run.fail('upstream_bad_response', { node: 'model' })
    })
    const { post } = await open({ engine })
    const events = await allEvents(await post('/run/hello', streaming))
    expect(events.map(({ event }) => event)).toEqual(['run.started', 'output.delta', 'run.failed'])
    const last = JSON.parse(events[2]!.data) as { error: Record<string, unknown> }
    expect(last.error).toMatchObject({ code: 'upstream_bad_response', retryable: true })
    expect(last.error).not.toHaveProperty('node')
    expect(last).toMatchObject({ usage: { total_tokens: 21 }, cost_usd: 0.0021, latency_ms: 12 })
  })

  it('shows verdicts and switches where the endpoint shares them, and steps only with a trace', async () => {
    const engine = scripted((run) => {
      run.emit({ type: 'step-started', step: 0, node: 'guard', atMs: 1 })
      const verdict = {
        guard: 'g',
        verdict: 'pass',
        stage: 'input',
        score: 0.1,
        reason: null,
        spans: [],
        ms: 1,
      } as const
      run.emit({ type: 'verdict', node: 'guard', verdict })
      run.emit({ type: 'route-switched', node: 'pick', from: 'a', to: 'b', reason: 'upstream_timeout' })
      run.delta('x')
      run.finish()
    })
    const names = async (shareEvents: boolean, trace: boolean) => {
      const { post } = await open({ engine, routes: [routeOf('hello', { shareEvents })] })
      const events = await allEvents(await post('/run/hello', { ...hello, options: { stream: true, trace } }))
      return events
        .map(({ event }) => event)
        .filter((name) => !name?.startsWith('output') && !name?.startsWith('run'))
    }
    expect(await names(false, false)).toEqual([])
    expect(await names(true, false)).toEqual(['guard.verdict', 'route.switched'])
    expect(await names(false, true)).toEqual(['step.started', 'guard.verdict', 'route.switched'])
  })
})
