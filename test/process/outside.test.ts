// What leaves the server: hop counts against circles, and secrets in the headers of http nodes.
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startUpstream, type Upstream } from '../upstream/server.ts'
import { call, folderOf, type Served, serve, sluice } from './sluice.ts'

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

const loop = `format: sluice/flow@1
name: Loop
slug: loop
nodes:
  answer: { type: output }
  ask: { type: input, config: { fields: { question: { type: text } } } }
  model: { type: chat-model, config: { targets: [self/loop] }, policy: { retry: { tries: 1 } } }
edges:
  - ask.question -> model.messages
  - model.text -> answer.value
`
const fetcher = (host: string) => `format: sluice/flow@1
name: Fetch
slug: fetch
nodes:
  answer: { type: output, config: { type: number, field: status } }
  ask: { type: input, config: { fields: { name: { type: text } } } }
  get:
    type: http
    config:
      url: "http://${host}/things?name={{ name }}"
      headers: { Authorization: "Bearer \${secret:things_key}" }
edges:
  - ask.name -> get.name
  - get.status -> answer.value
`

let folder: ReturnType<typeof folderOf>
let things: Upstream
let server: Served
let key: string
const secrets = {
  SLUICE_SECRET_SELF_KEY: 'slk_selfloop_0123456789abcdefghijklmnopqrstuv',
  SLUICE_SECRET_THINGS_KEY: 'marker-things-4711',
}

beforeAll(async () => {
  things = await startUpstream({ status: 200, headers: { 'content-type': 'application/json' }, body: '{}' })
  const port = await freePort()
  const host = `127.0.0.1:${things.port}`
  folder = folderOf({
    'sluice.yaml': `format: sluice/project@1
name: Outside
connections:
  self: { provider: openai-compatible, base_url: http://127.0.0.1:${port}/v1, credential: secret:self_key, local: true }
consumers:
  self: { keys: [{ id: self, secret: secret:self_key }] }
policies: { hosts: { allow: ["${host}"] } }
`,
    'flows/loop.flow.yaml': loop,
    'flows/fetch.flow.yaml': fetcher(host),
  })
  for (const flow of ['loop', 'fetch']) {
    const published = await sluice(['publish', folder.path, flow], { env: secrets })
    expect([published.err, published.code]).toEqual([expect.any(String), 0])
  }
  server = await serve(folder.path, { args: ['--gateway-port', String(port)], env: secrets })
  key = secrets.SLUICE_SECRET_SELF_KEY
}, 60_000)
afterAll(async () => {
  await server?.stop()
  await things?.close()
  folder?.remove()
})

describe('a gateway that calls itself', () => {
  it('is stopped after eight hops and lives on', async () => {
    const reply = await call(`${server.gateway}/run/loop`, { key, body: { input: { question: 'Again?' } } })
    expect(reply.status).toBeGreaterThanOrEqual(500)
    const listed = async () =>
      JSON.parse(
        (await sluice(['runs', 'list', folder.path, '--endpoint', 'loop', '--json'])).out,
      ) as unknown[]
    await expect.poll(async () => (await listed()).length, { timeout: 5_000 }).toBe(8)
    expect((await call(`${server.gateway}/healthz`)).status).toBe(200)
  }, 20_000)
})

describe('an http node', () => {
  it('sends the secret that its header names, which stands nowhere else', async () => {
    const reply = await call(`${server.gateway}/run/fetch`, { key, body: { input: { name: 'a' } } })
    expect(reply.json()).toMatchObject({ output: { status: 200 } })
    expect(things.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer marker-things-4711',
      'sluice-hops': '1',
    })
    const log = await sluice(['runs', 'list', folder.path, '--json'])
    expect(log.out + reply.text + server.output()).not.toContain('marker-things')
  })

  it('cannot be made to send a secret by its caller', async () => {
    const reply = await call(`${server.gateway}/run/fetch`, {
      key,
      body: { input: { name: ['$', '{secret:self_key}'].join('') } },
    })
    expect(reply.status).toBe(200)
    expect(JSON.stringify(things.requests)).not.toContain('slk_selfloop')
  })
})
