import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyHasher, newKey } from '#main/secrets/keys.ts'
import { secrets } from '#main/secrets/secrets.ts'
import { openStore, type Store } from '#main/store/open.ts'
import type { Control } from '#shared/api/control.ts'
import { AppError } from '#shared/errors.ts'
import { connectControl } from './client.ts'
import { type ControlServer, startControl } from './control.ts'
import { knownFault } from './fault.ts'
import { operations } from './operations.ts'
import { claimStart, readServerFile, removeServerFile, writeServerFile } from './server-file.ts'

let store: Store
let server: ControlServer
let control: Control
let changes: string[]
let now: number

beforeEach(async () => {
  store = openStore(':memory:')
  changes = []
  now = Date.parse('2026-11-20T09:00:00Z')
  const dataKey = randomBytes(32)
  const handlers = operations({
    now: () => now,
    keys: store.keys,
    listedKeys: () => [{ id: 'web-1', consumer: 'shop', scopes: ['run'], expiresAt: null }],
    hasConsumer: (consumer) => consumer === 'shop',
    newKey: () => ({ ...newKey(), id: `key_${store.keys.list().length + 1}` }),
    hashKey: keyHasher(dataKey),
    secrets: secrets({ dataKey, env: {}, table: store.secrets }),
    secretInEnvironment: (name) => name === 'from_env',
    secretNames: () => ['from_env', 'openai_key'],
    audit: (action, subject, facts) => store.audit.append({ at: now, actor: 'test', action, subject, facts }),
    publish: () => {
      throw new AppError('endpoint_not_found', { message: 'There is no flow "nothing".' })
    },
    status: () => ({
      pid: 1,
      version: '0',
      gateway: null,
      studio: null,
      generation: 1,
      endpoints: [],
      log: { waiting: 0, droppedBodies: 0, droppedRows: 0, failure: null },
      problems: [],
    }),
    connections: () => [],
    testConnection: () => ({ ok: true, ms: 1, model: null, error: null }),
    listModels: async () => [],
    changed: (what) => void changes.push(what),
  })
  server = await startControl({ host: '127.0.0.1', port: 0, handlers, report: () => undefined })
  const connected = await connectControl({ pid: process.pid, control: server.url, token: server.token })
  if (!connected) throw new Error('no control')
  control = connected
})
afterEach(async () => {
  await server.close()
  store.close()
})

interface Raw {
  readonly path?: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

function raw({
  path = '/control/status',
  method = 'POST',
  headers = {},
  body = '{}',
}: Raw): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const all = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json', ...headers }
    const outgoing = request(`${server.url}${path}`, { method, headers: all }, (response) => {
      let text = ''
      response.on('data', (part) => {
        text += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

describe('keys over the control listener', () => {
  it('shows a new key once, keeps only its hash, and tells the gateway before it answers', async () => {
    const made = await control['key.create']({ consumer: 'web-shop', scopes: ['run', 'cost'] })
    expect(made.key).toMatch(/^slk_[0-9A-Za-z]{8}_[0-9A-Za-z]{32}$/)
    expect(changes).toEqual(['keys'])
    const list = await control['key.list']({})
    expect(list.map((key) => [key.id, key.source])).toEqual([
      ['key_1', 'store'],
      ['web-1', 'file'],
    ])
    expect(JSON.stringify([list, store.keys.list(), store.audit.list()])).not.toContain(made.key)
  })

  it('revokes once, says so twice, and names what it does not know', async () => {
    const { id } = await control['key.create']({ consumer: 'web-shop' })
    expect(await control['key.revoke']({ id })).toEqual({ id, state: 'revoked' })
    expect(await control['key.revoke']({ id })).toEqual({ id, state: 'already' })
    await expect(control['key.revoke']({ id: 'key_9' })).rejects.toMatchObject({ code: 'not_found' })
    await expect(control['key.revoke']({ id: 'web-1' })).rejects.toThrow(/sluice.yaml/)
    expect(store.audit.list().map((entry) => entry.action)).toEqual(['key.create', 'key.revoke'])
  })

  it('refuses an expiry in the past and a scope that does not exist', async () => {
    await expect(control['key.create']({ consumer: 'a', expires: '2020-01-01T00:00:00Z' })).rejects.toThrow(
      /past/,
    )
    await expect(
      control['key.create']({ consumer: 'a', scopes: ['everything' as 'run'] }),
    ).rejects.toMatchObject({ code: 'invalid_request' })
    expect(store.keys.list()).toEqual([])
  })
})

describe('secrets over the control listener', () => {
  it('are set, listed without value, and removed', async () => {
    await control['secret.set']({ name: 'openai_key', value: 'sk-marker' })
    const list = await control['secret.list']({})
    expect(list).toMatchObject([
      { name: 'from_env', source: 'environment' },
      { name: 'openai_key', source: 'store' },
    ])
    expect(JSON.stringify(list)).not.toContain('sk-marker')
    expect(await control['secret.remove']({ name: 'openai_key' })).toEqual({ removed: true })
    expect(await control['secret.list']({})).toMatchObject([{}, { name: 'openai_key', source: 'missing' }])
  })
})

describe('the control listener refuses', () => {
  it.each<[string, Raw, number, string]>([
    ['no token', { headers: { authorization: '' } }, 401, 'unauthenticated'],
    ['a wrong token', { headers: { authorization: 'Bearer x' } }, 401, 'unauthenticated'],
    ['a foreign Host', { headers: { host: 'evil.example' } }, 403, 'origin_refused'],
    ['a foreign Origin', { headers: { origin: 'https://evil.example' } }, 403, 'origin_refused'],
    ['a null Origin', { headers: { origin: 'null' } }, 403, 'origin_refused'],
    ['a cross-site fetch', { headers: { 'sec-fetch-site': 'cross-site' } }, 403, 'origin_refused'],
    ['an unknown path', { path: '/control/nothing' }, 404, 'not_found'],
    ['a prototype name as operation', { path: '/control/constructor' }, 404, 'not_found'],
    ['a path outside', { path: '/' }, 404, 'not_found'],
    ['another method', { method: 'PUT' }, 405, 'method_not_allowed'],
    ['a simple form post', { headers: { 'content-type': 'text/plain' } }, 415, 'unsupported_media_type'],
    ['a body that is not JSON', { body: '{' }, 400, 'invalid_request'],
    ['an unknown field', { body: '{"x":1}' }, 400, 'invalid_request'],
    ['a body without end', { body: JSON.stringify({ x: 'y'.repeat(2_000_000) }) }, 413, 'payload_too_large'],
  ])('%s', async (_, call, status, code) => {
    const answer = await raw(call)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code } })
    expect(answer.body).not.toContain(server.token)
  })

  it('and passes on the reason of an operation that fails', async () => {
    await expect(control.publish({ flow: 'nothing' })).rejects.toMatchObject({
      code: 'endpoint_not_found',
      message: 'There is no flow "nothing".',
    })
  })
})

describe('the server file', () => {
  it('is readable by its owner only and removed only by its writer', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-file-'))
    writeServerFile(folder, { pid: 7, control: server.url, token: 't' })
    expect(statSync(join(folder, 'server.json')).mode & 0o777).toBe(0o600)
    removeServerFile(folder, 8)
    expect(readServerFile(folder)).toMatchObject({ pid: 7, token: 't' })
    removeServerFile(folder, 7)
    expect(readServerFile(folder)).toBeUndefined()
    rmSync(folder, { recursive: true })
  })

  it('of a killed server leads nowhere', async () => {
    expect(await connectControl({ pid: 1, control: 'http://127.0.0.1:9', token: 't' })).toBeUndefined()
  })

  it.each([
    ['a page', 200, '<html>'],
    ['null', 200, 'null'],
    ['another server of Sluice', 401, '{"error":{"code":"unauthenticated","message":"wrong token"}}'],
  ])('of a killed server leads nowhere when %s answers on its port', async (_, status, body) => {
    const stranger = createServer((_request, response) => response.writeHead(status).end(body))
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    const { port } = stranger.address() as AddressInfo
    expect(await connectControl({ pid: 1, control: `http://127.0.0.1:${port}`, token: 't' })).toBeUndefined()
    stranger.closeAllConnections()
    stranger.close()
  })

  it('of a server that hangs stops the command: a key revoked beside it would go on working', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const file = { pid: 4711, control: `http://127.0.0.1:${port}`, token: 't' }
    await expect(connectControl(file, { status: 50, work: 50 })).rejects.toThrow(/process 4711.* not answer/)
    silent.closeAllConnections()
    silent.close()
  })

  it('is waited for: one server starts at a time, and a claim of the dead counts no more', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-file-'))
    const end = claimStart(folder)
    writeFileSync(join(folder, 'server.starting'), '1')
    expect(() => claimStart(folder)).toThrow(/Another server is just starting/)
    end()
    claimStart(folder)()
    writeFileSync(join(folder, 'server.starting'), '999999999')
    claimStart(folder)()
    writeFileSync(join(folder, 'server.starting'), '1')
    utimesSync(join(folder, 'server.starting'), 0, 0)
    claimStart(folder)()
    expect(readdirSync(folder)).toEqual([])
    rmSync(folder, { recursive: true })
  })
})

describe('faults of the machine', () => {
  it('are told as what happened and what to do', () => {
    const fault = (code: string, path?: string) =>
      knownFault(Object.assign(new Error('EXXX: raw'), { code, ...(path === undefined ? {} : { path }) }))
        ?.message
    expect(fault('SQLITE_FULL')).toMatch(/disk is full.*try again/)
    expect(fault('SQLITE_BUSY_SNAPSHOT')).toMatch(/locked/)
    expect(fault('SQLITE_READONLY_DIRECTORY')).toMatch(/may not write the store/)
    expect(fault('ENOENT', '/a/b')).toBe('There is no file or folder "/a/b".')
    expect(fault('ENOSPC')).toMatch(/disk is full/)
    expect(fault('EWEIRD')).toBeUndefined()
    expect(knownFault(new TypeError('x'))).toBeUndefined()
  })

  it('and input that cannot be used is named field by field', async () => {
    await expect(control['key.create']({ consumer: 'Shop!' })).rejects.toThrow(
      '"consumer" must be a name such as web-shop.',
    )
    await expect(
      control['key.create']({ consumer: 'a', expires: 'tomorrow', scopes: ['x' as 'run'] }),
    ).rejects.toThrow(/^"scopes" take run, .*; "expires" must be a day or time such as "2027-03-01"/)
  })
})
