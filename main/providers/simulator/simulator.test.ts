import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AppError } from '#shared/errors.ts'
import type { JsonSchema } from '#shared/json.ts'
import { type ChatRequest, type StreamEvent, textOf } from '#shared/model/chat.ts'
import { type ConnectedModels, connectModels } from '../connect.ts'
import { faultNames, parseFaults, spoiled } from './faults.ts'
import { valueFor } from './schema-value.ts'
import { type Simulator, startSimulator } from './server.ts'

let simulator: Simulator
let models: ConnectedModels
beforeAll(async () => {
  simulator = await startSimulator()
  models = connectModels({
    connections: { demo: { provider: 'simulator' } },
    secret: () => undefined,
    env: {},
    simulatorUrl: () => simulator.url,
  })
})
afterAll(async () => {
  models.close()
  await simulator.close()
})
beforeEach(() => fetch(`${simulator.url}/control`, { method: 'DELETE' }))

function ask(text: string, facts: Partial<ChatRequest> = {}): ChatRequest {
  const messages = [{ role: 'user', parts: [{ type: 'text', text }] }] as const
  return {
    system: [],
    messages,
    tools: [],
    toolChoice: 'auto',
    stop: [],
    extra: {},
    providerOptions: {},
    ...facts,
  }
}
const attempt = (model: string, request: ChatRequest) => ({
  target: `demo/${model}`,
  request,
  signal: new AbortController().signal,
  firstTokenMs: 400,
  idleMs: 400,
})
const chat = (model: string, request = ask('What is the capital of France?')) =>
  models.chat(attempt(model, request))
const fails = (model: string): Promise<AppError> =>
  chat(model).then(
    () => Promise.reject(new Error('it answered')),
    (error: AppError) => error,
  )
const stream = (model: string, request = ask('What is the capital of France?')) =>
  new Promise<StreamEvent[]>((resolve) => {
    const events: StreamEvent[] = []
    models.stream(attempt(model, request), (event) => {
      events.push(event)
      if (event.type === 'finish' || event.type === 'error') resolve(events)
      return undefined
    })
  })
const streamedText = (events: readonly StreamEvent[]) =>
  events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('')

describe('answers', () => {
  test('are marked as simulated in the text, the model, the fingerprint and a header', async () => {
    const response = await chat('sim-instant')
    expect(response.model).toBe('sim-instant')
    expect(textOf(response.parts)).toMatch(/^\(Simulated\)/)
    const raw = await fetch(`${simulator.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'sim-instant', messages: [{ role: 'user', content: 'Hi' }] }),
    })
    expect(raw.headers.get('x-simulated')).toBe('true')
    expect(await raw.json()).toMatchObject({ system_fingerprint: 'simulated', model: 'sim-instant' })
    expect(models.price('demo/sim-small', response.usage, 0)).toBe(0)
  })

  test('are the same for the same request, whole and streamed', async () => {
    const whole = await chat('sim-instant')
    expect(textOf((await chat('sim-instant')).parts)).toBe(textOf(whole.parts))
    const events = await stream('sim-instant')
    expect(streamedText(events)).toBe(textOf(whole.parts))
    expect(events.at(-1)).toMatchObject({ type: 'finish', usage: whole.usage })
  })

  test('take up the question', async () => {
    const say = async (text: string) => textOf((await chat('sim-instant', ask(text))).parts)
    expect(await say('Where is parcel 4711 for Anna?')).toMatch(/4711.*Anna/)
    expect(await say('Say pong and nothing else.')).toBe('pong')
    expect(await say('Reply with exactly: Paris')).toBe('Paris')
    expect(await say('What is 123 / 4?')).toContain('123 / 4 = 30.75')
    expect((await say('')).length).toBeGreaterThan(5)
    const large = textOf((await chat('sim-large+slow-0+pace-0', ask('Tell me more'))).parts)
    expect(large.length).toBeGreaterThan((await say('Tell me more')).length)
  })

  test('obey the output limit and stop texts', async () => {
    const short = await chat('sim-instant', ask('Tell me more', { maxOutputTokens: 3 }))
    expect(short.finish.reason).toBe('length')
    expect(short.usage.output).toBe(3)
    const stopped = await chat('sim-instant', ask('Say one two three and nothing else', { stop: ['two'] }))
    expect(textOf(stopped.parts)).toBe('one ')
  })

  test('stream at the pace of the model', async () => {
    const begun = performance.now()
    await stream('sim-instant+words-6+slow-60+pace-20')
    expect(performance.now() - begun).toBeGreaterThan(140)
  })

  test('fit the schema that is asked for', async () => {
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' }, kind: { enum: ['city', 'river'] } },
      required: ['city', 'kind'],
    }
    const request = ask('Is the Seine a river?', {
      output: { kind: 'schema', name: 'x', schema, strict: false },
    })
    expect(JSON.parse(textOf((await chat('sim-instant', request)).parts))).toMatchObject({ kind: 'river' })
    const json = await chat('sim-instant', ask('Hi', { output: { kind: 'json' } }))
    expect(JSON.parse(textOf(json.parts))).toMatchObject({ simulated: true })
  })

  test('call the tool that the question is about, and use its result', async () => {
    const tools = [
      {
        name: 'get_weather',
        schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      },
      { name: 'send_mail', schema: { type: 'object' } },
    ]
    const question = 'How is the weather in Paris?'
    const first = await chat('sim-instant', ask(question, { tools }))
    expect(first.finish.reason).toBe('tool-calls')
    expect(first.parts).toMatchObject([{ name: 'get_weather', args: { city: 'Paris' } }])
    const [call] = first.parts
    const id = call?.type === 'tool-call' ? call.id : ''
    const messages = [
      ...ask(question).messages,
      { role: 'assistant', parts: first.parts },
      {
        role: 'tool',
        parts: [{ type: 'tool-result', callId: id, content: [{ type: 'text', text: 'sunny, 25' }] }],
      },
    ] as const
    const second = await chat('sim-instant', ask('', { messages, tools }))
    expect(textOf(second.parts)).toMatch(/get_weather says: sunny, 25/)
    expect((await chat('sim-instant', ask('Hello', { tools }))).finish.reason).toBe('stop')
    expect((await chat('sim-instant', ask('Hello', { tools, toolChoice: 'required' }))).parts).toMatchObject([
      { type: 'tool-call' },
    ])
    expect(
      (await chat('sim-instant', ask('Hello', { tools, toolChoice: { name: 'send_mail' } }))).parts,
    ).toMatchObject([{ name: 'send_mail' }])
    expect((await chat('sim-instant', ask(question, { tools, toolChoice: 'none' }))).finish.reason).toBe(
      'stop',
    )
    const events = await stream('sim-instant', ask(question, { tools }))
    expect(events.find((event) => event.type === 'part-start')).toMatchObject({
      part: 'tool-call',
      name: 'get_weather',
    })
  })
})

describe('faults', () => {
  test.each([
    ['rate-limit-2', 'upstream_rate_limited'],
    ['quota', 'upstream_quota'],
    ['auth', 'upstream_auth'],
    ['http-500', 'upstream_unavailable'],
    ['http-503', 'upstream_unavailable'],
    ['slow-600', 'upstream_timeout'],
    ['hang', 'upstream_timeout'],
    ['cut-3', 'upstream_bad_response'],
    ['stall-3', 'upstream_timeout'],
    ['garbage', 'upstream_bad_response'],
    ['html', 'upstream_bad_response'],
  ])('%s', async (fault, code) => {
    const error = await fails(`sim-instant+${fault}`)
    expect(error.code).toBe(code)
    if (fault === 'rate-limit-2') expect(error.retryAfterMs).toBe(2000)
    const events = await stream(`sim-instant+${fault}`)
    expect(events.at(-1)?.type).toBe('error')
    const parts = events.filter(({ type }) => type === 'text-delta').length
    if (fault === 'cut-3' || fault === 'stall-3') expect(parts).toBe(3)
  })

  test('answers that are no help: refusals, filters, nothing at all, wrong arguments', async () => {
    expect(await chat('sim-instant+refusal')).toMatchObject({
      finish: { reason: 'refusal' },
      parts: [{ type: 'refusal' }],
    })
    expect(await chat('sim-instant+filter')).toMatchObject({
      finish: { reason: 'content-filter' },
      parts: [],
    })
    expect(await chat('sim-instant+empty')).toMatchObject({ finish: { reason: 'stop' }, parts: [] })
    const tools = [
      {
        name: 'weather',
        schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      },
    ]
    const request = ask('The weather?', { tools })
    const broken = await chat('sim-instant+broken-args', request)
    expect(broken.warnings).toMatchObject([{ code: 'tool_arguments_invalid' }])
    expect((await chat('sim-instant+wrong-args', request)).parts).toMatchObject([
      { args: { unexpected: [] } },
    ])
  })

  test('flaky models fail evenly', async () => {
    const outcomes: string[] = []
    for (let i = 0; i < 10; i++) {
      outcomes.push(
        await chat('sim-instant+flaky30').then(
          () => 'ok',
          (error: AppError) => error.code,
        ),
      )
    }
    expect(outcomes.filter((one) => one === 'upstream_unavailable')).toHaveLength(3)
    expect(spoiled({ percent: 50, cutAfter: 3 }, 2)).toEqual({ cutAfter: 3 })
    expect(spoiled({ percent: 50, cutAfter: 3 }, 1)).toEqual({})
  })

  test('can be set in the body, in a header, and for all calls at /control', async () => {
    const error = chat('sim-instant', ask('Hi', { extra: { simulate: 'quota' } }))
    await expect(error).rejects.toMatchObject({ code: 'upstream_quota' })
    const put = (body: object) =>
      fetch(`${simulator.url}/control`, { method: 'PUT', body: JSON.stringify(body) })
    await put({ faults: 'http-503', times: 2 })
    expect((await fails('sim-instant')).code).toBe('upstream_unavailable')
    expect((await fails('sim-instant')).code).toBe('upstream_unavailable')
    await chat('sim-instant')
    expect(await (await fetch(`${simulator.url}/control`)).json()).toMatchObject({ calls: 4, times: 0 })
    expect((await put({ faults: 'nonsense' })).status).toBe(400)
  })

  test('that are not known are refused, as are unknown models', async () => {
    expect(await fails('sim-instant+explode')).toMatchObject({
      code: 'upstream_rejected',
      details: { reason: 'unknown_fault' },
    })
    expect(await fails('gpt-5')).toMatchObject({
      code: 'upstream_rejected',
      details: { reason: 'model_not_found' },
    })
    for (const name of faultNames) expect(parseFaults(`${name}-7`)).toBeDefined()
    expect(parseFaults('cut-3+slow')).toEqual({ cutAfter: 3, firstMs: 5_000 })
    expect(parseFaults('constructor')).toBeUndefined()
  })
})

describe('the official client', () => {
  const client = () => new OpenAI({ apiKey: 'none', baseURL: `${simulator.url}/v1`, maxRetries: 0 })
  test('chats, streams, lists models and embeds', async () => {
    const messages = [{ role: 'user' as const, content: 'Say pong and nothing else.' }]
    const whole = await client().chat.completions.create({ model: 'sim-instant', messages })
    expect(whole.choices[0]?.message.content).toBe('pong')
    const pieces: string[] = []
    const stream = await client().chat.completions.create({ model: 'sim-instant', messages, stream: true })
    for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta.content ?? '')
    expect(pieces.join('')).toBe('pong')
    const ids = (await client().models.list()).data.map(({ id }) => id)
    expect(ids).toContain('sim-small')
    const embed = async (input: string) =>
      (await client().embeddings.create({ model: 'sim-embed', input })).data[0]?.embedding ?? []
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
    const cat = await embed('the cat sat')
    expect(dot(cat, cat)).toBeCloseTo(1, 4)
    expect(dot(cat, await embed('the cat ran'))).toBeGreaterThan(dot(cat, await embed('stock prices fell')))
  })

  test('a test and a list of the Connection work', async () => {
    expect(await models.list('demo')).toContain('sim-large')
    expect(await models.test('demo', 'sim-instant')).toMatchObject({ ok: true, model: 'sim-instant' })
  })
})

describe('values for schemas', () => {
  const ajv = new Ajv2020({ strict: false })
  formats.default(ajv)
  const node: JsonSchema = {
    type: 'object',
    properties: { name: { type: 'string' }, next: { $ref: '#/$defs/node' } },
    required: ['name'],
  }
  test.each<[string, JsonSchema]>([
    [
      'texts',
      {
        type: 'object',
        properties: {
          a: { type: 'string', minLength: 5, maxLength: 8 },
          b: { type: 'string', pattern: '^[A-Z]{2}-\\d{3}$' },
        },
        required: ['a', 'b'],
      },
    ],
    ['formats', { type: 'array', items: { anyOf: [{ type: 'string', format: 'date-time' }] } }],
    [
      'numbers',
      {
        type: 'object',
        properties: {
          a: { type: 'integer', minimum: 3, maximum: 5 },
          b: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
          c: { type: 'integer', multipleOf: 7 },
        },
        required: ['a', 'b', 'c'],
      },
    ],
    ['lists', { type: 'array', minItems: 3, maxItems: 3, items: { type: 'boolean' } }],
    ['unique lists', { type: 'array', minItems: 2, uniqueItems: true, items: { type: 'string' } }],
    ['choices', { oneOf: [{ type: 'null' }, { const: 7 }] }],
    ['enums', { enum: ['red', 'green'] }],
    ['optional types', { type: ['string', 'null'] }],
    [
      'joined',
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
          { properties: { b: { type: 'integer' } }, required: ['b'] },
        ],
      },
    ],
    ['itself', { $ref: '#/$defs/node', $defs: { node } }],
    ['required but not described', { type: 'object', required: ['x'] }],
    [
      'closed',
      {
        type: 'object',
        properties: { a: { type: 'object', properties: {}, additionalProperties: false } },
        additionalProperties: false,
      },
    ],
  ])('fit: %s', (_, schema) => {
    for (const text of ['', 'I paid 12.50 for 3 red apples in Berlin.', 'no']) {
      const value = valueFor(schema, text)
      expect([value, ajv.errorsText(ajv.validate(schema, value) ? null : ajv.errors)]).toEqual([
        value,
        'No errors',
      ])
    }
  })
})
