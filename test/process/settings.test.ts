// Settings of sluice.yaml in a running server: each acts, and acts as soon as the file is saved.
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectControl } from '#main/api/client.ts'
import { readServerFile, type ServerFile } from '#main/api/server-file.ts'
import type { Control } from '#shared/api/control.ts'
import { answer } from '../upstream/replies.ts'
import { startUpstream, type Upstream } from '../upstream/server.ts'
import { type Answer, call, folderOf, type Served, serve, sluice } from './sluice.ts'

const key = `slk_abcdefgh_${'A'.repeat(32)}`
const env = { SLUICE_SECRET_SHOP_KEY: key }
const flow = `format: sluice/flow@1
name: Echo
slug: echo
nodes:
  ask: { type: input, config: { fields: { q: { type: text } } } }
  model: { type: chat-model, config: { targets: [one/m] } }
  out: { type: output }
edges: [ask.q -> model.messages, model.text -> out.value]
`

let one: Upstream
let folder: ReturnType<typeof folderOf>
let server: Served
let control: Control
let edition = 0

interface Settings {
  /** Fields of the gateway, the connection, the endpoint, the consumer and its key, as they stand between braces. */
  readonly gateway?: string
  readonly connection?: string
  readonly endpoint?: string
  readonly consumer?: string
  readonly key?: string
  /** Further lines of the file. */
  readonly more?: string
}

const priced = 'models: { plain: { tools: false }, m: { price_per_million: { input: 100, output: 100 } } }'

function project({
  gateway = '',
  connection = priced,
  endpoint,
  consumer,
  key,
  more = '',
}: Settings): string {
  const further = (text: string | undefined) => (text === undefined ? '' : `, ${text}`)
  const keys = `keys: [{ id: shop, secret: secret:shop_key, scopes: [run, trace, models, cost]${further(key)} }]`
  return `format: sluice/project@1
name: Test
gateway: { ${gateway} }
connections: { one: { provider: openai-compatible, base_url: "${one.url}/v1", ${connection} } }
endpoints: { echo: { flow: echo, labels: { production: 1 }${further(endpoint)} } }
consumers: { shop: { ${keys}${further(consumer)} } }
${more}`
}

beforeAll(async () => {
  one = await startUpstream(answer('from one'))
  folder = folderOf({ 'flows/echo.flow.yaml': flow })
  folder.write('sluice.yaml', project({}).replace(/endpoints: .*\n/, ''))
  expect((await sluice(['publish', folder.path, 'echo'], { env })).code).toBe(0)
  server = await serve(folder.path, { env })
  const connected = await connectControl(readServerFile(join(folder.path, '.sluice')) as ServerFile)
  if (!connected) throw new Error('the server has no control listener')
  control = connected
}, 30_000)
afterAll(async () => {
  await server?.stop()
  await one?.close()
  folder?.remove()
})
beforeEach(() => one.script(answer('from one')))

/** Saves the file and waits until the server has taken it over. */
async function save(settings: Settings): Promise<void> {
  const generation = async () => (await control.status({})).generation
  const before = await generation()
  edition += 1
  folder.write('sluice.yaml', `${project(settings)}# ${edition}\n`)
  await expect.poll(generation, { interval: 20 }).toBeGreaterThan(before)
}

const run = (body: object = {}, headers: Record<string, string> = {}) =>
  call(`${server.gateway}/run/echo`, { key, body: { input: { q: 'Hi' }, ...body }, headers })
const chat = (model: string, more = {}) =>
  call(`${server.gateway}/v1/chat/completions`, {
    key,
    body: { model, messages: [{ role: 'user', content: 'Hi' }], ...more },
  })

function verdict(reply: Answer): string {
  const { error } = reply.json() as { error?: { code: string } }
  return error ? `${reply.status} ${error.code}` : String(reply.status)
}
const once = async () => verdict(await run())
const twice = async () => `${await once()}, ${await once()}`
const together = async () => (await Promise.all([once(), once()])).sort().join(', ')

describe('a setting acts as soon as the file is saved:', () => {
  const bucket = '{ max: 1, window_s: 60 }'
  const origin = { origin: 'https://shop.test' }
  const cases: readonly [string, Settings, () => Promise<unknown>, unknown][] = [
    ['deny_ip', { gateway: 'deny_ip: [127.0.0.1]' }, once, '403 forbidden'],
    ['allow_ip', { gateway: 'allow_ip: [10.0.0.0/8]' }, once, '403 forbidden'],
    [
      'hosts',
      { gateway: 'hosts: ["flows.test:80"]' },
      async () => verdict(await run({}, { host: 'flows.test' })),
      '200',
    ],
    ['requests', { gateway: `limits: { requests: ${bucket} }` }, twice, '200, 429 rate_limited'],
    ['per_address', { gateway: `limits: { per_address: ${bucket} }` }, twice, '200, 429 rate_limited'],
    ['tokens', { gateway: 'limits: { tokens: { max: 9, window_s: 60 } }' }, twice, '200, 429 token_limited'],
    ['body_bytes', { gateway: 'limits: { body_bytes: 9 }' }, once, '413 payload_too_large'],
    [
      'concurrent of the gateway',
      { gateway: 'limits: { concurrent: 1, queue: 0 }' },
      together,
      '200, 503 overloaded',
    ],
    ['queue_ms', { gateway: 'limits: { concurrent: 1, queue_ms: 10 }' }, together, '200, 503 overloaded'],
    ['queue', { gateway: 'limits: { concurrent: 1, queue: 1 }' }, together, '200, 200'],
    [
      'concurrent_per_key',
      { gateway: 'limits: { concurrent_per_key: 1 }' },
      together,
      '200, 429 concurrency_limited',
    ],
    ['state draft', { endpoint: 'state: draft' }, once, '404 endpoint_not_found'],
    ['state retired', { endpoint: 'state: retired' }, once, '410 gone'],
    ['a retired version', { endpoint: 'versions: { 1: { state: retired } }' }, once, '410 gone'],
    ['surfaces', { endpoint: 'surfaces: [openai]' }, once, '404 endpoint_not_found'],
    ['require_metadata', { endpoint: 'require_metadata: [user_id]' }, once, '400 invalid_request'],
    [
      'unknown_fields',
      { endpoint: 'unknown_fields: refuse' },
      async () => verdict(await chat('echo', { top_p: 1 })),
      '400 invalid_request',
    ],
    ['approval', { endpoint: 'access: { approval: true }' }, once, '403 pending_approval'],
    [
      'approval, which a list of access gives',
      { endpoint: 'access: { approval: true }', consumer: 'access: { echo: [production] }' },
      once,
      '200',
    ],
    [
      'cors',
      { endpoint: 'access: { cors: ["https://shop.test"] }' },
      async () => (await run({}, origin)).headers['access-control-allow-origin'],
      'https://shop.test',
    ],
    ['no cors', {}, async () => verdict(await run({}, origin)), '403 origin_refused'],
    [
      'requests of an endpoint',
      { endpoint: `limits: { requests: ${bucket} }` },
      twice,
      '200, 429 rate_limited',
    ],
    [
      'concurrent of an endpoint',
      { endpoint: 'limits: { concurrent: 1 }' },
      together,
      '200, 429 concurrency_limited',
    ],
    ['timeout_ms', { endpoint: 'limits: { timeout_ms: 20 }' }, once, '504 timeout'],
    ['answer_bytes', { endpoint: 'limits: { answer_bytes: 3 }' }, once, '502 output_invalid'],
    ['max_cost_usd', { endpoint: 'limits: { max_cost_usd: 0.00001 }' }, once, '402 cost_cap_reached'],
    ['access', { consumer: 'access: { echo: [staging] }' }, once, '403 forbidden'],
    ['access to nothing', { consumer: 'access: {}' }, once, '404 endpoint_not_found'],
    [
      'requests of a consumer',
      { consumer: `limits: { requests: ${bucket} }` },
      twice,
      '200, 429 rate_limited',
    ],
    ['budget', { consumer: 'budget: { max_usd: 0.001 }' }, twice, '200, 402 budget_exceeded'],
    ['expires', { key: 'expires: "2020-01-01"' }, once, '401 unauthenticated'],
    ['state of a key', { key: 'state: pending' }, once, '403 pending_approval'],
    ['pin', { key: 'pin: { echo: 9 }' }, once, '404 version_not_found'],
    ['addresses', { key: 'addresses: [10.1.1.1]' }, once, '403 forbidden'],
    ['origins', { key: 'origins: ["https://shop.test"]' }, once, '403 forbidden'],
    ['requests of a key', { key: `limits: { requests: ${bucket} }` }, twice, '200, 429 rate_limited'],
    [
      'timeouts of a connection',
      { connection: 'timeouts: { headers_ms: 20 }' },
      once,
      '504 upstream_timeout',
    ],
    [
      'headers of a connection',
      { connection: 'headers: { X-Team: shop }' },
      async () => (await run()) && one.requests.at(-1)?.headers['x-team'],
      'shop',
    ],
    [
      'context of a model',
      { connection: 'models: { m: { context: 5 } }' },
      async () => verdict(await run({ input: { q: 'word '.repeat(20) } })),
      '400 context_too_long',
    ],
    ['models', { more: 'policies: { models: { allow: ["other/*"] } }\n' }, once, '403 policy_denied'],
  ]
  it.each(cases)('%s', async (_, settings, ask, expected) => {
    one.script({ ...answer('from one'), delayMs: 100 })
    await save(settings)
    expect(await ask()).toEqual(expected)
  })

  it('redact, in what is written down', async () => {
    await save({ more: 'policies: { redact: [email] }\n' })
    const { id } = (await run({ input: { q: 'Write to kim@example.com' } })).json() as { id: string }
    const shown = async () => (await sluice(['runs', 'show', folder.path, id, '--json'])).out
    await expect.poll(shown, { timeout: 5_000 }).toContain('[EMAIL]')
    expect(await shown()).not.toContain('kim@')
  })
})

describe('models behind their connection', () => {
  it('answer without tools where the model takes none', async () => {
    await save({})
    expect((await chat('one/plain', { tools: [] })).status).toBe(200)
  })

  it('are refused by policies.models, with the reason', async () => {
    await save({ more: 'policies: { models: { allow: ["one/m"] } }\n' })
    expect(verdict(await chat('one/other'))).toBe('403 policy_denied')
    expect((await chat('one/m')).status).toBe(200)
  })
})

describe('versions', () => {
  it('that are deprecated alone say since when', async () => {
    const before = Math.floor(Date.now() / 1000)
    await save({ endpoint: 'versions: { 1: { state: deprecated, sunset: "2030-01-01" } }' })
    const { headers } = await run()
    const since = Number(String(headers.deprecation).slice(1))
    expect(since).toBeGreaterThanOrEqual(before)
    expect(since).toBeLessThanOrEqual(Date.now() / 1000)
    expect(headers.sunset).toBe('Tue, 01 Jan 2030 00:00:00 GMT')
  })

  it('that a policy forbids are refused with that reason, and take no list with them', async () => {
    // They were missing to their callers, and GET /endpoints, /openapi.json and /runs/{id} answered 500 for everything.
    await save({})
    const { id } = (await run()).json() as { id: string }
    await expect.poll(async () => (await call(`${server.gateway}/runs/${id}`, { key })).status).toBe(200)
    await save({ more: 'policies: { models: { allow: ["one/other"] } }\n' })
    expect((await run()).json()).toMatchObject({
      error: { code: 'policy_denied', details: { reason: 'model' } },
    })
    for (const path of ['/endpoints', '/openapi.json', '/v1/models', `/runs/${id}`])
      expect([path, (await call(server.gateway + path, { key })).status]).toEqual([path, 200])
  })
})
