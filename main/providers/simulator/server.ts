// Simulated models behind the real chat-completions interface, over real HTTP on this machine: for demos without a
// network, for tests and for load runs. Everything it says is marked: models are called `sim-…`, answers carry
// `system_fingerprint: "simulated"` and the header `x-simulated: true`, and it costs nothing.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import { faultNames, parseFaults, spoiled } from './faults.ts'
import { simulatorModels } from './models.ts'
import { reply } from './reply.ts'
import { countTokens, embed } from './tokens.ts'

export interface Simulator {
  /** `http://127.0.0.1:<port>`; the interface is at `/v1`. */
  readonly url: string
  close(): Promise<void>
}

const maxBody = 16 * 1024 * 1024

/** @param options `port` 0 or left out: any free one */
export async function startSimulator(options: { readonly port?: number } = {}): Promise<Simulator> {
  const state: State = { calls: 0, byModel: new Map(), faults: '', times: null }
  const server = createServer((request, response) => {
    response.setHeader('x-simulated', 'true')
    serve(request, response, state).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else fail(response, 500, error instanceof Error ? error.message : 'failed')
    })
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface State {
  calls: number
  /** Calls by model name as asked for, for evenly spread faults. */
  readonly byModel: Map<string, number>
  /** Set at `/control`, for every model. */
  faults: string
  /** How many calls it still holds for; null: until it is changed. */
  times: number | null
}

async function serve(request: IncomingMessage, response: ServerResponse, state: State): Promise<void> {
  const { method } = request
  const { pathname } = new URL(request.url ?? '/', 'http://simulator')
  if (pathname === '/v1/models' && method === 'GET') return send(response, 200, modelList())
  if (pathname === '/control') return control(request, response, state)
  const known = pathname === '/v1/chat/completions' || pathname === '/v1/embeddings'
  if (!known) return fail(response, 404, `There is no ${pathname} here.`)
  if (method !== 'POST') return fail(response, 405, 'Use POST.')
  const body = await readBody(request)
  if (body === undefined) return fail(response, 400, 'The body is not a JSON object.')
  if (pathname === '/v1/embeddings') return send(response, 200, embeddings(body))
  chat(request, response, { body, state })
}

function chat(
  request: IncomingMessage,
  response: ServerResponse,
  { body, state }: { readonly body: JsonObject; readonly state: State },
): void {
  const asked = String(body.model ?? '')
  const [name = '', ...suffixes] = asked.split('+')
  const model = simulatorModels.get(name)
  if (model === undefined) {
    const names = [...simulatorModels.keys()].join(', ')
    fail(response, 404, `There is no simulated model ${name}. Use ${names}.`, 'model_not_found')
    return
  }
  if (!Array.isArray(body.messages)) {
    fail(response, 400, 'messages must be a list.', 'invalid_request')
    return
  }
  const said = [textOf(body.simulate), textOf(request.headers['x-simulate']), takeControl(state)]
  const text = [...suffixes, ...said].filter((part) => part !== '').join('+')
  const faults = parseFaults(text)
  if (faults === undefined) {
    failUnknown(response, text)
    return
  }
  state.calls++
  const count = (state.byModel.get(asked) ?? 0) + 1
  state.byModel.set(asked, count)
  reply(response, { body, name, model, faults: spoiled(faults, count) })
}

function takeControl(state: State): string {
  if (state.times === null) return state.faults
  if (state.times <= 0) return ''
  state.times--
  return state.faults
}

/** `GET` shows, `PUT {"faults": "rate-limit-2", "times": 3}` sets, `DELETE` clears. */
async function control(request: IncomingMessage, response: ServerResponse, state: State): Promise<void> {
  if (request.method === 'DELETE') {
    state.faults = ''
    state.times = null
    state.calls = 0
    state.byModel.clear()
  } else if (request.method === 'PUT') {
    const body = (await readBody(request)) ?? {}
    const faults = textOf(body.faults)
    if (parseFaults(faults) === undefined) return failUnknown(response, faults)
    state.faults = faults
    state.times = typeof body.times === 'number' ? body.times : null
  } else if (request.method !== 'GET') return fail(response, 405, 'Use GET, PUT or DELETE.')
  send(response, 200, { simulated: true, calls: state.calls, faults: state.faults, times: state.times })
}

function modelList(): JsonObject {
  const data = [...simulatorModels.keys(), 'sim-embed'].map((id) => ({
    id,
    object: 'model',
    created: 0,
    owned_by: 'simulated',
  }))
  return { object: 'list', data }
}

function embeddings(body: JsonObject): JsonObject {
  const input = Array.isArray(body.input) ? (body.input as readonly Json[]) : [body.input ?? '']
  const dimensions = typeof body.dimensions === 'number' ? Math.min(Math.max(body.dimensions, 8), 4_096) : 256
  const data = input.map((item, index) => {
    const vector = embed(String(item), dimensions)
    const embedding =
      body.encoding_format === 'base64'
        ? Buffer.from(new Float32Array(vector).buffer).toString('base64')
        : vector
    return { object: 'embedding', index, embedding }
  })
  const tokens = input.reduce<number>((sum, item) => sum + countTokens(String(item)), 0)
  return { object: 'list', model: 'sim-embed', data, usage: { prompt_tokens: tokens, total_tokens: tokens } }
}

async function readBody(request: IncomingMessage): Promise<JsonObject | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > maxBody) return undefined
    chunks.push(chunk as Buffer)
  }
  try {
    const value = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function send(response: ServerResponse, status: number, body: JsonObject): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

function failUnknown(response: ServerResponse, text: string): void {
  fail(response, 400, `Unknown fault in "${text}". Known are ${faultNames.join(', ')}.`, 'unknown_fault')
}

function fail(response: ServerResponse, status: number, message: string, code: string | null = null): void {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error'
  send(response, status, { error: { message: `(Simulated) ${message}`, type, code, param: null } })
}
