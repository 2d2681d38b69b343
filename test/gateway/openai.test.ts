// The OpenAI surface, raw and through the official client.
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import type { StreamEvent } from '#shared/model/chat.ts'
import { chatDialect } from '#shared/model/messages.ts'
import {
  allEvents,
  keyOf,
  type PlanOf,
  planOf,
  routeOf,
  type Script,
  type Stage,
  type StageOptions,
  scripted,
  stage,
  versionOf,
} from './support.ts'

const stages: Stage[] = []
afterEach(async () => {
  await Promise.all(stages.splice(0).map((each) => each.close()))
})

async function open(plan: PlanOf, play: (run: Script) => void, rest: StageOptions = {}) {
  const version = versionOf(1, planOf(plan))
  const engine = scripted(play)
  const opened = await stage({
    routes: [routeOf('bot', { versions: new Map([[1, version]]) })],
    engine,
    ...rest,
  })
  stages.push(opened)
  const client = new OpenAI({ baseURL: `${opened.url}/v1`, apiKey: opened.key.text, maxRetries: 0 })
  const chat = (body: Record<string, unknown>) =>
    opened.post('/v1/chat/completions', { model: 'bot', messages, ...body })
  return { ...opened, engine, client, chat }
}
const messages = [{ role: 'user' as const, content: 'Hi?' }]
const part = (run: Script, event: StreamEvent) => run.emit({ type: 'delta', field: 'answer', part: event })

describe('whole answers', () => {
  it('give the last user text to the only text field', async () => {
    const { client, engine } = await open({}, (run) => run.finish())
    const answer = await client.chat.completions.create({
      model: 'bot',
      messages: [{ role: 'system', content: 's' }, ...messages],
    })
    expect(engine.runs[0]!.context.facts.input.fields).toEqual({ question: 'Hi?' })
    expect(answer).toEqual({
      id: expect.stringMatching(/^chatcmpl-[0-9A-Za-z]{24}$/),
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'bot',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'It works.', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 13,
        completion_tokens: 8,
        total_tokens: 21,
        prompt_tokens_details: { cached_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 3 },
      },
    })
  })

  it('carry messages, tools and accepted parameters to a chat input, and name the rest', async () => {
    const chatInput = { chat: { acceptTools: true, acceptParams: ['temperature', 'max_tokens'] } }
    const { chat, engine } = await open(chatInput, (run) => run.finish())
    const tools = [{ type: 'function', function: { name: 'look', parameters: {} } }]
    const response = await chat({
      tools,
      tool_choice: 'auto',
      temperature: 0.5,
      max_completion_tokens: 9,
      top_p: 1,
      store: true,
      nodes: [],
    })
    expect(response.status).toBe(200)
    expect(engine.runs[0]!.context.facts.input.fields).toEqual({
      messages,
      tools,
      tool_choice: 'auto',
      params: { temperature: 0.5, max_tokens: 9 },
    })
    expect(response.headers.get('sluice-ignored-fields')).toBe('top_p, store, nodes')
  })

  it('can refuse what the flow does not take', async () => {
    const version = versionOf(1, planOf({ chat: {} }))
    const routes = [routeOf('bot', { versions: new Map([[1, version]]), unknownFields: 'refuse' })]
    const { chat } = await open({}, (run) => run.finish(), { routes })
    const response = await chat({ top_p: 1 })
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: {
        message: expect.stringContaining('/top_p'),
        type: 'invalid_request_error',
        param: 'top_p',
        code: 'invalid_request',
      },
    })
  })

  it('take input fields from inputs, else from converted metadata', async () => {
    const plan: PlanOf = {
      fields: { question: 'text', tone: 'text', level: 'number', loud: 'boolean', extra: 'json' },
      optional: ['tone'],
    }
    const { chat, engine } = await open(plan, (run) => run.finish())
    await chat({
      inputs: { tone: 'kind' },
      metadata: { level: '3', loud: 'true', extra: '{"a":1}' },
      user: 'u-1',
    })
    const { facts } = engine.runs[0]!.context
    expect(facts.input.fields).toEqual({
      question: 'Hi?',
      tone: 'kind',
      level: 3,
      loud: true,
      extra: { a: 1 },
    })
    expect(facts.metadata).toEqual({ level: '3', loud: 'true', extra: '{"a":1}', user_id: 'u-1' })
  })

  it('show tool calls and reasoning, and finish with tool_calls whatever the model said', async () => {
    const answer = {
      answer: [
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', text: 'Hm.', index: 0 },
            { type: 'tool-call', id: 'call_1', name: 'look', argsText: '{"a":1}' },
          ],
        },
      ],
    }
    const { client } = await open({ chat: {}, answer: [{ field: 'answer', type: 'messages' }] }, (run) =>
      run.finish(answer),
    )
    const { choices } = await client.chat.completions.create({ model: 'bot', messages })
    expect(choices[0]).toMatchObject({
      message: {
        content: null,
        reasoning_content: 'Hm.',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"a":1}' } }],
      },
      finish_reason: 'tool_calls',
    })
  })

  it('say length when the model was cut off', async () => {
    const { client } = await open({}, (run) => {
      const model = {
        target: 'a/b',
        model: 'b',
        usage: { input: 1, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 },
        costUsd: null,
        firstTokenMs: null,
        finish: 'length',
      }
      run.emit({
        type: 'step-settled',
        record: {
          step: 0,
          node: 'm',
          status: 'ok',
          atMs: 0,
          ms: 1,
          error: null,
          taken: ['text'],
          attempts: [],
          models: [model],
          notes: null,
        },
      })
      run.finish()
    })
    const { choices } = await client.chat.completions.create({ model: 'bot', messages })
    expect(choices[0]?.finish_reason).toBe('length')
  })

  it('give a json output as text', async () => {
    const { client } = await open({ answer: [{ field: 'answer', type: 'json' }] }, (run) =>
      run.finish({ answer: { a: [1] } }),
    )
    const { choices } = await client.chat.completions.create({ model: 'bot', messages })
    expect(choices[0]?.message.content).toBe('{"a":[1]}')
  })

  it('leave usage out when nothing is known of it', async () => {
    const unknown = { input: null, cacheRead: null, cacheWrite: null, output: null, reasoning: null }
    const { chat } = await open({}, (run) => run.finish(undefined, { usage: unknown }))
    expect(await (await chat({})).json()).not.toHaveProperty('usage')
  })

  it('refuse n > 1 and previous_response_id, and accept harmless oddities', async () => {
    const { chat } = await open({}, (run) => run.finish())
    const param = async (body: Record<string, unknown>) => {
      const response = await chat(body)
      const { error } = (await response.json()) as { error?: { param: string } }
      return [response.status, error?.param]
    }
    expect(await param({ n: 2 })).toEqual([400, 'n'])
    expect(await param({ previous_response_id: 'resp_1' })).toEqual([400, 'previous_response_id'])
    expect(await param({ messages: 'Hi' })).toEqual([400, 'messages'])
    expect(
      await param({ n: 1, stream: null, metadata: null, user: '', temperature: null, stop: null }),
    ).toEqual([200, undefined])
    expect(await param({ metadata: { 'odd-Key': 'x' } })).toEqual([200, undefined])
  })

  it('answer errors in the shape of the surface', async () => {
    const { client } = await open({}, (run) => run.fail('upstream_rate_limited', { retryAfterMs: 1500 }))
    const failed = await client.chat.completions
      .create({ model: 'bot', messages })
      .catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(OpenAI.APIError)
    expect(failed).toMatchObject({ status: 503, code: 'upstream_rate_limited', type: 'server_error' })
    expect((failed as InstanceType<typeof OpenAI.APIError>).headers?.get('retry-after')).toBe('2')
    const missing = await client.chat.completions
      .create({ model: 'nobody', messages })
      .catch((error: unknown) => error)
    expect(missing).toMatchObject({ status: 404, code: 'model_not_found', type: 'invalid_request_error' })
  })

  it('fit the schema of response_format, or fail', async () => {
    const plan: PlanOf = { answer: [{ field: 'answer', type: 'json' }] }
    const opened = await open(plan, (run) => run.finish({ answer: { a: 1 } }))
    const { realEngine } = await import('#main/gateway/engine.ts')
    const strict = await stage({
      routes: [routeOf('bot', { versions: new Map([[1, versionOf(1, planOf(plan))]]) })],
      engine: { ...opened.engine, checkSchema: realEngine.checkSchema },
    })
    stages.push(strict)
    const ask = async (schema: unknown) => {
      const response_format = { type: 'json_schema', json_schema: { name: 'x', schema } }
      const response = await strict.post('/v1/chat/completions', { model: 'bot', messages, response_format })
      return [response.status, ((await response.json()) as { error?: { code: string } }).error?.code]
    }
    expect(await ask({ type: 'object', required: ['a'] })).toEqual([200, undefined])
    expect(await ask({ type: 'object', required: ['b'] })).toEqual([502, 'output_invalid'])
    expect(await ask({ type: 'nonsense' })).toEqual([400, 'invalid_request'])
    expect(strict.rows.map(({ errorCode }) => errorCode)).toEqual([null, 'output_invalid'])
  })
})

describe('streams', () => {
  it('have the role first, choices in every chunk, one finish, and [DONE] last', async () => {
    const { chat } = await open({}, (run) => {
      run.delta('It ')
      run.delta('works.')
      run.emit({ type: 'field', field: 'answer', value: 'It works.' })
      run.finish()
    })
    const response = await chat({ stream: true })
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    const events = await allEvents(response)
    expect(events.every(({ id, event }) => id === undefined && event === undefined)).toBe(true)
    expect(events.at(-1)?.data).toBe('[DONE]')
    const chunks = events.slice(0, -1).map(({ data }) => JSON.parse(data) as Record<string, unknown>)
    expect(chunks.map(({ choices }) => choices)).toEqual([
      [
        {
          index: 0,
          delta: { role: 'assistant', content: '', refusal: null },
          logprobs: null,
          finish_reason: null,
        },
      ],
      [{ index: 0, delta: { content: 'It ' }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: { content: 'works.' }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }],
    ])
    expect(
      new Set(chunks.map(({ id, created, model, object }) => JSON.stringify([id, created, model, object])))
        .size,
    ).toBe(1)
    expect(chunks.every((chunk) => !('usage' in chunk))).toBe(true)
  })

  it('add a usage chunk without choices only when asked', async () => {
    const { client } = await open({}, (run) => {
      run.delta('Hi')
      run.finish()
    })
    const stream = await client.chat.completions.create({
      model: 'bot',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks: OpenAI.Chat.ChatCompletionChunk[] = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 13, completion_tokens: 8, total_tokens: 21 },
    })
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true)
  })

  it('number tool calls 0, 1, 2 and keep reasoning apart', async () => {
    const plan: PlanOf = { chat: {}, answer: [{ field: 'answer', type: 'messages' }] }
    const { client } = await open(plan, (run) => {
      part(run, { type: 'part-start', index: 0, part: 'reasoning' })
      part(run, { type: 'reasoning-delta', index: 0, text: 'Hm.' })
      part(run, { type: 'part-start', index: 3, part: 'tool-call', id: 'a', name: 'look' })
      part(run, { type: 'args-delta', index: 3, text: '{"x":' })
      part(run, { type: 'part-start', index: 7, part: 'tool-call', id: 'b', name: 'hear' })
      part(run, { type: 'args-delta', index: 7, text: '{}' })
      part(run, { type: 'args-delta', index: 3, text: '1}' })
      const parts = [
        { type: 'tool-call', id: 'a', name: 'look', argsText: '{"x":1}' },
        { type: 'tool-call', id: 'b', name: 'hear', argsText: '{}' },
      ]
      run.finish({ answer: [{ role: 'assistant', parts }] })
    })
    const answer = await client.chat.completions.stream({ model: 'bot', messages }).finalChatCompletion()
    expect(answer.choices[0]?.finish_reason).toBe('tool_calls')
    expect(answer.choices[0]?.message.tool_calls).toMatchObject([
      { id: 'a', function: { name: 'look', arguments: '{"x":1}' } },
      { id: 'b', function: { name: 'hear', arguments: '{}' } },
    ])
    expect(answer.choices[0]?.message).toHaveProperty('reasoning_content', 'Hm.')
  })

  it('carry what a vendor wants back with a call', async () => {
    const plan: PlanOf = { chat: {}, answer: [{ field: 'answer', type: 'messages' }] }
    const { chat } = await open(plan, (run) => {
      part(run, { type: 'part-start', index: 0, part: 'tool-call', id: 'a', name: 'look' })
      part(run, { type: 'part-meta', index: 0, meta: { [chatDialect]: { extra_content: { sign: 's' } } } })
      run.finish({ answer: [] })
    })
    const text = await (await chat({ stream: true })).text()
    expect(text).toContain('{"tool_calls":[{"index":0,"extra_content":{"sign":"s"}}]}')
    expect(text).toContain('"finish_reason":"tool_calls"')
  })

  it('send an output that does not stream in one piece', async () => {
    const { client } = await open({ answer: [{ field: 'answer', type: 'json' }] }, (run) => {
      run.emit({ type: 'field', field: 'answer', value: { a: 1 } })
      run.finish({ answer: { a: 1 } })
    })
    const answer = await client.chat.completions.stream({ model: 'bot', messages }).finalContent()
    expect(answer).toBe('{"a":1}')
  })

  it('end with one error and nothing after it when the run fails late', async () => {
    const { chat, client } = await open({}, (run) => {
      run.delta('It ')
      run.fail('upstream_bad_response')
    })
    const text = await (await chat({ stream: true })).text()
    const last = text.trimEnd().split('\n\n').at(-1)
    expect(JSON.parse(last!.slice('data: '.length))).toEqual({
      error: {
        message: expect.any(String),
        type: 'server_error',
        param: null,
        code: 'upstream_bad_response',
      },
    })
    expect(text).not.toContain('[DONE]')
    expect(text).not.toContain('"finish_reason":"')
    const stream = await client.chat.completions.create({ model: 'bot', messages, stream: true })
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toBeInstanceOf(OpenAI.APIError)
  })

  it('fail plainly before the first output', async () => {
    const { chat } = await open({}, (run) => run.fail('guard_blocked_input'))
    const response = await chat({ stream: true })
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ error: { code: 'content_filter' } })
    expect((await chat({ model: 'nobody', stream: true })).status).toBe(404)
  })

  it('end when an attempt is void that was already shown', async () => {
    const { chat, rows } = await open({}, (run) => {
      run.delta('It ')
      setImmediate(() => run.emit({ type: 'restarted', fields: ['answer'], reason: 'upstream_timeout' }))
    })
    const text = await (await chat({ stream: true })).text()
    expect(text).toContain('"code":"upstream_timeout"')
    expect(rows[0]).toMatchObject({ state: 'failed', errorCode: 'upstream_timeout' })
  })
})

describe('models', () => {
  it('lists references that this key may call on this surface', async () => {
    const production = { kind: 'version', version: versionOf(1) } as const
    const routes = [
      routeOf('both', {
        labels: new Map([
          ['production', production],
          ['staging', production],
        ]),
      }),
      routeOf('mute', { versions: new Map([[1, versionOf(1, planOf({ noChat: 'It has no text.' }))]]) }),
      routeOf('off', { surfaces: { rest: true, openai: false, anthropic: false, mcp: false } }),
      routeOf('other'),
      routeOf('old', { state: 'retired' }),
    ]
    const key = keyOf({
      access: new Map([
        ['both', ['production', 'staging']],
        ['mute', []],
        ['off', []],
        ['old', []],
      ]),
    })
    const { client, get } = await open({}, (run) => run.finish(), { routes, keys: [key] })
    const ids = (await client.models.list()).data.map(({ id }) => id)
    expect(ids).toEqual(['both', 'both@production', 'both@staging'])
    expect(await client.models.retrieve('both@staging')).toMatchObject({
      id: 'both@staging',
      object: 'model',
    })
    expect((await get('/v1/models/other')).status).toBe(404)
    const why = await get('/endpoints/mute')
    expect(await why.json()).toMatchObject({
      surfaces: { openai: { available: false, reason: 'It has no text.' } },
    })
  })

  it('serves a model of a connection to keys with the scope, raw and encoded', async () => {
    const direct = (target: string) =>
      target === 'local/llama'
        ? { route: routeOf('direct'), version: versionOf(null, planOf({ chat: {} })) }
        : undefined
    const allowed = keyOf({ scopes: ['run', 'models'] })
    const { client, get, chat } = await open({}, (run) => run.finish(), { deps: { direct }, keys: [allowed] })
    const answer = await client.chat.completions.create({ model: 'local/llama', messages })
    expect(answer.model).toBe('local/llama')
    expect(await (await get('/v1/models/local/llama')).json()).toMatchObject({ id: 'local/llama' })
    expect(await (await get('/v1/models/local%2Fllama')).json()).toMatchObject({ id: 'local/llama' })
    expect((await chat({ model: 'local/none' })).status).toBe(404)
    const other = await open({}, (run) => run.finish(), { deps: { direct }, keys: [keyOf()] })
    expect((await other.chat({ model: 'local/llama' })).status).toBe(403)
  })
})
