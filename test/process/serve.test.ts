// The main path as people and scripts walk it: files, command line, server process, HTTP, the official client.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { answer, failure, sse, stream } from '../upstream/replies.ts'
import { type Script, startUpstream, type Upstream } from '../upstream/server.ts'
import { call, type Served, serve, sluice } from './sluice.ts'
import { flow, secretEnv, workspace } from './workspace.ts'

let one: Upstream
let two: Upstream
let folder: ReturnType<typeof workspace>
let server: Served
let key: string
const env = secretEnv

beforeAll(async () => {
  one = await startUpstream()
  two = await startUpstream()
  folder = workspace(one, two)
  const published = await sluice(['publish', folder.path, 'support', '--note', 'first'], { env })
  expect(published.err + published.out).toMatch(/version 1|v1/i)
  expect(published.code).toBe(0)
  server = await serve(folder.path, { env })
  const made = await sluice(
    ['key', 'create', folder.path, '--consumer', 'shop', '--scopes', 'run,cost,trace', '--json'],
    { env },
  )
  key = (JSON.parse(made.out) as { key: string }).key
}, 60_000)
afterAll(async () => {
  await server?.stop()
  await one?.close()
  await two?.close()
  folder?.remove()
})
beforeEach(() => {
  one.script(answer('from one'))
  two.script(answer('from two'))
})

const ask = (body: object = {}, headers = {}) =>
  call(`${server.gateway}/run/support`, { key, body: { input: { question: 'Hi' }, ...body }, headers })

describe('a published flow', () => {
  it('answers JSON with version, usage and cost facts, and sends the credential upstream only', async () => {
    const reply = await ask()
    expect(reply.json()).toMatchObject({
      endpoint: 'support',
      version: 1,
      output: { answer: 'from one' },
      usage: { input_tokens: 12, output_tokens: 3, model_calls: 1 },
    })
    expect(reply.status).toBe(200)
    expect(one.requests[0]?.headers.authorization).toBe('Bearer sk-marker-one-4711')
    expect(one.requests[0]?.json).toMatchObject({
      model: 'gpt-4o-mini',
      messages: [
        { role: 'system', content: 'You are brief.' },
        { role: 'user', content: 'Hi' },
      ],
    })
    expect(reply.headers['sluice-served-by']).toBe('one/gpt-4o-mini')
    expect(reply.text + JSON.stringify(reply.headers)).not.toContain('sk-marker')
  })

  it('streams as server-sent events whose joined deltas are the answer', async () => {
    one.script(stream(['Hel', 'lo', ' there']))
    const reply = await ask({ options: { stream: true } })
    expect(reply.headers['content-type']).toMatch(/^text\/event-stream/)
    const events = reply.text
      .trim()
      .split('\n\n')
      .map((event) => {
        const fields = Object.fromEntries(
          event
            .split('\n')
            .map((each) => [each.slice(0, each.indexOf(':')), each.slice(each.indexOf(':') + 2)]),
        )
        return {
          id: Number(fields.id),
          type: fields.event,
          data: JSON.parse(fields.data ?? '{}') as Record<string, unknown>,
        }
      })
    expect(events.map((event) => event.id)).toEqual(events.map((_, i) => i + 1))
    expect(events[0]?.type).toBe('run.started')
    expect(
      events
        .filter((event) => event.type === 'output.delta')
        .map((event) => event.data.delta)
        .join(''),
    ).toBe('Hello there')
    expect(events.at(-1)).toMatchObject({
      type: 'run.completed',
      data: { output: { answer: 'Hello there' } },
    })
  })

  it('serves the official OpenAI client, whole and streamed', async () => {
    const client = new OpenAI({ baseURL: `${server.gateway}/v1`, apiKey: key, maxRetries: 0 })
    const whole = await client.chat.completions.create({
      model: 'support',
      messages: [{ role: 'user', content: 'Hi' }],
    })
    expect(whole.choices[0]?.message.content).toBe('from one')
    expect(whole.usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 3 })
    one.script(stream(['a', 'b', 'c']))
    let text = ''
    let finish: string | null = null
    for await (const chunk of await client.chat.completions.create({
      model: 'support@production',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
    })) {
      text += chunk.choices[0]?.delta.content ?? ''
      finish = chunk.choices[0]?.finish_reason ?? finish
    }
    expect([text, finish]).toEqual(['abc', 'stop'])
    expect((await client.models.list()).data.map((model) => model.id)).toContain('support')
    await expect(
      client.chat.completions.create({ model: 'nothing', messages: [{ role: 'user', content: 'Hi' }] }),
    ).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
  })

  it('shows its run by id, with steps, within a second', async () => {
    const { id } = (await ask()).json() as { id: string }
    await expect
      .poll(async () => (await call(`${server.gateway}/runs/${id}`, { key })).status, { timeout: 1_500 })
      .toBe(200)
    const run = (await call(`${server.gateway}/runs/${id}`, { key })).json() as {
      state: string
      steps: { node: string }[]
    }
    expect(run.state).toBe('completed')
    expect(run.steps.map((step) => step.node)).toContain('first')
    const shown = await sluice(['runs', 'show', folder.path, id, '--json'], { env })
    expect(JSON.parse(shown.out)).toMatchObject({ id, endpoint: 'support', output: { answer: 'from one' } })
  })

  it('describes itself as OpenAPI, typed', async () => {
    const spec = (await call(`${server.gateway}/openapi.json`, { key })).json() as {
      openapi: string
      paths: Record<string, unknown>
    }
    expect(spec.openapi).toMatch(/^3\.1/)
    expect(Object.keys(spec.paths).some((path) => path.includes('support'))).toBe(true)
    expect(JSON.stringify(spec)).toContain('question')
  })
})

describe('when the first model fails, the fallback answers', () => {
  const cases: readonly (readonly [string, Script, number])[] = [
    ['500', failure(500), 2],
    ['429 twice', failure(429, {}, { 'retry-after': '0' }), 2],
    [
      'a cut connection',
      {
        raw: 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{"id":',
        end: 'close',
      },
      2,
    ],
    ['garbage', { status: 200, headers: { 'content-type': 'application/json' }, body: '<html>' }, 2],
    ['a bad credential', failure(401), 1],
    ['no first token', { delayMs: 3_000, body: '' }, 1],
  ]
  it.each(cases)(
    '%s',
    async (_, reply, calls) => {
      one.script(reply)
      const whole = await ask()
      expect(whole.json()).toMatchObject({ output: { answer: 'from two' } })
      expect([one.requests.length, two.requests.length]).toEqual([calls, 1])
      expect(whole.headers['sluice-served-by']).toBe('two/gpt-4o-mini')
    },
    10_000,
  )

  it.each(cases)(
    '%s, streamed',
    async (_, reply, calls) => {
      one.script(reply)
      two.script(stream(['from', ' two']))
      const streamed = await ask({ options: { stream: true } })
      expect(streamed.text).toContain('"answer":"from two"')
      expect([one.requests.length, two.requests.length]).toEqual([calls, 1])
    },
    10_000,
  )

  it('and the fixed answer when both fail, marked degraded', async () => {
    one.script(failure(401))
    two.script(failure(401))
    const reply = await ask()
    expect(reply.json()).toMatchObject({ output: { answer: 'Please try again later.' } })
    expect(reply.headers['sluice-degraded']).toBe('true')
  })

  it('but a stream that broke after its first token ends with an error, never with a second answer', async () => {
    one.script({
      ...sse([
        JSON.stringify({
          id: 'c',
          object: 'chat.completion.chunk',
          created: 1,
          model: 'm',
          choices: [{ index: 0, delta: { content: 'half' } }],
        }),
      ]),
      end: 'close',
    })
    const reply = await ask({ options: { stream: true } })
    expect(reply.text).toContain('"delta":"half"')
    expect(reply.text).toContain('event: run.failed')
    expect(reply.text).toContain('upstream_bad_response')
    expect(reply.text).not.toContain('from two')
  })
})

describe('keys', () => {
  it('are needed on every route', async () => {
    for (const path of ['/run/support', '/v1/models', '/endpoints', '/openapi.json', '/runs/run_x']) {
      const reply = await call(
        `${server.gateway}${path}`,
        path === '/run/support' ? { body: { input: {} } } : {},
      )
      expect([path, reply.status]).toEqual([path, 401])
    }
    expect((await call(`${server.gateway}/healthz`)).status).toBe(200)
    expect((await call(`${server.gateway}/readyz`)).status).toBe(200)
  })

  it('made while the server runs work at once and fail at once when revoked', async () => {
    const made = JSON.parse(
      (await sluice(['key', 'create', folder.path, '--consumer', 'other', '--json'], { env })).out,
    ) as { id: string; key: string }
    const run = () =>
      call(`${server.gateway}/run/support`, { key: made.key, body: { input: { question: 'Hi' } } })
    expect((await run()).status).toBe(200)
    const revoked = await sluice(['key', 'revoke', folder.path, made.id], { env })
    expect(revoked.code).toBe(0)
    const after = await run()
    expect([after.status, (after.json() as { error: { code: string } }).error.code]).toEqual([
      401,
      'unauthenticated',
    ])
  })
})

describe('publishing while the server runs', () => {
  it('makes a new version only when the content differs, and moves the label', async () => {
    const same = await sluice(['publish', folder.path, 'support', '--json'], { env })
    expect(JSON.parse(same.out)).toMatchObject({ version: 1, reused: true })
    folder.write('flows/support.flow.yaml', flow.replace('You are brief.', 'You are very brief.'))
    const next = await sluice(['publish', folder.path, 'support', '--json'], { env })
    expect(JSON.parse(next.out)).toMatchObject({ version: 2, reused: false })
    expect((await ask()).json()).toMatchObject({ version: 2 })
    expect(
      (await call(`${server.gateway}/run/support@1`, { key, body: { input: { question: 'Hi' } } })).json(),
    ).toMatchObject({ version: 1 })
  })

  it('refuses a draft with errors, shows them, and goes on serving', async () => {
    folder.write('flows/support.flow.yaml', flow.replace('first_token_ms', 'first_tokn_ms'))
    const broken = await sluice(['publish', folder.path, 'support'], { env })
    expect(broken.code).toBe(1)
    expect(broken.out + broken.err).toMatch(
      /flows\/support\.flow\.yaml:\d+:\d+ unknown field "first_tokn_ms" in fallback config; did you mean "first_token_ms"\?/,
    )
    expect((await ask()).status).toBe(200)
    const check = await sluice(['check', folder.path, '--json'], { env })
    expect(check.code).toBe(1)
    folder.write('flows/support.flow.yaml', flow)
    expect((await sluice(['check', folder.path], { env })).code).toBe(0)
  })

  it('loses and mixes no request', async () => {
    let sent = 0
    const versions = new Set<unknown>()
    const failures: unknown[] = []
    let running = true
    const caller = async () => {
      while (running && sent < 3_000) {
        sent += 1
        const reply = await ask()
        if (reply.status === 200) versions.add((reply.json() as { version: number }).version)
        else failures.push(reply.text)
      }
    }
    const callers = [caller(), caller(), caller()]
    for (const words of ['one two', 'three four', 'five six']) {
      folder.write('flows/support.flow.yaml', flow.replace('You are brief.', `You say ${words}.`))
      expect((await sluice(['publish', folder.path, 'support'], { env })).code).toBe(0)
    }
    running = false
    await Promise.all(callers)
    expect(failures).toEqual([])
    expect(versions.size).toBeGreaterThan(1)
  }, 40_000)

  it('a hand edit of sluice.yaml takes effect without a command, a broken one changes nothing', async () => {
    const text = readFileSync(join(folder.path, 'sluice.yaml'), 'utf8')
    folder.write('sluice.yaml', text.replace('endpoints:', 'endpoints: [broken'))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await ask()).status).toBe(200)
    folder.write('sluice.yaml', text.replace(/production: \d+/, 'production: 1'))
    await expect.poll(async () => (await ask()).json().version, { timeout: 3_000 }).toBe(1)
    folder.write('sluice.yaml', text)
  })
})

describe('the command line', () => {
  it('runs a draft once, whole and streamed', async () => {
    const whole = await sluice(['run', folder.path, 'support', '--input', '{"question":"Hi"}', '--json'], {
      env,
    })
    expect(whole.code).toBe(0)
    expect(JSON.parse(whole.out)).toMatchObject({ output: { answer: 'from one' } })
    one.script(stream(['from ', 'the ', 'stream']))
    expect(
      (await sluice(['run', folder.path, 'support', '--input', 'Hi', '--stream'], { env })).out,
    ).toContain('from the stream')
    const bad = await sluice(['run', folder.path, 'support', '--input', '{"qestion":"Hi"}'], { env })
    expect(bad.code).not.toBe(0)
    expect(bad.err).toMatch(/question/)
  })

  it('records a run and replays it without any call', async () => {
    const cassette = join(folder.path, 'cassettes-test.jsonl')
    expect(
      (await sluice(['run', folder.path, 'support', '--input', 'Hi', '--record', cassette], { env })).code,
    ).toBe(0)
    one.script(failure(500))
    two.script(failure(500))
    const replayed = await sluice(
      ['run', folder.path, 'support', '--input', 'Hi', '--replay', cassette, '--json'],
      { env },
    )
    expect(JSON.parse(replayed.out)).toMatchObject({ output: { answer: 'from one' } })
    const missed = await sluice(
      ['run', folder.path, 'support', '--input', 'Something else', '--replay', cassette],
      { env },
    )
    expect(missed.code).toBe(1)
    expect(missed.err).toMatch(/cassette_miss/)
    expect([one.requests.length, two.requests.length]).toEqual([0, 0])
    expect(readFileSync(cassette, 'utf8')).not.toContain('sk-marker')
  })

  it('says what is wrong with a folder that is no workspace', async () => {
    const none = await sluice(['check', join(folder.path, 'nowhere')])
    expect([none.code, none.err]).toEqual([2, expect.stringMatching(/no folder/)])
    expect((await sluice(['serve', folder.path, '--gateway-port', '99999'])).code).toBe(2)
    expect((await sluice(['nonsense'])).code).toBe(2)
  })

  it('refuses a second server on the same folder', async () => {
    const second = await sluice(
      ['serve', folder.path, '--json', '--gateway-port', '0', '--studio-port', '0'],
      { env },
    )
    expect(second.code).toBe(2)
    expect(second.err).toMatch(/already/)
  })
})

describe('nothing secret is left behind', () => {
  it('in the store, the write-ahead log, the files or the output of the server', async () => {
    await ask()
    const texts = [server.output()]
    const visit = (path: string) => {
      for (const entry of readdirSync(path, { withFileTypes: true })) {
        if (entry.isDirectory()) visit(join(path, entry.name))
        else texts.push(readFileSync(join(path, entry.name), 'latin1'))
      }
    }
    visit(folder.path)
    expect(texts.some((text) => text.includes('sk-marker-one-4711'))).toBe(false)
    expect(texts.some((text) => text.includes(key))).toBe(false)
  })
})

describe('stopping', () => {
  it('SIGTERM lets the running request finish, refuses new ones and exits 0', async () => {
    const own = workspace(one, two)
    await sluice(['publish', own.path, 'support'], { env })
    const made = JSON.parse(
      (await sluice(['key', 'create', own.path, '--consumer', 'a', '--json'], { env })).out,
    ) as { key: string }
    const running = await serve(own.path, { env })
    one.script({ ...answer('late'), delayMs: 350 })
    const pending = call(`${running.gateway}/run/support`, {
      key: made.key,
      body: { input: { question: 'Hi' } },
    })
    await expect.poll(() => one.requests.length).toBe(1)
    const ended = running.stop('SIGTERM')
    expect((await pending).json()).toMatchObject({ output: { answer: 'late' } })
    expect(await ended).toBe(0)
    own.remove()
  }, 30_000)

  it('kill -9 loses no acknowledged key, version or run older than a second', async () => {
    const own = workspace(one, two)
    let running = await serve(own.path, { env })
    const made = JSON.parse(
      (await sluice(['key', 'create', own.path, '--consumer', 'a', '--json'], { env })).out,
    ) as { key: string }
    expect((await sluice(['publish', own.path, 'support', '--json'], { env })).code).toBe(0)
    const ids: { id: string; at: number }[] = []
    let calling = true
    const caller = async () => {
      while (calling) {
        try {
          const reply = await call(`${running.gateway}/run/support`, {
            key: made.key,
            body: { input: { question: 'Hi' } },
          })
          ids.push({ id: (reply.json() as { id: string }).id, at: performance.now() })
        } catch {
          return // The server is gone.
        }
      }
    }
    const callers = [caller(), caller()]
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const killed = performance.now()
    await running.stop('SIGKILL')
    calling = false
    await Promise.all(callers)
    running = await serve(own.path, { env })
    const reply = await call(`${running.gateway}/run/support`, {
      key: made.key,
      body: { input: { question: 'Hi' } },
    })
    expect(reply.json()).toMatchObject({ version: 1 })
    const old = ids.filter(({ at }) => at < killed - 1_000)
    expect(old.length).toBeGreaterThan(50)
    const missing: string[] = []
    for (const { id } of old)
      if ((await call(`${running.gateway}/runs/${id}`, { key: made.key })).status !== 200) missing.push(id)
    expect(missing).toEqual([])
    await running.stop()
    own.remove()
  }, 60_000)
})

describe('starting', () => {
  it('refuses a wildcard address when there is no key at all', async () => {
    const own = workspace(one, two)
    const refused = await sluice(
      ['serve', own.path, '--host', '0.0.0.0', '--gateway-port', '0', '--studio-port', '0', '--json'],
      { env },
    )
    expect(refused.code).toBe(2)
    expect(refused.err).toMatch(/key/i)
    own.remove()
  })

  it('says which option to use when a port is taken', async () => {
    const own = workspace(one, two)
    const port = new URL(server.gateway).port
    const refused = await sluice(['serve', own.path, '--gateway-port', port, '--no-studio', '--json'], {
      env,
    })
    expect([refused.code, refused.out]).toEqual([2, ''])
    expect(refused.err).toContain(
      `Port ${port} is in use by another program. Give another one: --gateway-port`,
    )
    own.remove()
  })

  it('keys and secrets can be managed without a server', async () => {
    const own = workspace(one, two)
    expect((await sluice(['secret', 'set', own.path, 'one_key'], { input: 'sk-from-stdin\n' })).code).toBe(0)
    const list = JSON.parse((await sluice(['secret', 'list', own.path, '--json'])).out) as {
      name: string
      source: string
    }[]
    expect(list).toMatchObject([{ name: 'one_key', source: 'store' }])
    await sluice(['run', own.path, 'support', '--input', 'Hi'])
    expect(one.requests.at(-1)?.headers.authorization).toBe('Bearer sk-from-stdin')
    expect((await sluice(['connection', 'list', own.path, '--json'])).out).toContain('openai-compatible')
    own.remove()
  })

  it('connections can be tried and list their models', async () => {
    const own = workspace(one, two)
    const tried = await sluice(['connection', 'test', own.path, 'two', '--model', 'gpt-4o-mini', '--json'], {
      env,
    })
    expect(JSON.parse(tried.out)).toMatchObject({ ok: true })
    two.script(failure(401))
    const failed = await sluice(['connection', 'test', own.path, 'two', '--model', 'gpt-4o-mini', '--json'], {
      env,
    })
    expect(failed.code).toBe(1)
    expect(JSON.parse(failed.out)).toMatchObject({ ok: false, error: { code: 'upstream_auth' } })
    two.script({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ object: 'list', data: [{ id: 'm-1' }, { id: 'm-2' }] }),
    })
    expect((await sluice(['connection', 'models', own.path, 'two'], { env })).out).toBe('two/m-1\ntwo/m-2\n')
    own.remove()
  })
})
