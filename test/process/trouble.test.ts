// What goes wrong around a server: signals at the wrong moment, files that vanish, ports and pipes that are gone.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answer } from '../upstream/replies.ts'
import { startUpstream, type Upstream } from '../upstream/server.ts'
import { call, folderOf, type Served, serve, sluice } from './sluice.ts'
import { secretEnv, workspace } from './workspace.ts'

let one: Upstream
let two: Upstream
let folder: ReturnType<typeof workspace>
const env = secretEnv

beforeAll(async () => {
  one = await startUpstream(answer('from one'))
  two = await startUpstream(answer('from two'))
  folder = workspace(one, two)
  expect((await sluice(['publish', folder.path, 'support'], { env })).code).toBe(0)
}, 30_000)
afterAll(async () => {
  await one?.close()
  await two?.close()
  folder?.remove()
})

async function keyFor(path: string): Promise<string> {
  const made = await sluice(['key', 'create', path, '--consumer', 'shop', '--json'], { env })
  return (JSON.parse(made.out) as { key: string }).key
}

const ask = (server: Served, key: string) =>
  call(`${server.gateway}/run/support`, { key, body: { input: { question: 'Hi' } } })

describe('a command that cannot do its work says so', () => {
  const nowhere = join('/tmp', 'sluice-nowhere')
  it.each<[string, readonly string[], RegExp]>([
    ['a label that is taken', ['publish', '.', 'support', '--label', 'draft'], /"label" cannot be "draft"/],
    ['an unknown flow', ['run', '.', 'suport'], /no flow "suport".*There are: support/],
    ['a reference of two parts', ['run', '.', 'support@1@2'], /no version or label "1@2"/],
    ['an input file that is missing', ['run', '.', 'support', '--input', `@${nowhere}`], /no file or folder/],
    [
      'a cassette without a place, before the run',
      ['run', '.', 'support', '--input', 'Hi', '--record', `${nowhere}/a.jsonl`],
      /no folder ".*sluice-nowhere"/,
    ],
    ['a port', ['simulator', '--port', 'abc'], /--port takes a port from 0 to 65535, not "abc"/],
    ['a state', ['runs', 'list', '.', '--state', 'ok'], /--state takes completed, failed/],
    ['a store', ['audit', '.', '--store', nowhere], /There is no store/],
    ['an address', ['serve', '.', '--host', ''], /--host takes an address/],
  ])('%s', async (_, args, sentence) => {
    const before = readFileSync(join(folder.path, 'sluice.yaml'), 'utf8')
    one.script(answer('from one'))
    const told = await sluice(
      args.map((arg) => (arg === '.' ? folder.path : arg)),
      { env },
    )
    expect(told).toMatchObject({ code: 2, out: '', err: expect.stringMatching(sentence) })
    expect(told.err).not.toMatch(/\n\s+at |node:internal/)
    expect([readFileSync(join(folder.path, 'sluice.yaml'), 'utf8'), one.requests.length]).toEqual([before, 0])
  })
})

describe('a server', () => {
  it('can be stopped at the moment it says that it is ready', async () => {
    // Its handlers were set after the line was written; a signal in between killed it without draining.
    const codes: (number | null)[] = []
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      codes.push(await (await serve(folder.path, { env })).stop(signal))
    expect(codes).toEqual([0, 0, 0])
  })

  it('starts once, however many are started at the same moment', async () => {
    const tried = await Promise.allSettled([1, 2, 3].map(() => serve(folder.path, { env })))
    const up = tried.filter((each) => each.status === 'fulfilled').map((each) => each.value)
    const reasons = tried.filter((each) => each.status === 'rejected').map((each) => String(each.reason))
    await Promise.all(up.map((server) => server.stop()))
    expect(up).toHaveLength(1)
    for (const reason of reasons)
      expect(reason).toMatch(/ended with 2.*server (already runs|is just starting)/)
  })

  it('outlives the terminal that it was started in, and its standard input', async () => {
    const server = await serve(folder.path, { env })
    server.child.stdin?.end()
    server.child.stdout?.destroy()
    server.child.stderr?.destroy()
    const text = readFileSync(join(folder.path, 'sluice.yaml'), 'utf8')
    folder.write('sluice.yaml', `${text}wrong: [\n`)
    await new Promise((resolve) => setTimeout(resolve, 300))
    folder.write('sluice.yaml', text)
    expect((await call(`${server.gateway}/healthz`)).status).toBe(200)
    expect(await server.stop()).toBe(0)
  })

  it('goes on serving a version whose file is gone, and says when all is right again', async () => {
    const server = await serve(folder.path, { env })
    const key = await keyFor(folder.path)
    const file = join(folder.path, 'versions/support/1.yaml')
    const text = readFileSync(file, 'utf8')
    rmSync(file)
    await expect.poll(() => server.output()).toMatch(/served as before:\s+sluice.yaml:\d+:\d+ .*no version 1/)
    expect((await ask(server, key)).json()).toMatchObject({ version: 1, output: { answer: 'from one' } })
    folder.write('versions/support/1.yaml', text)
    await expect.poll(() => server.output()).toContain('The files are right again and in force.')
    await server.stop()
  })

  it('tells at its start what it cannot serve, and why', async () => {
    const own = workspace(one, two)
    await sluice(['publish', own.path, 'support'], { env })
    const version = readFileSync(join(own.path, 'versions/support/1.yaml'), 'utf8')
    own.write('versions/support/1.yaml', version.replace('brief', 'long '))
    const server = await serve(own.path)
    await expect.poll(() => server.output()).toMatch(/does not match its hash/)
    expect(server.output()).toMatch(/label "production" is not served/)
    expect(server.output()).toMatch(/"one_key" has no value; set it: sluice secret set <folder> one_key/)
    await server.stop()
    own.remove()
  })

  it('keeps its store where it is told, and the commands find it there', async () => {
    const own = workspace(one, two)
    const elsewhere = folderOf({})
    const store = join(elsewhere.path, 'deep/store.db')
    const server = await serve(own.path, { env, args: ['--store', store] })
    const key = await keyFor(own.path)
    await sluice(['publish', own.path, 'support'], { env })
    expect((await ask(server, key)).status).toBe(200)
    await expect
      .poll(async () => (await sluice(['runs', 'list', own.path])).out, { timeout: 5_000 })
      .toContain('run_')
    const other = await sluice(['key', 'list', own.path, '--store', join(elsewhere.path, 'other.db')])
    expect([other.code, other.err]).toEqual([2, expect.stringMatching(/uses the store .*stop the server/)])
    await server.stop()
    expect((await sluice(['key', 'list', own.path, '--store', store])).out).toContain('shop')
    own.remove()
    elsewhere.remove()
  }, 20_000)

  it('refuses a data key that is not the one of its store', async () => {
    // It started, and every key of every caller was unknown.
    const own = workspace(one, two)
    await keyFor(own.path)
    own.write('.sluice/store.db.key', `${'0'.repeat(64)}\n`)
    const refused = await sluice(['serve', own.path, '--gateway-port', '0', '--no-studio'])
    expect([refused.code, refused.err]).toEqual([2, expect.stringMatching(/data key is not the one/)])
    own.remove()
  })
})
