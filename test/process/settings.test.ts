// Settings of sluice.yaml in a running server: each acts, and acts as soon as the file is saved.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { answer } from '../upstream/replies.ts'
import { startUpstream, type Upstream } from '../upstream/server.ts'
import { call, folderOf, type Served, serve, sluice } from './sluice.ts'

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
let edition = 0

const project = ({ endpoint = '', connections = '', more = '' }) => `format: sluice/project@1
name: Test
connections:
  one: { provider: openai-compatible, base_url: "${one.url}/v1", local: true, models: { plain: { tools: false } } }
${connections}endpoints:
  echo: { flow: echo, labels: { production: 1 }, ${endpoint} }
consumers:
  shop:
    keys: [{ id: shop, secret: secret:shop_key, scopes: [run, trace, models] }]
${more}# ${edition}
`

beforeAll(async () => {
  one = await startUpstream(answer('from one'))
  folder = folderOf({ 'flows/echo.flow.yaml': flow })
  folder.write(
    'sluice.yaml',
    project({})
      .replace(/ {2}echo: .*\n/, '')
      .replace('endpoints:', 'endpoints: {}'),
  )
  expect((await sluice(['publish', folder.path, 'echo'], { env })).code).toBe(0)
  server = await serve(folder.path, { env })
}, 30_000)
afterAll(async () => {
  await server?.stop()
  await one?.close()
  folder?.remove()
})
beforeEach(() => one.script(answer('from one')))

/** Saves the file and waits until the server has taken it over: `name` is in the list of endpoints then. */
async function save(settings: Parameters<typeof project>[0]): Promise<void> {
  edition += 1
  const title = `edition ${edition}`
  folder.write(
    'sluice.yaml',
    project({ ...settings, endpoint: `title: ${title}, ${settings.endpoint ?? ''}` }),
  )
  await expect.poll(async () => (await call(`${server.gateway}/endpoints`, { key })).text).toContain(title)
}
const run = (reference = 'echo') =>
  call(`${server.gateway}/run/${reference}`, { key, body: { input: { q: 'Hi' } } })
const chat = (model: string) =>
  call(`${server.gateway}/v1/chat/completions`, {
    key,
    body: { model, messages: [{ role: 'user', content: 'Hi' }], tools: [] },
  })

describe('models behind their connection', () => {
  it('answer without tools where the model takes none', async () => {
    await save({})
    expect((await chat('one/plain')).status).toBe(200)
  })

  it('are refused by policies.models, with the reason', async () => {
    await save({ more: 'policies: { models: { allow: ["one/m"] } }\n' })
    const refused = await chat('one/other')
    expect([refused.status, refused.json()]).toMatchObject([403, { error: { code: 'policy_denied' } }])
    expect((await chat('one/m')).status).toBe(200)
  })
})

describe('versions', () => {
  it('that are deprecated alone say since when', async () => {
    const before = Math.floor(Date.now() / 1000)
    await save({ endpoint: 'versions: { 1: { state: deprecated, sunset: "2030-01-01" } }' })
    const reply = await run()
    const since = Number(String(reply.headers.deprecation).slice(1))
    expect(since).toBeGreaterThanOrEqual(before)
    expect(since).toBeLessThanOrEqual(Date.now() / 1000)
    expect(reply.headers.sunset).toBe('Tue, 01 Jan 2030 00:00:00 GMT')
  })

  it('that a policy forbids are refused with that reason, and take no list with them', async () => {
    // They were missing to their callers, and GET /endpoints, /openapi.json and /runs/{id} answered 500 for everything.
    await save({})
    const { id } = (await run()).json() as { id: string }
    await expect.poll(async () => (await call(`${server.gateway}/runs/${id}`, { key })).status).toBe(200)
    edition += 1
    folder.write('sluice.yaml', project({ more: 'policies: { models: { allow: ["one/other"] } }\n' }))
    await expect.poll(async () => (await run()).status).toBe(403)
    expect((await run()).json()).toMatchObject({
      error: { code: 'policy_denied', details: { reason: 'model' } },
    })
    for (const path of ['/endpoints', '/openapi.json', '/v1/models', `/runs/${id}`])
      expect([path, (await call(server.gateway + path, { key })).status]).toEqual([path, 200])
  })
})
