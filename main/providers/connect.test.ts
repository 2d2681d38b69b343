import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Models } from '#main/engine/effects.ts'
import type { AppError } from '#shared/errors.ts'
import type { ChatRequest, StreamEvent } from '#shared/model/chat.ts'
import { textOf } from '#shared/model/chat.ts'
import { Fold, foldStream } from '#shared/model/reduce.ts'
import { faultsOf, readStream, readWhole, wireOf } from '../../test/upstream/read-answer.ts'
import { recordings } from '../../test/upstream/recordings.ts'
import { answer, compressed, deltas, failure, sse, stream, toolCall } from '../../test/upstream/replies.ts'
import { type Reply, startUpstream, type Upstream } from '../../test/upstream/server.ts'
import { type Attempt, type ConnectedModels, connectModels } from './connect.ts'
import type { ConnectionConfig } from './connection.ts'
import { openaiChat } from './openai-chat/provider.ts'

let upstream: Upstream
const opened: ConnectedModels[] = []
beforeEach(async () => {
  upstream = await startUpstream()
})
afterEach(async () => {
  for (const models of opened.splice(0)) models.close()
  await upstream.close()
})

const secrets: Record<string, string> = { key: 'sk-test-0123456789' }

function connect(
  config: Partial<ConnectionConfig> = {},
  more: Record<string, ConnectionConfig> = {},
): ConnectedModels {
  const up: ConnectionConfig = { provider: 'openai-compatible', base_url: `${upstream.url}/v1`, ...config }
  const models = connectModels({
    connections: { up, ...more },
    secret: (name) => secrets[name],
    env: {},
    simulatorUrl: () => upstream.url,
  })
  opened.push(models)
  return models
}

function attempt(facts: Partial<Attempt> & { request?: ChatRequest } = {}): Attempt {
  return {
    target: 'up/m',
    request: ask('Hi'),
    signal: new AbortController().signal,
    firstTokenMs: 5_000,
    idleMs: 5_000,
    ...facts,
  }
}

function ask(text: string, facts: Partial<ChatRequest> = {}): ChatRequest {
  const messages = [{ role: 'user', parts: [{ type: 'text', text }] }] as const
  return {
    system: [],
    messages,
    tools: [],
    toolChoice: 'auto',
    stop: [],
    extra: {},
    providerOptions: {},
    ...facts,
  }
}

interface Streamed {
  readonly events: StreamEvent[]
  readonly done: Promise<readonly StreamEvent[]>
  resume(): void
}

function streamed(
  models: ConnectedModels,
  facts: Partial<Attempt> = {},
  each: (event: StreamEvent) => boolean | undefined = () => undefined,
): Streamed {
  const events: StreamEvent[] = []
  let resume = () => {}
  const done = new Promise<readonly StreamEvent[]>((resolve) => {
    const handle = models.stream(attempt(facts), (event) => {
      events.push(event)
      if (event.type === 'finish' || event.type === 'error') resolve(events)
      return each(event)
    })
    resume = handle.resume
  })
  return { events, done, resume: () => resume() }
}

function errorOf(events: readonly StreamEvent[]) {
  const last = events.at(-1)
  return last?.type === 'error' ? last.error : undefined
}

const refusal = (models: ConnectedModels, facts: Partial<Attempt> = {}): Promise<AppError> =>
  models.chat(attempt(facts)).then(
    () => Promise.reject(new Error('it answered')),
    (error: AppError) => error,
  )

test('is what the engine asks for', () => {
  const models: Models = connect()
  expect(models.facts('up/m')).toMatchObject({ connection: 'up', model: 'm' })
})

describe('a call', () => {
  test('goes to the path and with the headers of its Connection and comes back as an answer', async () => {
    upstream.script(answer('Hello'))
    const models = connect({
      credential: 'secret:key',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how the file names a secret
      headers: { 'X-Team': 'shop', 'X-Proof': 'v1 ${secret:key}' },
    })
    const response = await models.chat(attempt())
    expect(textOf(response.parts)).toBe('Hello')
    expect(response.usage).toMatchObject({ input: 12, output: 3 })
    expect(response.timing.totalMs).toBeGreaterThan(0)
    const [seen] = upstream.requests
    expect(seen).toMatchObject({ method: 'POST', path: '/v1/chat/completions' })
    expect(seen?.json).toEqual({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })
    expect(seen?.headers).toMatchObject({
      authorization: 'Bearer sk-test-0123456789',
      'content-type': 'application/json',
      'x-team': 'shop',
      'x-proof': 'v1 sk-test-0123456789',
    })
  })

  test('streams', async () => {
    upstream.script(stream(['Hel', 'lo']))
    const events = await streamed(connect()).done
    expect(faultsOf(events)).toEqual([])
    expect(textOf(foldStream(events, { firstByteMs: 0, totalMs: 0 }).parts)).toBe('Hello')
    expect(upstream.requests[0]?.json).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    })
    expect(upstream.requests[0]?.headers.accept).toBe('text/event-stream')
  })

  test('a model id may hold slashes; a secret that changes counts at once', async () => {
    upstream.script(answer('ok'))
    const models = connect({ credential: 'secret:rotating' })
    expect(await refusal(models)).toMatchObject({
      code: 'upstream_auth',
      details: { reason: 'secret_missing' },
    })
    secrets.rotating = 'first\n'
    await models.chat(attempt({ target: 'up/org/model:1' }))
    secrets.rotating = 'second'
    await models.chat(attempt({ target: 'up/org/model:1' }))
    delete secrets.rotating
    expect(upstream.requests.map(({ json, headers }) => [json.model, headers.authorization])).toEqual([
      ['org/model:1', 'Bearer first'],
      ['org/model:1', 'Bearer second'],
    ])
  })

  test.each<[string, Partial<ConnectionConfig>, string, string, [string, string | undefined]]>([
    ['a bare local server', { provider: 'ollama' }, '', '/v1/chat/completions', ['authorization', undefined]],
    [
      'its native address',
      { provider: 'ollama' },
      '/api',
      '/v1/chat/completions',
      ['authorization', undefined],
    ],
    [
      'deployments',
      { provider: 'azure', api_version: '2024-10-21', deployment: 'dep' },
      '',
      '/openai/deployments/dep/chat/completions?api-version=2024-10-21',
      ['api-key', 'sk-test-0123456789'],
    ],
    [
      'deployments named like the model',
      { provider: 'azure', api_version: '2024-10-21' },
      '/openai',
      '/openai/deployments/m/chat/completions?api-version=2024-10-21',
      ['api-key', 'sk-test-0123456789'],
    ],
    [
      'the versionless route',
      { provider: 'azure' },
      '',
      '/openai/v1/chat/completions',
      ['api-key', 'sk-test-0123456789'],
    ],
    [
      'a trailing slash',
      { provider: 'fireworks-ai' },
      '/inference/v1/',
      '/inference/v1/chat/completions',
      ['authorization', 'Bearer sk-test-0123456789'],
    ],
  ])('finds the path of %s', async (_, config, base, path, [header, value]) => {
    upstream.script(answer('ok'))
    const credential = value === undefined ? {} : { credential: 'secret:key' }
    await connect({ ...config, ...credential, base_url: `${upstream.url}${base}` }).chat(attempt())
    expect(upstream.requests[0]?.path).toBe(path)
    expect(upstream.requests[0]?.headers[header]).toBe(value)
  })

  test('warns of what was left out, whole and streamed', async () => {
    upstream.script(answer('ok'), stream(['ok']))
    const models = connect({ provider: 'openai' })
    const request = ask('Hi', { temperature: 0.3 })
    const response = await models.chat(attempt({ request, target: 'up/o3' }))
    expect(response.warnings).toMatchObject([{ code: 'setting_dropped' }])
    const handle = models.stream(attempt({ request, target: 'up/o3' }), () => undefined)
    expect(handle.warnings).toEqual(response.warnings)
  })

  test('takes added nulls out of an answer with a strict schema', async () => {
    upstream.script(answer('{"city":"Rome","note":null}'))
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' }, note: { type: 'string' } },
      required: ['city'],
    }
    const request = ask('Hi', { output: { kind: 'schema', name: 'x', schema, strict: true } })
    const response = await connect({ provider: 'openai' }).chat(attempt({ request }))
    expect(textOf(response.parts)).toBe('{"city":"Rome"}')
  })

  test('takes a whole answer for a stream and a stream for a whole answer', async () => {
    upstream.script(answer('whole'), stream(['str', 'eam']))
    const models = connect()
    const events = await streamed(models).done
    expect(textOf(foldStream(events, { firstByteMs: 0, totalMs: 0 }).parts)).toBe('whole')
    expect(textOf((await models.chat(attempt())).parts)).toBe('stream')
  })

  test.each(['gzip', 'br', 'deflate'] as const)(
    'trap-17: reads %s, whole, streamed and as an error',
    async (coding) => {
      upstream.script(
        compressed(answer('Hello'), coding),
        compressed(stream(['Hel', 'lo']), coding),
        compressed(failure(429), coding),
      )
      const models = connect()
      expect(textOf((await models.chat(attempt())).parts)).toBe('Hello')
      expect(textOf(foldStream(await streamed(models).done, { firstByteMs: 0, totalMs: 0 }).parts)).toBe(
        'Hello',
      )
      expect(await refusal(models)).toMatchObject({ code: 'upstream_rate_limited' })
    },
  )
})

describe('recorded answers over a real socket', () => {
  test.each(recordings().map((recording) => [recording.name, recording] as const))(
    '%s',
    async (_, recording) => {
      const { status, body, provider, streamed: isStream } = recording
      const type = recording.headers['content-type']
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
      const chunks: Buffer[] = []
      for (let at = 0; at < body.length; at += 1_371) chunks.push(body.subarray(at, at + 1_371))
      upstream.script({ status, headers, chunks })
      const model = String(recording.request?.model ?? 'm')
      const models = connect({ provider })
      const wire = { ...wireOf(provider, model), model }
      const facts = { target: `up/${model}` }
      if (status >= 400) {
        const read = openaiChat.failure({ status, headers, body: body.toString() }, wire, 0)
        expect((await refusal(models, facts)).details).toEqual(
          read.code === undefined ? {} : { reason: read.code },
        )
        expect(errorOf(await streamed(models, facts).done)).toMatchObject({ kind: read.kind, status })
        return
      }
      const direct = isStream
        ? readStream(openaiChat, wire, [body])
        : readWhole(openaiChat, wire, body.toString())
      const fold = new Fold()
      for (const event of await streamed(models, facts).done) fold.push(event)
      if (direct.fold.error === undefined) {
        const plain = { ...direct.fold.response({ firstByteMs: 0, totalMs: 0 }) }
        expect(fold.response({ firstByteMs: 0, totalMs: 0 })).toEqual(plain)
        const whole = await models.chat(attempt(facts))
        expect({ ...whole, timing: plain.timing }).toEqual(plain)
      } else {
        expect(fold.error?.kind).toBe(direct.fold.error.kind)
        await expect(models.chat(attempt(facts))).rejects.toMatchObject({ connection: 'up' })
      }
    },
  )
})

describe('G-4: failures of the other side', () => {
  const head = { 'content-type': 'application/json' }
  const events = { 'content-type': 'text/event-stream' }
  const cut = deltas(['Hel', 'lo'])
    .slice(0, 2)
    .map((data) => `data: ${data}\n\n`)
  const half = Buffer.from(`data: ${deltas(['Grüße'])[1]}\n\n`)
  const umlaut = half.indexOf(0xc3) + 1

  test.each<[string, Reply, Reply, string]>([
    ['429', failure(429), failure(429), 'upstream_rate_limited'],
    [
      '429 without credit',
      failure(429, { code: 'insufficient_quota' }),
      failure(429, { code: 'insufficient_quota' }),
      'upstream_quota',
    ],
    ['500', failure(500), failure(500), 'upstream_unavailable'],
    [
      '502 as a page',
      failure(502, '<html><h1>Bad Gateway</h1></html>'),
      failure(502, '<html>'),
      'upstream_unavailable',
    ],
    ['503', failure(503), failure(503), 'upstream_unavailable'],
    ['529', failure(529), failure(529), 'upstream_unavailable'],
    ['401', failure(401), failure(401), 'upstream_auth'],
    ['403', failure(403), failure(403), 'upstream_auth'],
    ['402', failure(402), failure(402), 'upstream_quota'],
    ['400', failure(400), failure(400), 'upstream_rejected'],
    ['404', failure(404), failure(404), 'upstream_rejected'],
    [
      'a redirect',
      { status: 302, headers: { location: '/' } },
      { status: 302, headers: { location: '/' } },
      'upstream_rejected',
    ],
    [
      'too long a prompt',
      failure(400, { code: 'context_length_exceeded' }),
      failure(400, { code: 'context_length_exceeded' }),
      'context_too_long',
    ],
    [
      'a filter',
      failure(400, { code: 'content_filter' }),
      failure(400, { code: 'content_filter' }),
      'model_refused',
    ],
    [
      'a page with status 200',
      { headers: { 'content-type': 'text/html' }, body: '<html>' },
      { headers: { 'content-type': 'text/html' }, body: '<html>' },
      'upstream_bad_response',
    ],
    [
      'broken JSON',
      { headers: head, body: '{"choices": [{' },
      sse(['{"choices": [{']),
      'upstream_bad_response',
    ],
    [
      'a reset before the answer',
      { raw: '', end: 'reset' },
      { raw: '', end: 'reset' },
      'upstream_unavailable',
    ],
    [
      'a cut in the middle',
      { headers: { ...head, 'content-length': '500' }, body: '{"choices"', end: 'close' },
      { headers: events, chunks: cut, end: 'reset' },
      'upstream_bad_response',
    ],
    [
      'a clean close too early',
      { headers: head, body: '' },
      { headers: events, chunks: cut },
      'upstream_bad_response',
    ],
    [
      'a cut inside a character',
      { headers: { ...head, 'content-length': '500' }, body: half, end: 'reset' },
      { headers: events, chunks: [half.subarray(0, umlaut)], end: 'reset' },
      'upstream_bad_response',
    ],
    [
      'a line of 50 MB',
      { headers: head, chunks: Array(50).fill('x'.repeat(1 << 20)) },
      { headers: events, chunks: ['data: ', ...Array(50).fill('x'.repeat(1 << 20))] },
      'upstream_bad_response',
    ],
    ['no answer', { raw: '', end: 'hang' }, { raw: '', end: 'hang' }, 'upstream_timeout'],
    [
      'a head and nothing else',
      { headers: { ...head, 'content-length': '9' }, body: ' ', end: 'hang' },
      { headers: events, chunks: [': wait\n\n'], end: 'hang' },
      'upstream_timeout',
    ],
  ])('%s', async (_, whole, streaming, code) => {
    const models = connect()
    const limits = { firstTokenMs: 200, idleMs: 200 }
    upstream.script(whole)
    const begun = performance.now()
    const error = await refusal(models, limits)
    expect([error.code, error.connection, error.model]).toEqual([code, 'up', 'm'])
    expect(upstream.requests).toHaveLength(1)
    upstream.script(streaming)
    const told = await streamed(models, limits).done
    expect(told.filter(({ type }) => type === 'error' || type === 'finish')).toHaveLength(1)
    expect(errorOf(told)?.message.length).toBeGreaterThan(10)
    expect(upstream.requests).toHaveLength(1)
    expect(performance.now() - begun).toBeLessThan(2_000)
  })

  test('no TLS, no server, no such host', async () => {
    const { port } = upstream
    const names: [string, string][] = [
      [`http://127.0.0.1:1/v1`, 'refused'],
      ['http://no-such-host.invalid/v1', 'dns'],
    ]
    for (const [base_url, reason] of names) {
      expect(await refusal(connect({ base_url }))).toMatchObject({
        code: 'upstream_unavailable',
        details: { reason },
      })
    }
    const tls = connect({ base_url: `https://127.0.0.1:${port}/v1`, timeouts: { connect_ms: 100 } })
    expect(await refusal(tls)).toMatchObject({ code: 'upstream_timeout' })
  })

  test('a vendor that names a time is heard; its word on retrying counts', async () => {
    upstream.script(failure(429, {}, { 'retry-after': '2' }), failure(503, {}, { 'x-should-retry': 'false' }))
    const models = connect()
    expect(await refusal(models)).toMatchObject({ retryAfterMs: 2000, retryable: true })
    expect(await refusal(models)).toMatchObject({ code: 'upstream_unavailable', retryable: false })
  })

  test('the credential is in no message', async () => {
    const said = { message: 'Incorrect API key provided: sk-test-0123456789. Bearer sk-test-0123456789' }
    upstream.script(failure(401, said), failure(400, said))
    const models = connect({ credential: 'secret:key' })
    for (let i = 0; i < 2; i++) expect(JSON.stringify(await refusal(models))).not.toContain('0123456789')
  })
})

describe('streams', () => {
  test('the first part has its own limit, which comments do not meet; parts have another', async () => {
    const events = { 'content-type': 'text/event-stream' }
    const [role = '', part = '', ...rest] = deltas(['Hi']).map((data) => `data: ${data}\n\n`)
    upstream.script(
      { headers: events, chunks: [': x\n\n', 60, role, 60, ': x\n\n', 60, part] },
      { headers: events, chunks: [role, part, 60, ': x\n\n', 60, ': x\n\n', 60, ...rest] },
      { headers: events, chunks: [role, part], end: 'hang' },
    )
    const models = connect()
    const limits = { firstTokenMs: 120, idleMs: 120 }
    expect(errorOf(await streamed(models, limits).done)).toMatchObject({
      kind: 'timeout',
      message: 'The model gave no first token in 120 ms.',
    })
    expect(errorOf(await streamed(models, limits).done)).toBeUndefined()
    expect(errorOf(await streamed(models, limits).done)).toMatchObject({ kind: 'timeout', code: 'idle' })
  })

  test('an answer is complete with its finish reason, although the socket stays open', async () => {
    const all = deltas(['Hi'])
    upstream.script({ ...sse(all.slice(0, 3)), end: 'hang' })
    const begun = performance.now()
    const events = await streamed(connect()).done
    expect(events.at(-1)).toMatchObject({ type: 'finish', finish: { reason: 'stop' } })
    expect(performance.now() - begun).toBeLessThan(4_000)
  })

  test('trap-11: a reset after the finish reason loses nothing', async () => {
    upstream.script({ ...sse(deltas(['Hi']).slice(0, 3)), end: 'reset' })
    expect((await streamed(connect()).done).at(-1)?.type).toBe('finish')
  })

  test('trap-22, trap-23: an abort closes the socket and tells what was used, as an estimate', async () => {
    upstream.script({ ...sse(deltas(['Hello there, this is long']).slice(0, 2)), end: 'hang' })
    const abort = new AbortController()
    const models = connect()
    const seen = streamed(models, { signal: abort.signal, request: ask('x'.repeat(400)) })
    while (!seen.events.some(({ type }) => type === 'text-delta')) await new Promise((r) => setTimeout(r, 5))
    const at = performance.now()
    abort.abort()
    const events = await seen.done
    expect(errorOf(events)?.kind).toBe('aborted')
    expect((await upstream.requests[0]!.closed) - at).toBeLessThan(50)
    const usage = events.findLast((event) => event.type === 'usage')
    expect(usage?.type === 'usage' && usage.usage).toMatchObject({ estimated: true, output: 7 })
    expect(usage?.type === 'usage' && usage.usage.input).toBeGreaterThan(100)
  })

  test('a reader that is full stops the server until it resumes', async () => {
    const many = deltas(Array.from({ length: 2_000 }, () => 'x'.repeat(4_000)))
    upstream.script(sse(many))
    let full = true
    const seen = streamed(connect(), { idleMs: 150 }, () => !full)
    await new Promise((resolve) => setTimeout(resolve, 400))
    const held = seen.events.length
    expect(held).toBeGreaterThan(0)
    expect(held).toBeLessThan(1_500)
    full = false
    seen.resume()
    expect((await seen.done).at(-1)?.type).toBe('finish')
  })

  test('nothing is told before the call has returned', () => {
    upstream.script(stream(['Hi']))
    const abort = new AbortController()
    abort.abort()
    let told = 0
    connect().stream(attempt({ signal: abort.signal }), () => {
      told++
      return undefined
    })
    expect(told).toBe(0)
  })
})

describe('a Connection', () => {
  test('lets so many calls in at once and no more; one that gives up waiting leaves the line', async () => {
    upstream.script({ ...answer('ok'), delayMs: 80 })
    const models = connect({ concurrency: 2 })
    const abort = new AbortController()
    const calls = Array.from({ length: 5 }, (_, i) =>
      models.chat(attempt(i === 3 ? { signal: abort.signal } : {})),
    )
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(upstream.requests).toHaveLength(2)
    abort.abort()
    const settled = await Promise.allSettled(calls)
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(upstream.requests).toHaveLength(4)
  })

  test('gives the place back after failures and streams', async () => {
    upstream.script(failure(500), stream(['a']), { ...sse(['x']), end: 'reset' }, answer('ok'))
    const models = connect({ concurrency: 1 })
    await refusal(models)
    await streamed(models).done
    await streamed(models).done
    expect(textOf((await models.chat(attempt())).parts)).toBe('ok')
  })

  test('waiting for a place is not waiting for the model', async () => {
    upstream.script({ ...answer('ok'), delayMs: 120 })
    const models = connect({ concurrency: 1 })
    const both = [models.chat(attempt({ firstTokenMs: 200 })), models.chat(attempt({ firstTokenMs: 200 }))]
    expect((await Promise.all(both)).map(({ parts }) => textOf(parts))).toEqual(['ok', 'ok'])
  })

  test('that is replaced lets its calls end, those in line too', async () => {
    upstream.script({ ...answer('ok'), delayMs: 60 })
    const models = connect({ concurrency: 1 })
    const both = [models.chat(attempt()), models.chat(attempt())]
    models.close()
    expect((await Promise.all(both)).map(({ parts }) => textOf(parts))).toEqual(['ok', 'ok'])
  })

  test('has limits of its own below those of the step', async () => {
    upstream.script({ raw: '', end: 'hang' })
    const models = connect({ timeouts: { headers_ms: 100 } })
    expect(await refusal(models, { firstTokenMs: null })).toMatchObject({ code: 'upstream_timeout' })
  })

  test('goes through its own proxy', async () => {
    upstream.script(answer('via proxy'))
    const models = connect({ base_url: 'http://models.example.com/v1', proxy: upstream.url })
    expect(textOf((await models.chat(attempt())).parts)).toBe('via proxy')
    expect(upstream.requests[0]?.path).toBe('http://models.example.com/v1/chat/completions')
  })

  test.each<[ConnectionConfig, RegExp]>([
    [{ provider: 'nobody' }, /no provider nobody/],
    [{ provider: 'opnai' }, /Did you mean openai\?/],
    [{ provider: 'openai', headers: { Host: 'x' } }, /header Host/],
    [{ provider: 'anthropic' }, /Anthropic speaks anthropic/],
    [{ provider: 'google' }, /gemini/],
    [{ provider: 'amazon-bedrock' }, /bedrock/],
    [{ provider: 'cohere' }, /cohere/],
    [{ provider: 'openai', api: 'responses' }, /responses/],
    [{ provider: 'openai-compatible' }, /base_url/],
    [{ provider: 'databricks' }, /DATABRICKS_HOST/],
    [{ provider: 'azure' }, /base_url/],
  ])('that cannot be used says why: %j', async (config, why) => {
    const models = connect({}, { bad: config })
    expect(models.problems.get('bad')).toMatch(why)
    expect(await refusal(models, { target: 'bad/m' })).toMatchObject({
      code: 'upstream_rejected',
      message: expect.stringMatching(why),
    })
    expect(models.facts('bad/m')).toBeUndefined()
    expect(models.problems.has('up')).toBe(false)
  })

  test('without a credential does not call a vendor that needs one', async () => {
    const models = connect({}, { openai: { provider: 'openai' } })
    expect(await refusal(models, { target: 'openai/gpt-4o' })).toMatchObject({
      code: 'upstream_auth',
      message: expect.stringContaining('OPENAI_API_KEY'),
      details: { reason: 'credential_missing' },
    })
  })

  test('that is not there, and targets that are none', async () => {
    const models = connect()
    for (const target of ['gone/m', 'up/', '/m', 'up', 'toString/m']) {
      expect(await refusal(models, { target })).toMatchObject({ code: 'upstream_rejected' })
      expect(models.facts(target)).toBeUndefined()
      expect(
        models.price(target, { input: 1, output: 1, cacheRead: null, cacheWrite: null, reasoning: null }, 0),
      ).toBeNull()
    }
    expect(upstream.connections).toBe(0)
  })
})

describe('facts', () => {
  test('come from the project, the catalogue and the quirks', () => {
    const models = connect(
      {
        models: {
          own: { base: 'llama3.1-8b', context: 32_768, price_per_million: { input: 0.2, output: 0.4 } },
        },
      },
      {
        openai: { provider: 'openai' },
        deepseek: { provider: 'deepseek' },
        local: { provider: 'ollama' },
        far: { provider: 'ollama', base_url: 'https://ollama.example.com' },
        demo: { provider: 'simulator' },
        lan: { provider: 'vllm', base_url: 'http://192.168.1.5:8000/v1' },
      },
    )
    expect(models.facts('openai/gpt-5-mini')).toEqual({
      connection: 'openai',
      provider: 'openai',
      model: 'gpt-5-mini',
      local: false,
      known: true,
      context: 400_000,
      maxOutput: 128_000,
      tools: true,
      images: true,
      schema: true,
      priced: true,
    })
    expect(models.facts('openai/gpt-9')).toMatchObject({
      known: false,
      context: null,
      tools: null,
      priced: false,
    })
    expect(models.facts('openai/gpt-4o-mini-2024-07-18')).toMatchObject({ known: true, context: 128_000 })
    expect(models.facts('deepseek/deepseek-chat')).toMatchObject({ schema: false })
    expect(models.facts('up/own')).toMatchObject({ known: true, context: 32_768, priced: true, local: false })
    expect(models.facts('local/llama3.3')).toMatchObject({ local: true, priced: true })
    expect(models.facts('far/llama3.3')).toMatchObject({ local: false, priced: false })
    expect(models.facts('lan/x')).toMatchObject({ local: true })
    expect(models.facts('demo/sim-small')).toMatchObject({
      local: true,
      known: true,
      tools: true,
      priced: true,
    })
  })

  test('prices: own, listed, free, unknown', () => {
    const models = connect(
      { local: true, models: { own: { price_per_million: { input: 1, output: 10, cache_read: 0.5 } } } },
      { openai: { provider: 'openai' }, demo: { provider: 'simulator' } },
    )
    const usage = {
      input: 1_000_000,
      cacheRead: 1_000_000,
      cacheWrite: null,
      output: 1_000_000,
      reasoning: 1_000_000,
    }
    const at = Date.parse('2026-06-01')
    expect(models.price('up/own', usage, at)).toBeCloseTo(21.5)
    expect(models.price('up/other', usage, at)).toBeNull()
    expect(models.price('demo/sim-small', usage, at)).toBe(0)
    expect(models.price('openai/gpt-4o-mini', usage, at)).toBeCloseTo(0.15 + 0.075 + 2 * 0.6)
    expect(models.price('openai/gpt-4o-mini', { ...usage, output: null }, at)).toBeNull()
  })
})

describe('tests and lists', () => {
  const list: Reply = {
    headers: { 'content-type': 'application/json' },
    body: '{"data":[{"id":"text-embedding-3"},{"id":"chat-model"}]}',
  }

  test('lists models', async () => {
    upstream.script(list)
    expect(await connect({ credential: 'secret:key' }).list('up')).toEqual(['text-embedding-3', 'chat-model'])
    expect(upstream.requests[0]).toMatchObject({ method: 'GET', path: '/v1/models' })
    expect(upstream.requests[0]?.headers.authorization).toBe('Bearer sk-test-0123456789')
  })

  test('lists deployments where models are that', async () => {
    upstream.script(list)
    await connect({ provider: 'azure', api_version: '2024-10-21', base_url: upstream.url }).list('up')
    expect(upstream.requests[0]?.path).toBe('/openai/models?api-version=2024-10-21')
  })

  test('a test is a small real call on a model that can chat', async () => {
    upstream.script(list, answer('ok', { model: 'chat-model-1' }))
    expect(await connect().test('up')).toMatchObject({
      ok: true,
      model: 'chat-model-1',
      ms: expect.any(Number),
    })
    expect(upstream.requests[1]?.json).toMatchObject({ model: 'chat-model', max_tokens: 16 })
    upstream.script(answer('ok', { model: 'own' }))
    expect(await connect({ models: { own: {} } }).test('up')).toMatchObject({ ok: true, model: 'own' })
    expect(upstream.requests).toHaveLength(1)
  })

  test('a test that fails says why and never throws', async () => {
    upstream.script(failure(401))
    expect(await connect().test('up')).toMatchObject({ ok: false, error: { code: 'upstream_auth' } })
    upstream.script({ body: 'nonsense' })
    expect(await connect().test('up')).toMatchObject({ ok: false, error: { code: 'upstream_bad_response' } })
    expect(await connect().test('gone')).toMatchObject({ ok: false, error: { code: 'upstream_rejected' } })
  })
})

test('tool calls and their results make the round', async () => {
  upstream.script(
    answer(null, { finish: 'tool_calls', message: { tool_calls: [toolCall('look', { at: 'it' })] } }),
  )
  const tools = [{ name: 'look', schema: { type: 'object' } }]
  const response = await connect().chat(attempt({ request: ask('Look', { tools }) }))
  expect(response.finish.reason).toBe('tool-calls')
  expect(response.parts).toMatchObject([{ type: 'tool-call', name: 'look', args: { at: 'it' } }])
})
