// What is refused before authentication and routing: Host, Origin, framing, sizes, upgrades (security I-34 to I-38, 6).
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { raw, request } from './raw.ts'
import { keyOf, routeOf, type Stage, stage } from './support.ts'

let on: Stage
let port: number
let authorization: string
beforeAll(async () => {
  const routes = [routeOf('hello', { cors: ['https://shop.example'] }), routeOf('closed')]
  on = await stage({ routes, settings: { hosts: ['gate.example', 'proxy.example:443'] } })
  port = on.gateway.port
  authorization = `Authorization: Bearer ${on.key.text}`
})
afterAll(() => on.close())

const body = '{"input":{"question":"Hi?"}}'
const post = (lines: readonly string[], path = '/run/hello', sent = body) =>
  raw(
    port,
    request(
      [
        `POST ${path} HTTP/1.1`,
        authorization,
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(sent)}`,
        ...lines,
      ],
      sent,
    ),
  )
const codeOf = (text: string) => (JSON.parse(text) as { error: { code: string } }).error.code

describe('Host', () => {
  it.each([
    ['127.0.0.1', (at: number) => `127.0.0.1:${at}`],
    ['localhost', (at: number) => `localhost:${at}`],
    ['upper case', (at: number) => `LOCALHOST:${at}`],
    ['::1', (at: number) => `[::1]:${at}`],
    ['a configured name', (at: number) => `gate.example:${at}`],
    ['a name behind a proxy', () => 'proxy.example'],
    ['a name behind a proxy with its port', () => 'proxy.example:443'],
  ])('%s is known', async (_, host) => {
    expect((await post([`Host: ${host(port)}`])).status).toBe(200)
  })

  it.each([
    ['foreign', (at: number) => `evil.example:${at}`],
    ['without the port', () => '127.0.0.1'],
    ['another port', (at: number) => `127.0.0.1:${at + 1}`],
    ['all addresses', (at: number) => `0.0.0.0:${at}`],
    ['a suffix', (at: number) => `127.0.0.1.evil.example:${at}`],
    ['with user information', (at: number) => `127.0.0.1:${at}@evil.example`],
    ['a number', (at: number) => `2130706433:${at}`],
    ['a dot at the end', (at: number) => `localhost.:${at}`],
    ['empty', () => ''],
    ['a configured name without its port', () => 'gate.example'],
  ])('%s is refused before anything else', async (_, host) => {
    const answer = await raw(port, request(['GET /healthz HTTP/1.1', `Host: ${host(port)}`]))
    expect([answer.status, codeOf(answer.body)]).toEqual([403, 'origin_refused'])
    expect(answer.head.toLowerCase()).not.toContain('access-control')
  })

  it('none, or two, is no valid request', async () => {
    for (const hosts of [
      [],
      [`Host: 127.0.0.1:${port}`, `Host: 127.0.0.1:${port}`],
      [`Host: 127.0.0.1:${port}`, 'host: evil.example'],
    ]) {
      const answer = await raw(port, request(['GET /healthz HTTP/1.1', ...hosts]))
      expect([answer.status, codeOf(answer.body)]).toEqual([400, 'invalid_request'])
    }
  })

  it('in the request line counts as well', async () => {
    const get = (target: string) => raw(port, request([`GET ${target} HTTP/1.1`, `Host: 127.0.0.1:${port}`]))
    expect((await get(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
    expect((await get('http://evil.example/healthz')).status).toBe(403)
    expect((await get(`http://user@127.0.0.1:${port}/healthz`)).status).toBe(400)
    expect((await get('ftp://127.0.0.1/healthz')).status).toBe(400)
    expect((await get('healthz')).status).toBe(400)
  })
})

describe('Origin', () => {
  const host = () => `Host: 127.0.0.1:${port}`

  it.each([
    ['foreign', () => 'https://evil.example'],
    ['null', () => 'null'],
    ['another loopback port', (at: number) => `http://127.0.0.1:${at + 1}`],
    ['another scheme', (at: number) => `https://127.0.0.1:${at}`],
    ['a suffix', (at: number) => `http://127.0.0.1.evil.example:${at}`],
    ['a listed name with a port', () => 'https://shop.example:444'],
    ['a listed name in upper case', () => 'https://SHOP.example'],
    ['empty', () => ''],
  ])('%s is refused, preflight included', async (_, origin) => {
    const answers = [
      await post([host(), `Origin: ${origin(port)}`]),
      await raw(port, request(['GET /endpoints HTTP/1.1', host(), authorization, `Origin: ${origin(port)}`])),
      await raw(
        port,
        request([
          'OPTIONS /run/hello HTTP/1.1',
          host(),
          `Origin: ${origin(port)}`,
          'Access-Control-Request-Method: POST',
        ]),
      ),
    ]
    for (const answer of answers) {
      expect([answer.status, codeOf(answer.body)]).toEqual([403, 'origin_refused'])
      expect(answer.head.toLowerCase()).not.toContain('access-control')
    }
  })

  it('of a page on another site without a listed Origin is refused', async () => {
    const answer = await raw(
      port,
      request(['GET /endpoints HTTP/1.1', host(), authorization, 'Sec-Fetch-Site: cross-site']),
    )
    expect(answer.status).toBe(403)
  })

  it('of the listener itself needs no permission', async () => {
    expect((await post([host(), `Origin: http://127.0.0.1:${port}`])).status).toBe(200)
    expect((await post([host(), `Origin: http://localhost:${port}`])).status).toBe(200)
  })

  it('that an endpoint lists may call that endpoint only, and read the answer', async () => {
    const shop = ['Origin: https://shop.example', 'Sec-Fetch-Site: cross-site']
    const allowed = await post([host(), ...shop])
    expect(allowed.status).toBe(200)
    expect(allowed.head).toContain('Access-Control-Allow-Origin: https://shop.example')
    expect(allowed.head).toMatch(/Access-Control-Expose-Headers: .*Sluice-Run-Id/)
    const other = await post([host(), ...shop], '/run/closed')
    expect(other.status).toBe(403)
    expect(other.head.toLowerCase()).not.toContain('access-control')
    const chat = await post(
      [host(), ...shop],
      '/v1/chat/completions',
      '{"model":"closed","messages":[{"role":"user","content":"Hi"}]}',
    )
    expect(chat.status).toBe(403)
  })

  it('that is listed gets its preflight', async () => {
    const ask = (path: string) =>
      raw(
        port,
        request([
          `OPTIONS ${path} HTTP/1.1`,
          host(),
          'Origin: https://shop.example',
          'Access-Control-Request-Method: POST',
          'Access-Control-Request-Headers: authorization, content-type, x-stainless-os',
        ]),
      )
    const answer = await ask('/run/hello')
    expect(answer.status).toBe(204)
    expect(answer.head).toContain('Access-Control-Allow-Headers: authorization, content-type, x-stainless-os')
    expect(answer.head).toContain('Access-Control-Allow-Methods: POST')
    expect((await ask('/run/closed')).status).toBe(403)
    expect((await ask('/run/unknown')).status).toBe(403)
  })

  it('reaches an error as well, so that the page can read it', async () => {
    const answer = await raw(
      port,
      request(['GET /endpoints HTTP/1.1', host(), 'Origin: https://shop.example']),
    )
    expect(answer.status).toBe(401)
    expect(answer.head).toContain('Access-Control-Allow-Origin: https://shop.example')
  })
})

describe('the body', () => {
  const host = () => `Host: 127.0.0.1:${port}`
  const typed = (type: readonly string[]) =>
    raw(
      port,
      request(
        ['POST /run/hello HTTP/1.1', host(), authorization, ...type, `Content-Length: ${body.length}`],
        body,
      ),
    )

  it.each([
    ['none', []],
    ['text', ['Content-Type: text/plain']],
    ['a form', ['Content-Type: application/x-www-form-urlencoded']],
    ['multipart', ['Content-Type: multipart/form-data; boundary=x']],
    ['a tab and more', ['Content-Type: application/json\ta']],
    ['something after it', ['Content-Type: application/json; charset=utf-8; x=y']],
    ['another charset', ['Content-Type: application/json; charset=utf-7']],
    ['a relative', ['Content-Type: application/json5']],
    ['two', ['Content-Type: application/json', 'Content-Type: application/json']],
  ])('of type %s is refused', async (_, type) => {
    const answer = await typed(type)
    expect([answer.status, codeOf(answer.body)]).toEqual([415, 'unsupported_media_type'])
  })

  it.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON;charset="UTF-8"'])(
    'of type %s is read',
    async (type) => {
      expect((await typed([`Content-Type: ${type}`])).status).toBe(200)
    },
  )

  it('that is compressed is refused', async () => {
    const answer = await post([host(), 'Content-Encoding: gzip'])
    expect([answer.status, codeOf(answer.body)]).toEqual([415, 'unsupported_media_type'])
  })

  it('that is too large is refused by its length, and by its bytes', async () => {
    const told = await raw(
      port,
      request(
        [
          'POST /run/hello HTTP/1.1',
          host(),
          authorization,
          'Content-Type: application/json',
          'Content-Length: 1073741824',
        ],
        '{',
      ),
    )
    expect([told.status, codeOf(told.body)]).toEqual([413, 'payload_too_large'])
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const found = await raw(port, [
      request([
        'POST /run/hello HTTP/1.1',
        host(),
        authorization,
        'Content-Type: application/json',
        'Transfer-Encoding: chunked',
      ]),
      ...Array.from({ length: 65 }, () => chunk),
    ])
    expect([found.status, codeOf(found.body)]).toEqual([413, 'payload_too_large'])
  })

  it('may come in chunks, and after 100 Continue', async () => {
    const head = ['POST /run/hello HTTP/1.1', host(), authorization, 'Content-Type: application/json']
    const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    expect((await raw(port, request([...head, 'Transfer-Encoding: chunked'], chunked))).status).toBe(200)
    const waited = await raw(
      port,
      request([...head, `Content-Length: ${body.length}`, 'Expect: 100-continue'], body),
    )
    expect(waited.head + waited.body).toMatch(/^HTTP\/1\.1 100 Continue[\s\S]*HTTP\/1\.1 200 OK/)
    const refused = await raw(port, request([...head, 'Content-Length: 999999999', 'Expect: 100-continue']))
    expect(refused.status).toBe(413)
  })
})

describe('the head', () => {
  const host = () => `Host: 127.0.0.1:${port}`
  const get = (lines: readonly string[]) => raw(port, request(['GET /healthz HTTP/1.1', host(), ...lines]))

  it('may have 16 KiB and 100 headers', async () => {
    expect((await get(Array.from({ length: 99 }, (_, i) => `x-h${i}: v`))).status).toBe(200)
    for (const lines of [
      Array.from({ length: 100 }, (_, i) => `x-h${i}: v`),
      Array.from({ length: 3000 }, (_, i) => `x${i}: v`),
      [`x-long: ${'a'.repeat(17_000)}`],
    ]) {
      const answer = await get(lines)
      expect([answer.status, codeOf(answer.body)]).toEqual([431, 'headers_too_large'])
    }
  })

  it('that hides its framing behind many headers smuggles nothing', async () => {
    const many = Array.from({ length: 2200 }, (_, i) => `x${i}: v`)
    const answer = await raw(
      port,
      request(
        [
          'POST /run/hello HTTP/1.1',
          host(),
          authorization,
          ...many,
          'Content-Length: 44',
          'Content-Type: application/json',
        ],
        'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
      ),
    )
    expect(answer.status).toBe(431)
    expect(answer.body.match(/HTTP\/1\.1/g) ?? []).toHaveLength(0)
  })

  it.each([
    ['length and chunks', ['POST /run/hello HTTP/1.1', 'Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['two lengths', ['POST /run/hello HTTP/1.1', 'Content-Length: 5', 'Content-Length: 6']],
    ['a signed length', ['POST /run/hello HTTP/1.1', 'Content-Length: +3']],
    ['an odd coding', ['POST /run/hello HTTP/1.1', 'Transfer-Encoding: xchunked']],
    ['a space before the colon', ['GET /healthz HTTP/1.1', 'x-a : b']],
    ['folding', ['GET /healthz HTTP/1.1', 'x-a: b\r\n c']],
    ['a NUL', ['GET /healthz HTTP/1.1', 'x-a: \0']],
    ['an unknown version', ['GET /healthz HTTP/9.9']],
    ['an unknown method', ['GOT /healthz HTTP/1.1']],
  ])('with %s is no valid HTTP, in a short answer', async (_, lines) => {
    const [line = '', ...rest] = lines
    const answer = await raw(port, request([line, host(), ...rest], 'abc'))
    expect(answer.status).toBe(400)
    expect(codeOf(answer.body)).toBe('invalid_request')
    expect(answer.head).toMatch(/x-request-id: req_/i)
    expect(answer.body.length).toBeLessThan(300)
  })

  it('of an upgrade or a tunnel is refused', async () => {
    const upgrade = await get([
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: x',
      'Sec-WebSocket-Version: 13',
    ])
    expect(upgrade.status).toBe(400)
    expect(
      (await get(['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'])).status,
    ).toBe(200)
    expect((await raw(port, request([`CONNECT 127.0.0.1:22 HTTP/1.1`, host()]))).status).toBe(405)
  })

  it('with an underscore in a name is not heard', async () => {
    const answer = await raw(port, request(['GET /endpoints HTTP/1.1', host(), `x_api_key: ${on.key.text}`]))
    expect(answer.status).toBe(401)
  })
})

describe('addresses', () => {
  it('are allowed and denied before the key is looked at', async () => {
    const get = async (settings: { allowIp?: string[]; denyIp?: string[] }) => {
      const other = await stage({ settings, keys: [keyOf()] })
      const answer = await raw(
        other.gateway.port,
        request(['GET /healthz HTTP/1.1', `Host: 127.0.0.1:${other.gateway.port}`]),
      )
      await other.close()
      return answer.status
    }
    expect(await get({ allowIp: ['127.0.0.0/8'] })).toBe(200)
    expect(await get({ allowIp: ['10.0.0.0/8', '::1'] })).toBe(403)
    expect(await get({ denyIp: ['127.0.0.1'] })).toBe(403)
    expect(await get({ allowIp: ['127.0.0.0/8'], denyIp: ['127.0.0.1'] })).toBe(403)
  })
})
