// Real flows through the real engine: what one part does and another must notice.
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { buildersFor } from '#main/engine/build.ts'
import { prepare } from '#main/engine/prepare.ts'
import { realEngine } from '#main/gateway/engine.ts'
import { guardBuilders } from '#main/guards/builders.ts'
import { definitions } from '#nodes/definitions.ts'
import { runners } from '#nodes/runners.ts'
import { compile } from '#shared/flow/compile/compile.ts'
import type { AnyNodeDefinition } from '#shared/flow/definition.ts'
import type { FlowNode } from '#shared/flow/types.ts'
import { type Reply, scriptedModels } from '../scripted-models.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import { allEvents, errorOf, keyOf, realClock, routeOf, type Stage, stage, versionOf } from './support.ts'

const stages: Stage[] = []
afterEach(async () => {
  await Promise.all(stages.splice(0).map((each) => each.close()))
})

const guards = guardBuilders()
const byType = new Map<string, AnyNodeDefinition>(
  definitions.map((definition) => [definition.type, definition]),
)

function prepared(nodes: Readonly<Record<string, FlowNode>>, edges: readonly string[]) {
  const env = {
    definitions: byType,
    prompt: () => undefined,
    connections: {
      fast: { provider: 'scripted', local: false },
      slow: { provider: 'scripted', local: false },
    },
    model: () => undefined,
    policies: {},
  }
  const { plan, problems } = compile({ slug: 'bot', nodes, edges }, env)
  if (!plan) throw new Error(JSON.stringify(problems))
  return prepare(plan, { runners, builders: (on) => buildersFor(on, guards) })
}

const model = (target: string): FlowNode => ({
  type: 'chat-model',
  config: { targets: [target] },
  policy: { retry: { tries: 1 } },
})
const support = prepared(
  {
    ask: { type: 'input', config: { fields: { question: { type: 'text' } } } },
    check: { type: 'guard-rule', config: { rules: [{ kind: 'pattern', pattern: 'forbidden' }] } },
    compose: { type: 'prompt', config: { blocks: [{ role: 'user', text: '{{ question }}' }] } },
    first: model('fast/m'),
    second: model('slow/m'),
    pick: { type: 'fallback', config: {} },
    answer: { type: 'output' },
  },
  [
    'ask.question -> check.value',
    'check.pass -> compose.question',
    'compose.messages -> first.messages',
    'compose.messages -> second.messages',
    'first.text -> pick.try_1',
    'second.text -> pick.try_2',
    'pick.value -> answer.value',
  ],
)
const chat = prepared(
  {
    talk: { type: 'chat-input', config: { accept_params: ['temperature'] } },
    model: model('fast/m'),
    answer: { type: 'output', config: { type: 'messages' } },
  },
  [
    'talk.messages -> model.messages',
    'talk.system -> model.system',
    'talk.params -> model.params',
    'model.message -> answer.value',
  ],
)

async function open(flow: typeof support, script: Readonly<Record<string, readonly Reply[]>>) {
  const models = scriptedModels({ ...realClock } as VirtualClock, script)
  const http = () => Promise.reject(new Error('no network'))
  const version = { ...versionOf(1), prepared: flow }
  const on = await stage({
    engine: realEngine,
    routes: [routeOf('bot', { versions: new Map([[1, version]]) })],
    deps: { effects: { clock: realClock, models, http } },
    keys: [keyOf({ scopes: ['run', 'trace', 'cost'] })],
  })
  stages.push(on)
  return {
    ...on,
    models,
    client: new OpenAI({ baseURL: `${on.url}/v1`, apiKey: on.key.text, maxRetries: 0 }),
  }
}

const hello = { input: { question: 'Hi?' } }
const words = ['Hel', 'lo ', 'there', ', ', 'friend', '.']
const messages = [{ role: 'user' as const, content: 'Hi?' }]

describe('one flow on both surfaces', () => {
  it('gives the same answer whole, streamed, over REST and over OpenAI', async () => {
    const { post, client, rows } = await open(support, { 'fast/m': [{ parts: words }] })
    const whole = (await (await post('/run/bot', hello)).json()) as { output: { answer: string } }
    expect(whole.output.answer).toBe('Hello there, friend.')
    const events = await allEvents(await post('/run/bot', { ...hello, options: { stream: true } }))
    const deltas = events
      .filter(({ event }) => event === 'output.delta')
      .map(({ data }) => (JSON.parse(data) as { delta: string }).delta)
    expect(deltas).toEqual(words)
    expect(JSON.parse(events.find(({ event }) => event === 'output.field')!.data)).toEqual({
      field: 'answer',
      value: 'Hello there, friend.',
    })
    expect(events.at(-1)?.event).toBe('run.completed')
    const answer = await client.chat.completions.create({ model: 'bot', messages })
    expect(answer.choices[0]?.message.content).toBe('Hello there, friend.')
    const streamed = await client.chat.completions.stream({ model: 'bot', messages }).finalContent()
    expect(streamed).toBe('Hello there, friend.')
    expect(
      rows.map(({ origin, state, streamed, modelCalls }) => [origin, state, streamed, modelCalls]),
    ).toEqual([
      ['rest', 'completed', false, 1],
      ['rest', 'completed', true, 1],
      ['openai', 'completed', false, 1],
      ['openai', 'completed', true, 1],
    ])
  })

  it('falls back before the first part, silently', async () => {
    for (const stream of [false, true]) {
      const { post, models, rows } = await open(support, {
        'fast/m': [{ error: 'upstream_rate_limited' }],
        'slow/m': [{ parts: words }],
      })
      const text = await (await post('/run/bot', { ...hello, options: { stream } })).text()
      expect(text).toContain('Hello there, friend.')
      expect(text).not.toContain('upstream_rate_limited')
      expect(models.calls.map(({ target }) => target)).toEqual(['fast/m', 'slow/m'])
      expect(rows[0]).toMatchObject({ state: 'completed', servedBy: 'slow/m', attempts: 2 })
    }
  })

  it('ends a stream that breaks later with its error, and answers a whole call from the next', async () => {
    const script = {
      'fast/m': [{ parts: words.slice(0, 2), everyMs: 5, error: 'upstream_bad_response' }],
      'slow/m': [{ parts: words }],
    } as const
    const { post } = await open(support, script)
    const events = await allEvents(await post('/run/bot', { ...hello, options: { stream: true } }))
    expect(events.at(-1)?.event).toBe('run.failed')
    expect(JSON.parse(events.at(-1)!.data)).toMatchObject({ error: { code: 'upstream_bad_response' } })
    expect(await (await post('/run/bot', hello)).json()).toMatchObject({
      output: { answer: 'Hello there, friend.' },
    })
  })

  it('stops at its guard on both, with the same code', async () => {
    const { post, models } = await open(support, {})
    const bad = 'this is forbidden'
    expect(await errorOf(await post('/run/bot', { input: { question: bad } }))).toMatchObject({
      status: 422,
      code: 'guard_blocked_input',
    })
    const chatAnswer = await post('/v1/chat/completions', {
      model: 'bot',
      messages: [{ role: 'user', content: bad }],
    })
    expect(await errorOf(chatAnswer)).toMatchObject({ status: 422, code: 'content_filter' })
    expect(models.calls).toHaveLength(0)
  })

  it('refuses a wrong input with paths into the body', async () => {
    const { post } = await open(support, {})
    expect(await errorOf(await post('/run/bot', { input: { qestion: 'Hi?' } }))).toMatchObject({
      status: 400,
      code: 'invalid_input',
      details: {
        issues: expect.arrayContaining([
          expect.objectContaining({
            path: '/input/qestion',
            rule: 'unknown_field',
            message: expect.stringContaining('question'),
          }),
        ]),
      },
    })
  })
})

describe('a chat flow', () => {
  it('hands on the history, the system text and accepted parameters', async () => {
    const { client, models } = await open(chat, { 'fast/m': [{ parts: words }] })
    const answer = await client.chat.completions.create({
      model: 'bot',
      temperature: 0.4,
      messages: [
        { role: 'system', content: 'Be brief.' },
        ...messages,
        { role: 'assistant', content: 'Yes?' },
        { role: 'user', content: 'Go on.' },
      ],
    })
    expect(answer.choices[0]).toMatchObject({
      message: { role: 'assistant', content: 'Hello there, friend.' },
      finish_reason: 'stop',
    })
    const { request } = models.calls[0]!.attempt
    expect(request.temperature).toBe(0.4)
    expect(request.system.map(({ text }) => text)).toEqual(['Be brief.'])
    expect(request.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
    const streamed = await client.chat.completions.stream({ model: 'bot', messages }).finalContent()
    expect(streamed).toBe('Hello there, friend.')
  })

  it('takes the same messages over REST and shows the answer as callers write it', async () => {
    const { post } = await open(chat, { 'fast/m': [{ parts: words }] })
    expect(await (await post('/run/bot', { input: { messages } })).json()).toMatchObject({
      output: { answer: [{ role: 'assistant', content: 'Hello there, friend.' }] },
    })
  })

  it('names the place of a broken message', async () => {
    const { post } = await open(chat, {})
    const broken = await post('/v1/chat/completions', {
      model: 'bot',
      messages: [{ role: 'nobody', content: 'x' }],
    })
    expect(await broken.json()).toMatchObject({ error: { code: 'invalid_input', param: 'messages.0.role' } })
  })
})

describe('a caller who leaves', () => {
  it.each([
    ['before the first part', { hang: true } as const],
    ['between two parts', { parts: words, everyMs: 60_000 } as const],
  ])('%s aborts the model at once', async (_, reply) => {
    const { url, key, models, gateway, rows } = await open(support, { 'fast/m': [reply] })
    const leave = new AbortController()
    const gone = fetch(`${url}/run/bot`, {
      method: 'POST',
      signal: leave.signal,
      headers: { authorization: `Bearer ${key.text}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...hello, options: { stream: true } }),
    })
      .then((response) => response.text())
      .catch(() => undefined)
    while (models.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    await new Promise((resolve) => setTimeout(resolve, 20))
    const left = performance.now()
    leave.abort()
    while (models.calls[0]!.abortedAt === null) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(models.calls[0]!.abortedAt! - left).toBeLessThan(50)
    await gone
    expect(models.calls).toHaveLength(1)
    expect(gateway.stats().running).toBe(0)
    expect(rows[0]).toMatchObject({ state: 'failed', errorCode: 'cancelled' })
  })
})

describe('the first part', () => {
  it('reaches the caller within 20 ms of the model', async () => {
    const { post } = await open(support, { 'fast/m': [{ parts: words, everyMs: 30 }] })
    const response = await post('/run/bot', { ...hello, options: { stream: true } })
    const times: number[] = []
    for await (const _ of response.body as unknown as AsyncIterable<Uint8Array>) times.push(performance.now())
    // One chunk for each part: nothing waits for the next.
    expect(times.length).toBeGreaterThanOrEqual(words.length)
  })
})
