import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AppError } from '#shared/errors.ts'
import type { HttpCall } from '#shared/flow/definition.ts'
import { startUpstream, type Upstream } from '../../test/upstream/server.ts'
import { createHttp, type HttpOptions } from './http.ts'
import { createPools, type Pools } from './pools.ts'

let upstream: Upstream
let other: Upstream
let pools: Pools
beforeEach(async () => {
  upstream = await startUpstream()
  other = await startUpstream()
  pools = createPools({})
})
afterEach(async () => {
  await pools.closeAll()
  await upstream.close()
  await other.close()
})

function call(url: string, facts: Partial<HttpCall> = {}): HttpCall {
  return { method: 'GET', url, headers: {}, maxBytes: 1_000_000, follow: 3, ...facts }
}
function options(facts: Partial<HttpOptions> = {}): HttpOptions {
  return { signal: new AbortController().signal, localOnly: false, run: 'run_1', node: 'fetch', ...facts }
}
function http(...allow: string[]) {
  return createHttp(pools, { allow })
}
const here = () => `127.0.0.1:${upstream.port}`
const there = () => `127.0.0.1:${other.port}`
const refused = { code: 'policy_denied', details: { reason: 'egress' } }

test('calls a listed host and gives status, headers and bytes', async () => {
  upstream.script({ status: 404, headers: { 'X-Kind': 'a' }, body: 'nothing' })
  const answer = await http(here())(
    call(`${upstream.url}/a?b=c`, { method: 'POST', headers: { 'X-Key': 'k', Host: 'evil' }, body: 'hi' }),
    options(),
  )
  expect([answer.status, answer.headers['x-kind'], Buffer.from(answer.body).toString()]).toEqual([
    404,
    'a',
    'nothing',
  ])
  const [seen] = upstream.requests
  expect(seen).toMatchObject({ method: 'POST', path: '/a?b=c', body: 'hi' })
  expect(seen?.headers).toMatchObject({ 'x-key': 'k', host: here() })
})

describe('I-30: the policy', () => {
  test('refuses hosts that are not listed and this machine unless it is named with its port', async () => {
    for (const allow of [[], ['api.example.com'], ['*'], [there()], ['localhost']]) {
      await expect(http(...allow)(call(upstream.url), options())).rejects.toMatchObject(refused)
    }
    expect(upstream.connections).toBe(0)
  })

  test('judges redirects again', async () => {
    upstream.script({ status: 302, headers: { location: `${other.url}/inner` } })
    await expect(http(here())(call(upstream.url), options())).rejects.toMatchObject(refused)
    for (const location of ['file:///etc/passwd', 'http://169.254.169.254/latest', 'http://u:p@127.0.0.1/']) {
      upstream.script({ status: 302, headers: { location } })
      await expect(http(here())(call(upstream.url), options())).rejects.toMatchObject(refused)
    }
    expect(other.connections).toBe(0)
  })

  test('drops credentials when a redirect leaves the origin', async () => {
    upstream.script({ status: 307, headers: { location: `${other.url}/next` } })
    other.script({ body: 'ok' })
    const headers = { Authorization: 'Bearer k', Cookie: 'a=b', 'X-Api-Key': 'k', Accept: 'text/plain' }
    await http(here(), there())(call(upstream.url, { method: 'POST', headers, body: 'payload' }), options())
    const [seen] = other.requests
    expect(seen).toMatchObject({ method: 'POST', path: '/next', body: 'payload' })
    expect(seen?.headers).toMatchObject({ accept: 'text/plain' })
    for (const name of ['authorization', 'cookie', 'x-api-key'])
      expect(seen?.headers).not.toHaveProperty(name)
  })

  test('keeps them within the origin, and turns POST into GET where the status says so', async () => {
    upstream.script({ status: 303, headers: { location: '/next' } }, { body: 'ok' })
    const headers = { Authorization: 'Bearer k', 'Content-Type': 'text/plain' }
    await http(here())(call(upstream.url, { method: 'POST', headers, body: 'payload' }), options())
    expect(upstream.requests[1]).toMatchObject({ method: 'GET', path: '/next', body: '' })
    expect(upstream.requests[1]?.headers).toMatchObject({ authorization: 'Bearer k' })
    expect(upstream.requests[1]?.headers).not.toHaveProperty('content-type')
  })

  test('follows as many redirects as it was told', async () => {
    upstream.script({ status: 302, headers: { location: '/again' } })
    await expect(http(here())(call(upstream.url, { follow: 2 }), options())).rejects.toMatchObject({
      code: 'upstream_rejected',
      details: { reason: 'redirects' },
    })
    expect(upstream.requests).toHaveLength(3)
    expect(await http(here())(call(upstream.url, { follow: 0 }), options())).toMatchObject({ status: 302 })
  })

  test('a name is judged by what it resolves to', async () => {
    const url = `http://localhost.localdomain:${upstream.port}/`
    const result = http('localhost.localdomain')(call(url), options())
    await expect(result).rejects.toMatchObject({
      code: expect.stringMatching(/policy_denied|upstream_unavailable/),
    })
    expect(upstream.connections).toBe(0)
  })

  test('values for local hosts stay on this network', async () => {
    upstream.script({ body: 'ok' })
    const secret = options({ localOnly: true })
    expect(await http(here())(call(upstream.url), secret)).toMatchObject({ status: 200 })
    await expect(http('*')(call('http://8.8.8.8/'), secret)).rejects.toMatchObject({
      code: 'policy_denied',
      details: { reason: 'local_only' },
    })
  })
})

describe('failures', () => {
  test('name what happened in the codes of the product', async () => {
    upstream.script({ raw: 'nonsense\r\n\r\n' })
    await expect(http(here())(call(upstream.url), options())).rejects.toMatchObject({
      code: 'upstream_bad_response',
    })
    upstream.script({ body: 'x'.repeat(2000) })
    await expect(http(here())(call(upstream.url, { maxBytes: 1000 }), options())).rejects.toMatchObject({
      code: 'upstream_bad_response',
      details: { reason: 'too_large' },
    })
    await other.close()
    await expect(http(there())(call(other.url), options())).rejects.toMatchObject({
      code: 'upstream_unavailable',
      details: { reason: 'refused' },
    })
    other = await startUpstream()
  })

  test('an abort ends the call with the reason of the signal', async () => {
    upstream.script({ end: 'hang', raw: '' })
    const abort = new AbortController()
    const result = http(here())(call(upstream.url), options({ signal: abort.signal }))
    setTimeout(() => abort.abort(new AppError('timeout')), 20)
    await expect(result).rejects.toMatchObject({ code: 'timeout' })
  })
})

describe('trap-21: proxies of the environment', () => {
  test('are used for other machines, not for those in NO_PROXY nor for this one', async () => {
    upstream.script({ body: 'from the proxy' })
    other.script({ body: 'direct' })
    const proxied = createPools({ HTTP_PROXY: upstream.url, NO_PROXY: 'direct.invalid' })
    const web = createHttp(proxied, { allow: ['*', there()] })
    expect(await web(call('http://api.example.invalid/x'), options())).toMatchObject({ status: 200 })
    expect(upstream.requests).toMatchObject([{ path: 'http://api.example.invalid/x' }])
    await expect(web(call('http://direct.invalid/x'), options())).rejects.toMatchObject({
      details: { reason: 'dns' },
    })
    expect(await web(call(other.url), options())).toMatchObject({ status: 200 })
    expect(upstream.requests).toHaveLength(1)
    await proxied.closeAll()
  })
})
