import { request } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { answer, stream } from './replies.ts'
import { startUpstream, type Upstream } from './server.ts'

let upstream: Upstream
afterEach(() => upstream.close())

function post(url: string, body: string): Promise<{ status: number; text: string; cut: boolean }> {
  return new Promise((resolve, reject) => {
    let seen: { status: number; text: string } | undefined
    const headers = { 'content-length': Buffer.byteLength(body) }
    const call = request(url, { method: 'POST', headers }, (response) => {
      const answer = { status: response.statusCode ?? 0, text: '' }
      seen = answer
      response.on('data', (chunk) => {
        answer.text += chunk
      })
      response.on('end', () => resolve({ ...answer, cut: false }))
      response.on('error', () => {})
    })
    call.on('error', (error) => (seen === undefined ? reject(error) : resolve({ ...seen, cut: true })))
    call.end(body)
  })
}

test('gives its replies in order, the last one again and again, and keeps what it was asked', async () => {
  upstream = await startUpstream({ status: 503, body: 'busy' }, answer('hello'))
  expect(await post(`${upstream.url}/v1/x`, '{"a":1}')).toEqual({ status: 503, text: 'busy', cut: false })
  for (let i = 0; i < 2; i++) expect((await post(`${upstream.url}/v1/x`, 'plain')).text).toContain('"hello"')
  expect(upstream.requests.map((seen) => [seen.method, seen.path, seen.json])).toEqual([
    ['POST', '/v1/x', { a: 1 }],
    ['POST', '/v1/x', undefined],
    ['POST', '/v1/x', undefined],
  ])
})

test('cuts a stream where it is told to', async () => {
  const whole = stream(['a', 'b'])
  upstream = await startUpstream({ ...whole, chunks: whole.chunks?.slice(0, 2) ?? [], end: 'reset' }, whole)
  const cut = await post(upstream.url, '')
  expect(cut).toMatchObject({ status: 200, cut: true })
  expect(cut.text).not.toContain('[DONE]')
  expect((await post(upstream.url, '')).text).toContain('[DONE]')
})

test('tells when a client leaves', async () => {
  upstream = await startUpstream({ end: 'hang', chunks: ['x'] })
  const call = request(upstream.url, { method: 'POST' }, (response) =>
    response.on('data', () => call.destroy()),
  )
  call.on('error', () => {})
  call.end()
  while (upstream.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
  expect(await upstream.requests[0]!.closed).toBeGreaterThan(0)
})
