// What a Key is told about the Endpoints it may call.
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { afterEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '#shared/json.ts'
import {
  allEvents,
  keyOf,
  planOf,
  routeOf,
  type Stage,
  type StageOptions,
  scripted,
  stage,
  versionOf,
} from './support.ts'

const stages: Stage[] = []
async function open(options?: StageOptions): Promise<Stage> {
  const opened = await stage(options)
  stages.push(opened)
  return opened
}
afterEach(async () => {
  await Promise.all(stages.splice(0).map((each) => each.close()))
})

const plan = planOf({
  fields: { question: 'text', level: 'number' },
  optional: ['level'],
  answer: [{ field: 'answer' }, { field: 'score', type: 'number' }],
})
const sample = { name: 'parcel', input: { question: 'Where is it?' }, metadata: {} }
const version = versionOf(3, plan, { samples: [sample] })
const route = routeOf('support-answer', {
  title: 'Support answer',
  description: 'Answers kindly.',
  tags: ['support'],
  versions: new Map([
    [3, version],
    [2, versionOf(2, planOf(), { state: 'deprecated', sunset: '2027-03-01' })],
  ]),
  labels: new Map([
    ['production', { kind: 'version', version }],
    [
      'trial',
      {
        kind: 'split',
        sticky: null,
        arms: [
          { name: 'a', weight: 1, version },
          { name: 'b', weight: 3, version },
        ],
      },
    ],
  ]),
  requireMetadata: ['user_id'],
  limits: { requests: { max: 60, windowS: 60, burst: 10 }, concurrent: 5 },
})

describe('GET /endpoints', () => {
  it('says what an endpoint takes, gives, costs and where it is offered', async () => {
    const on = await open({ routes: [routeOf('zebra'), route] })
    const { endpoints } = (await (await on.get('/endpoints')).json()) as { endpoints: JsonObject[] }
    expect(endpoints.map(({ slug }) => slug)).toEqual(['support-answer', 'zebra'])
    const one = await on.get('/endpoints/support-answer')
    expect(await one.json()).toEqual(endpoints[0])
    expect(endpoints[0]).toEqual({
      slug: 'support-answer',
      title: 'Support answer',
      description: 'Answers kindly.',
      tags: ['support'],
      state: 'published',
      labels: {
        production: 3,
        trial: [
          { variant: 'a', weight: 1, version: 3 },
          { variant: 'b', weight: 3, version: 3 },
        ],
      },
      versions: [
        { version: 3, hash: version.hash, state: 'published', sunset: null },
        { version: 2, hash: expect.any(String), state: 'deprecated', sunset: '2027-03-01' },
      ],
      version: 3,
      input_schema: plan.request.schema,
      output_schema: plan.answer.schema,
      surfaces: {
        rest: { available: true },
        openai: { available: true },
        anthropic: { available: false, reason: expect.any(String) },
        mcp: { available: false, reason: expect.any(String) },
      },
      streams: true,
      required_metadata: ['user_id'],
      limits: {
        endpoint: { requests: { max: 60, window_s: 60, burst: 10 }, concurrent: 5 },
        consumer: {},
        key: {},
      },
      bounds: { timeout_ms: 120_000, max_cost_usd: null },
    })
  })

  it('shows only labels and versions that the key may name', async () => {
    const on = await open({
      routes: [route],
      keys: [keyOf({ access: new Map([['support-answer', ['trial']]]) })],
    })
    const shown = (await (await on.get('/endpoints/support-answer')).json()) as JsonObject
    expect(Object.keys(shown.labels as JsonObject)).toEqual(['trial'])
    expect(shown.versions).toEqual([])
    const { paths } = (await (await on.get('/openapi.json')).json()) as { paths: JsonObject }
    expect(Object.keys(paths)[0]).toBe('/run/support-answer@trial')
  })
})

describe('GET /openapi.json', () => {
  async function validators(on: Stage, path: string) {
    const document = (await (await on.get(path)).json()) as JsonObject
    const ajv = new Ajv2020({ strict: false })
    formats.default(ajv)
    ajv.addSchema(document, 'doc')
    const fits = (name: string) => ajv.compile({ $ref: `doc#/components/schemas/${name}` })
    return { document, fits }
  }

  it('describes each endpoint by the schemas of its flow, with samples and errors', async () => {
    const on = await open({ routes: [route, routeOf('zebra')] })
    const { document } = await validators(on, '/openapi.json')
    expect(document.openapi).toBe('3.1.0')
    const paths = document.paths as Record<string, { post: JsonObject }>
    expect(Object.keys(paths)).toEqual([
      '/run/support-answer',
      '/run/zebra',
      '/runs/{id}',
      '/runs/{id}/events',
      '/runs/{id}/cancel',
    ])
    expect(paths['/run/support-answer']!.post).toMatchObject({
      operationId: 'runSupportAnswer',
      requestBody: {
        content: { 'application/json': { examples: { parcel: { value: { input: sample.input } } } } },
      },
      responses: { 200: {}, 422: { description: expect.stringContaining('guard_blocked_input') }, 503: {} },
    })
    const single = await validators(on, '/endpoints/support-answer/openapi.json')
    expect(single.document).toMatchObject({ info: { title: 'Support answer', version: '3' } })
    expect(Object.keys(single.document.paths as JsonObject)).not.toContain('/run/zebra')
    expect(single.document.servers).toEqual([{ url: on.url }])
  })

  it('holds for what really comes back: answers, errors, events, runs', async () => {
    const engine = scripted((run) => {
      run.emit({ type: 'step-started', step: 0, node: 'model', atMs: 1 })
      run.delta('It ')
      run.emit({ type: 'field', field: 'answer', value: 'It works.' })
      run.emit({
        type: 'usage',
        usage: { input: 1, cacheRead: 0, cacheWrite: 0, output: null, reasoning: 0 },
        costUsd: null,
      })
      run.finish({ answer: 'It works.', score: 1 })
    })
    const on = await open({ engine, routes: [route] })
    const { document, fits } = await validators(on, '/openapi.json')
    const events = ((document.components as JsonObject).schemas as Record<string, { properties: JsonObject }>)
      .Event!.properties
    const call = (options: JsonObject, headers = {}) =>
      on.post(
        '/run/support-answer',
        { input: { question: 'Hi?' }, metadata: { user_id: 'u' }, options },
        headers,
      )
    const check = (name: string, value: unknown) => {
      const validate = fits(name)
      validate(value)
      expect(validate.errors, `${name}: ${JSON.stringify(value)}`).toBeNull()
    }
    check('SupportAnswerAnswer', await (await call({})).json())
    check('SupportAnswerRequest', { input: { question: 'Hi?' }, options: { stream: true } })
    const { id, ...rest } = (await (await call({}, { prefer: 'respond-async' })).json()) as { id: string }
    check('Accepted', { id, ...rest })
    check('Run', await (await on.get(`/runs/${id}`)).json())
    check('Error', await (await on.post('/run/support-answer', {})).json())
    check('RunState', await (await on.post(`/runs/${id}/cancel`, {})).json())
    for (const { event, data } of await allEvents(await call({ stream: true, trace: true }))) {
      expect(Object.keys(events)).toContain(event)
      const pointer = `Event/properties/${event}`
      check(pointer, JSON.parse(data))
    }
  })

  it('is made once per snapshot and access', async () => {
    const on = await open({ routes: [route] })
    const before = await (await on.get('/openapi.json')).text()
    on.publish([route, routeOf('zebra')])
    const after = await (await on.get('/openapi.json')).text()
    expect(before).not.toContain('zebra')
    expect(after).toContain('zebra')
  })
})
