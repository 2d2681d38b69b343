// Keys, scopes, references and the life of an Endpoint: who sees what, through every channel.
import { afterEach, describe, expect, it } from 'vitest'
import { routesTable } from '#main/gateway/routes-table.ts'
import { raw, request } from './raw.ts'
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
const production = { kind: 'version', version: versionOf(1) } as const
const verdict = async (response: Response) => {
  const { status, code } = await errorOf(response)
  return [status, code]
}

describe('a key', () => {
  const send = async (on: Stage, headers: Readonly<Record<string, string>>) => {
    const response = await fetch(`${on.url}/run/hello`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(hello),
    })
    return response.status
  }

  it('is accepted as Bearer and as x-api-key, and as both when they agree', async () => {
    const on = await open()
    const { text } = on.key
    expect(await send(on, { authorization: `Bearer ${text}` })).toBe(200)
    expect(await send(on, { authorization: `bearer  ${text}` })).toBe(200)
    expect(await send(on, { 'x-api-key': text })).toBe(200)
    expect(await send(on, { authorization: `Bearer ${text}`, 'x-api-key': text })).toBe(200)
  })

  it('is refused when two differ, whichever is right', async () => {
    const on = await open()
    const { text } = on.key
    expect(await send(on, { authorization: `Bearer ${text}`, 'x-api-key': 'other' })).toBe(401)
    expect(await send(on, { authorization: 'Bearer other', 'x-api-key': text })).toBe(401)
    expect(await send(on, { authorization: 'Basic abc', 'x-api-key': text })).toBe(401)
    const { port } = on.gateway
    const doubled = [`Authorization: Bearer ${text}`, 'Authorization: Bearer other']
    expect(
      (await raw(port, request(['GET /endpoints HTTP/1.1', `Host: 127.0.0.1:${port}`, ...doubled]))).status,
    ).toBe(401)
  })

  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer null',
    'Bearer undefined',
    'Bearer []',
    `Bearer ${'0'.repeat(64)}`,
    "Bearer ' OR '1'='1",
    `Bearer ${'x'.repeat(8_000)}`,
    'Bearer slk_"; DROP_',
  ])('is not %j', async (authorization) => {
    expect(await send(await open(), { authorization })).toBe(401)
  })

  it('is never read from the address, a cookie or the body', async () => {
    const on = await open()
    const { text } = on.key
    const headers = {
      'content-type': 'application/json',
      cookie: `key=${text}; authorization=Bearer ${text}`,
    }
    const body = JSON.stringify({ ...hello, api_key: text, key: text })
    const response = await fetch(`${on.url}/run/hello?key=${text}&api_key=${text}&access_token=${text}`, {
      method: 'POST',
      headers,
      body,
    })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
  })

  it('is refused when revoked or expired, and waits when pending', async () => {
    const list: [Parameters<typeof keyOf>[0], number, string][] = [
      [{ state: 'revoked' }, 401, 'unauthenticated'],
      [{ expiresAt: Date.now() - 1 }, 401, 'unauthenticated'],
      [{ state: 'pending' }, 403, 'pending_approval'],
      [{ addresses: ['10.0.0.0/8'] }, 403, 'forbidden'],
      [{ origins: ['https://shop.example'] }, 403, 'forbidden'],
      [{ scopes: [] }, 403, 'forbidden'],
    ]
    for (const [of, status, code] of list) {
      const on = await open({ keys: [keyOf(of)] })
      expect(await verdict(await on.post('/run/hello', hello)), JSON.stringify(of)).toEqual([status, code])
    }
    const on = await open({ keys: [keyOf({ addresses: ['127.0.0.0/8'], expiresAt: Date.now() + 60_000 })] })
    expect((await on.post('/run/hello', hello)).status).toBe(200)
  })

  it('works from the listed origin when it is bound to one', async () => {
    const key = keyOf({ origins: ['https://shop.example'] })
    const on = await open({
      keys: [key],
      routes: [routeOf('hello', { cors: ['https://shop.example', 'https://other.example'] })],
    })
    expect((await on.post('/run/hello', hello, { origin: 'https://shop.example' })).status).toBe(200)
    expect((await on.post('/run/hello', hello, { origin: 'https://other.example' })).status).toBe(403)
  })

  it('gives up its verdict in the same time whatever is wrong with it', async () => {
    const good = keyOf()
    const revoked = keyOf({ state: 'revoked' })
    const on = await open({ keys: [good, revoked], settings: { wrongKeysPerMinute: 1e9 } })
    const wrong = [
      `${good.text.slice(0, -1)}~`,
      `${good.text.slice(0, 13)}~${good.text.slice(14)}`,
      `slk_zzzzzzzz_${'x'.repeat(32)}`,
      revoked.text,
    ]
    for (const text of wrong) expect(await send(on, { 'x-api-key': text })).toBe(401)
  })
})

describe('what a key may see', () => {
  const routes = [
    routeOf('open', {
      labels: new Map([
        ['production', production],
        ['staging', production],
      ]),
      versions: new Map([
        [1, versionOf(1)],
        [2, versionOf(2)],
      ]),
      draft: versionOf(null),
    }),
    routeOf('secret-one'),
  ]
  const limited = (of: Parameters<typeof keyOf>[0] = {}) =>
    keyOf({ access: new Map([['open', ['production', '2']]]), ...of })

  it('hides an endpoint outside its list exactly as an unknown one', async () => {
    const on = await open({ routes, keys: [limited()] })
    for (const [path, body] of [
      ['/run/X', hello],
      ['/v1/chat/completions', { model: 'X', messages: [{ role: 'user', content: 'Hi' }] }],
    ] as const) {
      const call = (slug: string) =>
        on.post(path.replace('X', slug), JSON.parse(JSON.stringify(body).replace('X', slug)))
      const [hidden, unknown] = [await call('secret-one'), await call('nothing')]
      expect([hidden.status, await hidden.json()]).toEqual([404, await unknown.json()])
    }
    for (const path of ['/endpoints/X', '/endpoints/X/openapi.json', '/v1/models/X']) {
      const [hidden, unknown] = [
        await on.get(path.replace('X', 'secret-one')),
        await on.get(path.replace('X', 'nothing')),
      ]
      expect([hidden.status, await hidden.json()], path).toEqual([404, await unknown.json()])
    }
    expect(await (await on.get('/endpoints')).text()).not.toContain('secret-one')
    expect(await (await on.get('/openapi.json')).text()).not.toContain('secret-one')
  })

  it('refuses references that were not granted on a visible one', async () => {
    const on = await open({ routes, keys: [limited({ scopes: ['run', 'draft'] })] })
    const run = async (reference: string) => (await on.post(`/run/${reference}`, hello)).status
    expect([await run('open'), await run('open@production'), await run('open@2')]).toEqual([200, 200, 200])
    expect([
      await run('open@staging'),
      await run('open@1'),
      await run('open@draft'),
      await run('open@9'),
    ]).toEqual([403, 403, 403, 403])
  })

  it('follows its pin where only the slug is named', async () => {
    const engine = scripted((run) => run.finish())
    const on = await open({ routes, engine, keys: [keyOf({ pins: new Map([['open', '2']]) })] })
    await on.post('/run/open', hello)
    await on.post('/run/open@production', hello)
    expect(engine.runs.map(({ context }) => [context.facts.version, context.facts.label])).toEqual([
      [2, null],
      [1, 'production'],
    ])
  })

  it('needs a scope for drafts, traces and forced arms', async () => {
    const plain = await open({ routes, keys: [keyOf()] })
    const all = await open({ routes, keys: [keyOf({ scopes: ['run', 'draft', 'trace', 'pick_variant'] })] })
    const calls = [
      (on: Stage) => on.post('/run/open@draft', hello),
      (on: Stage) => on.post('/run/open', { ...hello, options: { trace: true } }),
    ]
    for (const call of calls) {
      expect(await verdict(await call(plain))).toEqual([403, 'forbidden'])
      expect((await call(all)).status).toBe(200)
    }
    const forced = { ...hello, options: { variant: 'x' } }
    expect(await verdict(await plain.post('/run/open', forced))).toEqual([403, 'forbidden'])
    expect(await verdict(await all.post('/run/open', forced))).toEqual([400, 'invalid_request'])
  })

  it('waits for approval where an endpoint asks for it', async () => {
    const asked = [routeOf('hello', { access: { approval: true } })]
    const waiting = await open({ routes: asked, keys: [keyOf()] })
    expect(await verdict(await waiting.post('/run/hello', hello))).toEqual([403, 'pending_approval'])
    const granted = await open({ routes: asked, keys: [keyOf({ access: new Map([['hello', []]]) })] })
    expect((await granted.post('/run/hello', hello)).status).toBe(200)
  })

  it('is not fooled by odd references', async () => {
    const on = await open({ routes })
    for (const reference of [
      'open@',
      'open@nothing',
      'open@0',
      'open@01',
      'open@1e0',
      'open@production@1',
      'open@9999999999',
    ]) {
      expect(await verdict(await on.post(`/run/${reference}`, hello)), reference).toEqual([
        404,
        'version_not_found',
      ])
    }
    for (const reference of [
      'OPEN',
      'open%40production',
      'ope%6e',
      '..',
      '__proto__',
      'constructor',
      'a'.repeat(150),
      'öpen',
    ]) {
      expect((await on.post(`/run/${encodeURI(reference)}`, hello)).status, reference).toBe(404)
    }
  })
})

describe('the life of an endpoint', () => {
  const call = async (over: Parameters<typeof routeOf>[1]) =>
    (await open({ routes: [routeOf('hello', over)] })).post('/run/hello', hello)

  it('is not there while it is a draft, but for its draft', async () => {
    const on = await open({ routes: [routeOf('hello', { state: 'draft', draft: versionOf(null) })] })
    expect(await verdict(await on.post('/run/hello', hello))).toEqual([404, 'endpoint_not_found'])
    const draft = await on.post('/run/hello@draft', hello)
    expect(await draft.json()).toMatchObject({ version: null })
    expect(draft.headers.get('sluice-version')).toBeNull()
    expect(await (await on.get('/endpoints')).json()).toEqual({ endpoints: [] })
    expect(await (await on.get('/v1/models')).json()).toEqual({ object: 'list', data: [] })
  })

  it('is announced when deprecated: headers, a warning, lists', async () => {
    const over = {
      state: 'deprecated',
      deprecatedAt: 1_790_000_000,
      sunset: '2027-03-01',
      successor: 'hello-2',
    } as const
    const on = await open({ routes: [routeOf('hello', over)] })
    const answer = await on.post('/run/hello', hello)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      deprecation: '@1790000000',
      sunset: 'Mon, 01 Mar 2027 00:00:00 GMT',
      link: '</run/hello-2>; rel="successor-version"',
    })
    expect(((await answer.json()) as { warnings: unknown }).warnings).toEqual([
      { code: 'deprecated', message: expect.stringContaining('hello-2'), node: null },
    ])
    const events = await allEvents(await on.post('/run/hello', { ...hello, options: { stream: true } }))
    expect(events[1]).toMatchObject({ event: 'warning' })
    expect(await (await on.get('/endpoints/hello')).json()).toMatchObject({
      state: 'deprecated',
      successor: 'hello-2',
    })
    expect(await (await on.get('/openapi.json')).json()).toMatchObject({
      paths: { '/run/hello': { post: { deprecated: true } } },
    })
  })

  it('is gone when retired, with the way to go', async () => {
    const retired = await call({ state: 'retired', successor: 'hello-2' })
    expect(retired.headers.get('link')).toBe('</run/hello-2>; rel="successor-version"')
    expect(await verdict(retired)).toEqual([410, 'gone'])
    const one = versionOf(1, planOf(), { state: 'retired', successor: 'production' })
    const on = await open({
      routes: [
        routeOf('hello', {
          versions: new Map([
            [2, versionOf(2)],
            [1, one],
          ]),
        }),
      ],
    })
    expect(await verdict(await on.post('/run/hello@1', hello))).toEqual([410, 'gone'])
    expect((await on.post('/run/hello@2', hello)).status).toBe(200)
  })

  it('deprecates a single version of a published endpoint', async () => {
    const old = versionOf(1, planOf(), { state: 'deprecated', sunset: '2027-03-01', successor: 'production' })
    const on = await open({
      routes: [
        routeOf('hello', {
          versions: new Map([
            [2, versionOf(2)],
            [1, old],
          ]),
        }),
      ],
    })
    expect((await on.post('/run/hello@1', hello)).headers.get('link')).toBe(
      '</run/hello@production>; rel="successor-version"',
    )
    expect((await on.post('/run/hello', hello)).headers.get('deprecation')).toBeNull()
  })

  it('can leave a surface', async () => {
    const on = await open({
      routes: [routeOf('hello', { surfaces: { rest: false, openai: true, anthropic: true, mcp: true } })],
    })
    expect(await verdict(await on.post('/run/hello', hello))).toEqual([404, 'endpoint_not_found'])
    const chat = { model: 'hello', messages: [{ role: 'user', content: 'Hi' }] }
    expect((await on.post('/v1/chat/completions', chat)).status).toBe(200)
  })
})

describe('splits over the wire', () => {
  it('say which arm answered, and stay with it', async () => {
    const arms = [
      { name: 'control', weight: 50, version: versionOf(1) },
      { name: 'shorter', weight: 50, version: versionOf(2) },
    ]
    const split = { kind: 'split', sticky: 'metadata.user_id', arms } as const
    const on = await open({ routes: [routeOf('hello', { labels: new Map([['production', split]]) })] })
    const seen = new Map<string, string>()
    for (let i = 0; i < 60; i += 1) {
      const user_id = `u${i % 20}`
      const response = await on.post('/run/hello', { ...hello, metadata: { user_id } })
      const { variant, version } = (await response.json()) as { variant: string; version: number }
      expect(response.headers.get('sluice-variant')).toBe(variant)
      expect(version).toBe(variant === 'control' ? 1 : 2)
      expect(seen.get(user_id) ?? variant).toBe(variant)
      seen.set(user_id, variant)
    }
    expect(new Set(seen.values()).size).toBe(2)
    const forced = await on.post('/run/hello', { ...hello, options: { variant: 'shorter' } })
    expect(await forced.json()).toMatchObject({ variant: 'shorter', version: 2 })
  })
})

describe('routes', () => {
  const concrete = (path: string) =>
    path
      .replace('{reference}', 'hello')
      .replace('{slug}', 'hello')
      .replace('{id+}', 'hello')
      .replace('{id}', `run_${'x'.repeat(24)}`)

  it('answer nothing without a key but the two health words', async () => {
    const on = await open()
    const open200: string[] = []
    for (const { method, path } of routesTable) {
      const response = await fetch(on.url + concrete(path), {
        method,
        ...(method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {}),
      })
      if (response.status < 300) open200.push(path)
      else expect([path, response.status]).toEqual([path, 401])
      expect(response.headers.get('x-request-id')).toMatch(/^req_/)
    }
    expect(open200).toEqual(['/healthz', '/readyz'])
    expect(await (await fetch(`${on.url}/healthz`)).json()).toEqual({ status: 'ok' })
  })

  it('are the ones of the table, spelled as they are', async () => {
    const on = await open()
    const { port } = on.gateway
    const get = async (path: string) =>
      (
        await raw(
          port,
          request([`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, `x-api-key: ${on.key.text}`]),
        )
      ).status
    expect(await get('/endpoints')).toBe(200)
    for (const path of [
      '/ENDPOINTS',
      '//endpoints',
      '/./endpoints',
      '/x/../endpoints',
      '/endpoints/',
      '/endpoints;a=b',
      '/%65ndpoints',
      '/endpoints%2F',
      '/endpoints.json',
      '/endpoints#',
      '/endpoints/hello/',
      '/endpoints/hello/x',
      '/',
      '/metrics',
      '/docs/x',
      '/api/flows',
      '/runs',
      '/v1',
      '/v1/',
      '/v1/embeddings',
      '/proxy/openai/v1',
    ]) {
      expect([path, await get(path)]).toEqual([path, 404])
    }
    expect(await get('/endpoints?a=b')).toBe(200)
  })

  it('name the allowed method', async () => {
    const on = await open()
    for (const { method, path } of routesTable) {
      const other = method === 'GET' ? 'DELETE' : 'GET'
      const response = await fetch(on.url + concrete(path), { method: other })
      expect([path, response.status, response.headers.get('allow')]).toEqual([path, 405, method])
    }
  })
})

describe('a circle of gateways', () => {
  it('is broken at the eighth hop, and the hops of a run are known', async () => {
    const engine = scripted(() => undefined)
    const on = await open({ engine })
    expect(await verdict(await on.post('/run/hello', hello, { 'sluice-hops': '8' }))).toEqual([
      500,
      'loop_limit',
    ])
    expect(await verdict(await on.post('/run/hello', hello, { 'sluice-hops': 'x' }))).toEqual([
      400,
      'invalid_request',
    ])
    const answer = on.post('/run/hello', hello, { 'sluice-hops': '7' })
    while (engine.runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    expect(on.gateway.hopsOf(engine.runs[0]!.context.facts.id)).toBe(7)
    engine.runs[0]!.finish()
    expect((await answer).status).toBe(200)
  })
})

describe('the trace of a caller', () => {
  it('is joined and given back with a span of ours', async () => {
    const on = await open()
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    const answer = await on.post('/run/hello', hello, {
      traceparent: `00-${trace}-00f067aa0ba902b7-01`,
      tracestate: 'a=b',
    })
    expect(answer.headers.get('traceparent')).toMatch(
      new RegExp(`^00-${trace}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`),
    )
    expect(answer.headers.get('tracestate')).toBe('a=b')
    expect(
      (await on.post('/run/hello', hello, { traceparent: 'nonsense' })).headers.get('traceparent'),
    ).toBeNull()
  })
})

describe('facts for the flow', () => {
  it('hold allowed headers only, and never a credential', async () => {
    const engine = scripted((run) => run.finish())
    const contextHeaders = ['x-tenant', 'authorization', 'cookie', 'x_sly']
    const on = await open({
      engine,
      routes: [routeOf('hello', { contextHeaders })],
      settings: { vars: { brand: 'Parcel' } },
    })
    await on.post('/run/hello', hello, { 'x-tenant': 'a', cookie: 'c', 'x-other': 'o', x_sly: 's' })
    const { facts } = engine.runs[0]!.context
    expect({ ...facts.headers }).toEqual({ 'x-tenant': 'a' })
    expect(facts.vars).toEqual({ brand: 'Parcel' })
  })
})
