// OpenAPI 3.1 for one Key: every Endpoint it may call, typed by the Plan that answers. Made once per snapshot and access.
import { AppError, type ErrorCode, errorTable } from '#shared/errors.ts'
import type { Json, JsonObject, JsonSchema } from '#shared/json.ts'
import { type Served, visible } from './catalog.ts'
import type { Exchange } from './exchange.ts'
import { baseHeaders } from './headers.ts'
import { schemas } from './openapi-schemas.ts'
import type { KeyEntry, Routes } from './ports.ts'
import { sendJson } from './send.ts'
import { noSurface } from './surfaces/offered.ts'

/** `slug` null: all Endpoints in one document. */
export function sendOpenApi(exchange: Exchange, key: KeyEntry, slug: string | null): void {
  const headers = [...baseHeaders(exchange), 'Cache-Control', 'no-store']
  sendJson(exchange, headers, { status: 200, body: documentFor(exchange, key, slug) })
}

const documents = new WeakMap<Routes, Map<string, string>>()
const keptPerSnapshot = 200

function documentFor(exchange: Exchange, key: KeyEntry, slug: string | null): string {
  const { routes } = exchange
  const kept = documents.get(routes) ?? new Map<string, string>()
  documents.set(routes, kept)
  const server = `${'encrypted' in exchange.req.socket ? 'https' : 'http'}://${exchange.head.host}`
  const name = JSON.stringify([server, slug, accessOf(key)])
  const before = kept.get(name)
  if (before !== undefined) return before
  const served = visible(exchange, key).filter(({ route }) => slug === null || route.slug === slug)
  if (slug !== null && served.length === 0) throw new AppError('endpoint_not_found')
  const text = JSON.stringify(openApi(served, server))
  if (kept.size >= keptPerSnapshot) kept.clear()
  kept.set(name, text)
  return text
}

function accessOf({ access, pins, scopes }: KeyEntry): Json {
  return [
    access === null ? null : [...access].map(([slug, names]) => [slug, ...names]),
    [...pins].map(([slug, reference]) => [slug, reference]),
    scopes.has('cost'),
    scopes.has('draft'),
  ]
}

export function openApi(served: readonly Served[], server: string): JsonObject {
  const [only] = served
  const single = served.length === 1 && only !== undefined
  return {
    openapi: '3.1.0',
    info: {
      title: single ? only.route.title : 'Sluice endpoints',
      version: single ? String(only.version.number ?? 'draft') : '1',
      ...(single && only.route.description !== '' ? { description: only.route.description } : {}),
    },
    servers: [{ url: server }],
    security: [{ bearer: [] }, { header: [] }],
    tags: served.map(({ route }) => ({ name: route.slug, description: route.description })),
    paths: Object.assign({}, ...served.map(pathsOf), served.length > 0 ? runPaths : {}),
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'slk_…' },
        header: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
      schemas: Object.assign({}, schemas, ...served.map(schemasOf)),
      parameters: {
        IdempotencyKey: {
          name: 'Idempotency-Key',
          in: 'header',
          required: false,
          description: 'The same key and body within 24 h get the stored answer.',
          schema: { type: 'string', minLength: 1, maxLength: 200 },
        },
      },
      responses: { Error: errorResponse },
    },
  }
}

/** `support-answer` → `SupportAnswer`. */
function typeName(slug: string): string {
  return slug.replaceAll(/(^|-)([a-z0-9])/g, (_, _dash: string, letter: string) => letter.toUpperCase())
}

function schemasOf({ route, version }: Served): JsonObject {
  const { request, answer } = version.prepared.plan
  const name = typeName(route.slug)
  return {
    [`${name}Input`]: titled(request.schema, `Input of ${route.slug}`),
    [`${name}Output`]: titled(answer.schema, `Output of ${route.slug}`),
    [`${name}Request`]: {
      type: 'object',
      additionalProperties: false,
      required: Array.isArray(request.schema.required) && request.schema.required.length > 0 ? ['input'] : [],
      properties: {
        input: { $ref: `#/components/schemas/${name}Input` },
        metadata: { $ref: '#/components/schemas/Metadata' },
        options: { $ref: '#/components/schemas/Options' },
      },
    },
    [`${name}Answer`]: {
      allOf: [
        { $ref: '#/components/schemas/Answer' },
        {
          type: 'object',
          required: ['output'],
          properties: { output: { $ref: `#/components/schemas/${name}Output` } },
        },
      ],
    },
  }
}

function titled(schema: JsonSchema, title: string): JsonSchema {
  return { title, ...schema }
}

function pathsOf(served: Served): JsonObject {
  const { route, version, reference } = served
  const name = typeName(route.slug)
  const samples = version.samples.map(({ name: sample, input, metadata }) => [
    sample,
    { value: { input, ...(Object.keys(metadata).length > 0 ? { metadata } : {}) } },
  ])
  const chat = noSurface(route, version, 'openai') === null
  return {
    [`/run/${reference}`]: {
      post: {
        operationId: `run${name}`,
        tags: [route.slug],
        summary: route.title,
        description: [route.description, chat ? chatNote(reference) : '']
          .filter((text) => text !== '')
          .join('\n\n'),
        deprecated: route.state === 'deprecated',
        parameters: [{ $ref: '#/components/parameters/IdempotencyKey' }],
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: { $ref: `#/components/schemas/${name}Request` },
              ...(samples.length > 0 ? { examples: Object.fromEntries(samples) } : {}),
            },
          },
        },
        responses: {
          '200': {
            description: 'The answer, whole or as events.',
            content: {
              'application/json': { schema: { $ref: `#/components/schemas/${name}Answer` } },
              'text/event-stream': { schema: { $ref: '#/components/schemas/Event' } },
            },
          },
          '202': {
            description: 'Accepted; ask for the answer later.',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Accepted' } } },
          },
          ...errorResponses,
        },
      },
    },
  }
}

function chatNote(reference: string): string {
  return `Also as the model \`${reference}\` of POST /v1/chat/completions.`
}

const errorResponse: JsonObject = {
  description: 'The request was refused or failed; `error.code` says why.',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
}

/** One entry per status, naming its codes. */
const errorResponses: JsonObject = Object.fromEntries(
  [...Map.groupBy(Object.keys(errorTable) as ErrorCode[], (code) => errorTable[code].status)]
    .sort(([a], [b]) => a - b)
    .map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\`: ${errorTable[code].sentence}`).join('\n'),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]),
)

const runId = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }]

function runPath(operationId: string, summary: string, answer: JsonObject): JsonObject {
  return {
    operationId,
    summary,
    parameters: runId,
    responses: {
      '200': { description: summary, content: answer },
      default: { $ref: '#/components/responses/Error' },
    },
  }
}

const runPaths: JsonObject = {
  '/runs/{id}': {
    get: runPath('showRun', 'A run and its answer', {
      'application/json': { schema: { $ref: '#/components/schemas/Run' } },
    }),
  },
  '/runs/{id}/events': {
    get: runPath('followRun', 'The events of a resumable or asynchronous run', {
      'text/event-stream': { schema: { $ref: '#/components/schemas/Event' } },
    }),
  },
  '/runs/{id}/cancel': {
    post: runPath('cancelRun', 'Stops a run', {
      'application/json': { schema: { $ref: '#/components/schemas/RunState' } },
    }),
  },
}
