import { describe, expect, it } from 'vitest'
import type { HttpAnswer, HttpCall } from '#shared/flow/definition.ts'
import { runNode, stepContext } from '../../test/contract/run-node.ts'
import { http } from './node.ts'
import * as runner from './run.ts'

const encode = (text: string) => new TextEncoder().encode(text)
const json = (value: unknown, status = 200, headers: Record<string, string> = {}): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: encode(JSON.stringify(value)),
})

/** Runs the node against one answer and gives the outlets and the call. */
async function fetch(config: object, input: object = {}, answer: HttpAnswer = json({ ok: true })) {
  const calls: HttpCall[] = []
  const { ctx } = stepContext({
    http: async (call) => {
      calls.push(call)
      return answer
    },
  })
  const outlets = await runNode(http, runner, {
    config: { url: 'https://api.example.com/a', ...config },
    input: { ...input },
    ctx,
  })
  return { outlets, call: calls[0] as HttpCall }
}

describe('the request', () => {
  it('is a plain GET by default', async () => {
    const { call, outlets } = await fetch({})
    expect(call).toEqual({
      method: 'GET',
      url: 'https://api.example.com/a',
      headers: {},
      maxBytes: 5 * 1024 * 1024,
      follow: 3,
    })
    expect(outlets).toEqual({
      body: { ok: true },
      status: 200,
      headers: { 'content-type': 'application/json' },
    })
  })

  it('puts encoded values into its address', async () => {
    const url = 'https://api.example.com/{{ user }}?q={{ q }}&n={{ n | default: 1 }}'
    const { call } = await fetch({ url }, { user: 'a/b', q: 'x&y=ä #' })
    expect(call.url).toBe('https://api.example.com/a%2Fb?q=x%26y%3D%C3%A4%20%23&n=1')
  })

  it.each(['..', '.', '%2e%2e', 'a/../../b', 'x\\..\\..', '.\t.'])(
    'refuses a value that climbs the path: %s',
    async (user) => {
      const url = 'https://api.example.com/users/{{ user | raw }}/x'
      await expect(fetch({ url }, { user })).rejects.toMatchObject({
        code: 'flow_error',
        details: { reason: 'url' },
      })
    },
  )

  it('keeps its host whatever the values are', async () => {
    for (const rest of ['@evil.example/', '//evil.example', '\\evil.example', ':80@evil.example'])
      expect(
        new URL((await fetch({ url: 'https://api.example.com/{{ rest | raw }}' }, { rest })).call.url).host,
      ).toBe('api.example.com')
  })

  it('leaves secrets in headers for the outbound layer', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: how a header refers to a secret
    const bearer = 'Bearer ${secret:shop_key}'
    const { call } = await fetch({ headers: { Authorization: bearer, 'X-A': 'b' } })
    expect(call.headers).toEqual({ authorization: bearer, 'x-a': 'b' })
  })

  it.each([
    ['json', { value: { a: 1 } }, '{"a":1}', 'application/json'],
    ['{"q": {{ q | json }}}', { q: 'a"b' }, '{"q": "a\\"b"}', 'application/json'],
    ['{{ q }}', { q: 'hi' }, 'hi', 'text/plain; charset=utf-8'],
  ])('sends the body %s', async (body, input, sent, type) => {
    const { call } = await fetch({ method: 'POST', body }, input)
    expect(call).toMatchObject({ method: 'POST', body: sent, headers: { 'content-type': type } })
  })

  it('keeps a content type that is given', async () => {
    const { call } = await fetch({
      method: 'PUT',
      body: '<a/>',
      headers: { 'Content-Type': 'application/xml' },
    })
    expect(call.headers).toEqual({ 'content-type': 'application/xml' })
  })

  it('passes its limits on', async () => {
    expect((await fetch({ max_bytes: 10, follow: 0 })).call).toMatchObject({ maxBytes: 10, follow: 0 })
  })
})

describe('the answer', () => {
  const typed = (type: string, text: string): HttpAnswer => ({
    status: 200,
    headers: { 'content-type': type },
    body: encode(text),
  })

  it.each([
    ['auto', typed('application/problem+json; charset=utf-8', '{"a":1}'), { a: 1 }],
    ['auto', typed('text/html', '<p>'), '<p>'],
    ['auto', typed('application/xml', '<a/>'), '<a/>'],
    ['auto', { status: 200, headers: {}, body: encode('x') }, 'x'],
    ['auto', typed('application/json', ''), null],
    ['json', typed('text/plain', '[1]'), [1]],
    ['text', typed('application/json', '{"a":1}'), '{"a":1}'],
    ['text', { ...typed('text/plain; charset=iso-8859-1', ''), body: new Uint8Array([0xe4]) }, 'ä'],
    ['text', typed('text/plain; charset=nonsense', 'ä'), 'ä'],
  ])('read as %s', async (parse, answer, expected) => {
    expect((await fetch({ parse }, {}, answer as HttpAnswer)).outlets.body).toEqual(expected)
  })

  it.each(['auto', 'file'])('that is binary becomes a file with parse %s', async (parse) => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, n) => n % 251)
    const answer = { status: 200, headers: { 'content-type': 'image/png' }, body: bytes }
    const { outlets } = await fetch({ parse }, {}, answer)
    expect(outlets.body).toEqual({
      type: 'file',
      mediaType: 'image/png',
      source: { kind: 'bytes', base64: Buffer.from(bytes).toString('base64') },
    })
  })

  it.each([
    ['auto', typed('application/json', '{"a":')],
    ['json', typed('text/plain', '')],
    ['json', typed('application/json', `${'['.repeat(99)}${']'.repeat(99)}`)],
  ])('that is broken JSON (%s) fails', async (parse, answer) => {
    await expect(fetch({ parse }, {}, answer)).rejects.toMatchObject({ code: 'upstream_bad_response' })
  })

  it.each([
    [429, 'upstream_rate_limited', true],
    [401, 'upstream_auth', false],
    [403, 'upstream_auth', false],
    [404, 'upstream_rejected', false],
    [500, 'upstream_unavailable', true],
    [503, 'upstream_unavailable', true],
    [304, 'upstream_bad_response', true],
  ])('with status %d is %s', async (status, code, retryable) => {
    await expect(fetch({}, {}, json({ secret: 'body' }, status))).rejects.toMatchObject({
      code,
      retryable,
      details: { status },
      message: `GET api.example.com answered with status ${status}.`,
    })
  })

  it.each([
    ['2', 2_000],
    ['Tue, 14 Nov 2023 22:13:23 GMT', 3_000],
    ['Tue, 14 Nov 2023 22:13:10 GMT', 0],
    ['soon', undefined],
  ])('says how long to wait: %s', async (header, wait) => {
    const answer = json({}, 429, { 'retry-after': header })
    await expect(fetch({}, {}, answer)).rejects.toMatchObject({ retryAfterMs: wait })
  })

  it.each([
    ['200-299', 299, true],
    ['200-299', 300, false],
    ['200, 404', 404, true],
    ['200, 404', 201, false],
    [[200, '400-404'], 403, true],
    [[200, '400-404'], 405, false],
  ])('with accept_status %j takes %d: %s', async (accept_status, status, taken) => {
    const run = fetch({ accept_status }, {}, json({}, status))
    if (taken) expect((await run).outlets.status).toBe(status)
    else await expect(run).rejects.toMatchObject({ details: { status } })
  })
})

describe('the definition', () => {
  const parse = (config: object) => http.config.parse({ url: 'https://api.example.com:8443/a', ...config })
  const inletsOf = (config: object) => (typeof http.inputs === 'function' ? http.inputs(parse(config)) : {})
  const bodyOf = (config: object) => typeof http.outputs === 'function' && http.outputs(parse(config)).body
  const effectOf = (config: object) => typeof http.effects === 'function' && http.effects(parse(config))

  it('has an inlet per variable, and the value where it is sent', () => {
    expect(inletsOf({})).toEqual({ value: expect.objectContaining({ type: 'any', required: false }) })
    expect(inletsOf({ method: 'POST', body: 'json' }).value?.required).toBe(true)
    const config = {
      url: 'https://a.example/{{ a }}',
      method: 'POST',
      body: '{{ b | default: a }}{{ value }}',
    }
    expect(Object.entries(inletsOf(config)).map(([name, { required }]) => [name, required])).toEqual([
      ['value', true],
      ['a', true],
      ['b', false],
    ])
  })

  it('marks what comes from outside', () => {
    expect(bodyOf({})).toEqual({ type: 'json', untrusted: true })
    expect(bodyOf({ parse: 'text' })).toEqual({ type: 'text', untrusted: true })
    expect(bodyOf({ parse: 'file' })).toEqual({ type: 'file', untrusted: true })
  })

  it('reads or writes by its method, unless said otherwise', () => {
    expect(effectOf({})).toBe('reads')
    expect(effectOf({ method: 'HEAD' })).toBe('reads')
    expect(effectOf({ method: 'DELETE' })).toBe('writes')
    expect(effectOf({ method: 'POST', effect: 'reads' })).toBe('reads')
    expect(effectOf({ effect: 'writes' })).toBe('writes')
  })

  it('names its host', () => {
    expect(http.hosts?.(parse({}))).toEqual(['api.example.com:8443'])
    expect(http.hosts?.(parse({ url: 'https://A.example?x={{ y }}' }))).toEqual(['a.example'])
  })

  it.each([
    'ftp://a.example/',
    'api.example.com/a',
    '{{ url }}',
    'https://{{ host }}/a',
    'https://api.example.com{{ rest }}',
    'https://api.example.com:{{ port }}/',
    'https://user:pw@a.example/',
    'https:///a',
    'https://a.example/{{ x',
    'https://a b.example/',
  ])('refuses the address %s', (url) => {
    expect(http.config.safeParse({ url }).success).toBe(false)
  })

  it.each([
    { body: 'x' },
    { method: 'TRACE' },
    { headers: { Host: 'x' } },
    { headers: { 'Content-Length': '1' } },
    { headers: { 'bad name': 'x' } },
    { headers: { a: 'x\r\nb: y' } },
    { headers: { a: '{{ x }}' } },
    { accept_status: 'ok' },
    { accept_status: [] },
    { max_bytes: 50 * 1024 * 1024 + 1 },
    { follow: 6 },
    { method: 'POST', body: '{{ x' },
  ])('refuses %j', (config) => {
    expect(http.config.safeParse({ url: 'https://a.example/', ...config }).success).toBe(false)
  })
})
