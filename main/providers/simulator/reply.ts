// Sends one simulated answer, whole or streamed at the model's pace, with the faults that were asked for.
import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import { answerTo, readPrompt, type SimulatedAnswer } from './answer.ts'
import type { Faults } from './faults.ts'
import type { SimulatedModel } from './models.ts'
import { countTokens, tokensOf } from './tokens.ts'

interface Order {
  readonly body: JsonObject
  /** Without faults. */
  readonly name: string
  readonly model: SimulatedModel
  readonly faults: Faults
}

interface Product {
  readonly id: string
  readonly text: string
  readonly tokens: readonly string[]
  readonly calls: readonly JsonObject[]
  readonly refusal: string | null
  readonly finish: string
  readonly usage: JsonObject
}

/** Fixed, so that the same request gives the same bytes. */
const created = 1_790_000_000

export function reply(response: ServerResponse, order: Order): void {
  const { faults, model, body } = order
  const streams = body.stream === true
  const product = produce(order)
  const firstMs = faults.firstMs ?? model.pace.firstMs
  const tokenMs = faults.tokenMs ?? model.pace.tokenMs
  // A whole answer takes as long as its stream would, up to a bound.
  const wholeMs = firstMs + Math.min(product.tokens.length * tokenMs, 10_000)
  if (faults.hang === true) return
  after(response, streams ? firstMs : faults.status === undefined ? wholeMs : firstMs, () => {
    if (faults.status !== undefined) sendError(response, faults)
    else if (faults.html === true) sendPage(response)
    else if (streams) new StreamedReply(response, order, product, tokenMs).next()
    else sendWhole(response, order, product)
  })
}

function produce({ body, name, model, faults }: Order): Product {
  const mark = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 20)
  const prompt = readPrompt(body.messages as readonly Json[])
  const answer = spoil(answerTo(body, prompt, name === 'sim-large'), faults)
  const limit = [body.max_tokens, body.max_completion_tokens].find((value) => typeof value === 'number')
  const most = typeof limit === 'number' ? limit : (model.output ?? 16_384)
  const all = tokensOf(cutAtStop(answer.text, body.stop))
  const tokens = all.slice(0, most)
  const refusal = faults.refusal === true ? '(Simulated) I will not answer this.' : null
  const text = refusal === null ? tokens.join('') : ''
  const calls =
    refusal === null
      ? answer.calls.map((call, index) => writeCall(call, `${mark.slice(0, 8)}_${index}`, faults))
      : []
  const said = calls.length === 0 ? text.length + (refusal?.length ?? 0) : JSON.stringify(calls).length
  const input = countTokens(prompt.all)
  const output = calls.length === 0 && refusal === null ? tokens.length : Math.ceil(said / 4)
  return {
    id: `chatcmpl-sim-${mark}`,
    text,
    tokens: refusal === null ? tokens : [],
    calls,
    refusal,
    finish: finishOf(faults, { calls: calls.length, cut: all.length > tokens.length && refusal === null }),
    usage: {
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: input + output,
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
  }
}

function finishOf(faults: Faults, { calls, cut }: { readonly calls: number; readonly cut: boolean }): string {
  if (faults.filter === true) return 'content_filter'
  if (calls > 0) return 'tool_calls'
  return cut ? 'length' : 'stop'
}

function spoil(answer: SimulatedAnswer, faults: Faults): SimulatedAnswer {
  if (faults.empty === true || faults.filter === true) return { text: '', calls: [] }
  if (faults.words === undefined) return answer
  const words = Array.from({ length: faults.words }, (_, index) => `word${index + 1}`)
  return { text: words.join(' '), calls: [] }
}

function writeCall({ name, args }: SimulatedAnswer['calls'][number], id: string, faults: Faults): JsonObject {
  const spoiledArgs =
    faults.args === 'broken' ? args.slice(0, -1) : faults.args === 'wrong' ? '{"unexpected":[]}' : args
  return { id: `call_sim_${id}`, type: 'function', function: { name, arguments: spoiledArgs } }
}

function cutAtStop(text: string, stop: Json | undefined): string {
  const stops = Array.isArray(stop) ? (stop as readonly Json[]) : [stop]
  const places = stops
    .filter((one) => typeof one === 'string' && one !== '')
    .map((one) => text.indexOf(one as string))
    .filter((at) => at >= 0)
  return places.length === 0 ? text : text.slice(0, Math.min(...places))
}

function sendError(response: ServerResponse, { status = 500, retryAfterS, code }: Faults): void {
  if (retryAfterS !== undefined) response.setHeader('retry-after', String(retryAfterS))
  response.writeHead(status, { 'content-type': 'application/json' })
  const message = `(Simulated) This model was told to answer ${status}.`
  response.end(
    JSON.stringify({ error: { message, type: 'simulated_error', code: code ?? null, param: null } }),
  )
}

function sendPage(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/html' })
  response.end('<html><title>Simulated page</title><body>Not an answer.</body></html>')
}

function sendWhole(response: ServerResponse, { name, faults }: Order, product: Product): void {
  const { id, text, calls, refusal, finish, usage } = product
  const message = {
    role: 'assistant',
    content: calls.length > 0 || refusal !== null ? null : text,
    refusal,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
  const choices = [{ index: 0, message, logprobs: null, finish_reason: finish }]
  const answer = { id, object: 'chat.completion', created, model: name, ...label, choices, usage }
  const json = JSON.stringify(answer)
  const broken = faults.garbage === true || faults.cutAfter !== undefined || faults.stallAfter !== undefined
  const bytes = Buffer.from(broken ? json.slice(0, Math.floor(json.length / 2)) : json)
  // A cut or silent answer announced more than it brings.
  const length = faults.garbage === true || !broken ? bytes.length : bytes.length * 2
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': length })
  if (faults.cutAfter !== undefined) response.write(bytes, () => response.destroy())
  else if (faults.stallAfter !== undefined) response.write(bytes)
  else response.end(bytes)
}

const label = { system_fingerprint: 'simulated' }

class StreamedReply {
  readonly #response: ServerResponse
  readonly #order: Order
  readonly #product: Product
  readonly #tokenMs: number
  #sent = 0

  constructor(response: ServerResponse, order: Order, product: Product, tokenMs: number) {
    this.#response = response
    this.#order = order
    this.#product = product
    this.#tokenMs = tokenMs
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
    this.#chunk({ role: 'assistant', content: '' })
  }

  next(): void {
    const { tokens } = this.#product
    const { faults } = this.#order
    for (;;) {
      if (this.#response.destroyed) return
      if (this.#sent === faults.stallAfter) return
      if (this.#sent === faults.cutAfter) {
        this.#cut()
        return
      }
      const token = tokens[this.#sent]
      if (token === undefined) {
        this.#end()
        return
      }
      if (faults.garbage === true && this.#sent === 2)
        this.#response.write('data: {"choices": [{"delta": {\n\n')
      this.#sent++
      const room = this.#chunk({ content: token })
      if (!room) {
        this.#response.once('drain', () => this.next())
        return
      }
      if (this.#tokenMs > 0 && this.#sent < tokens.length) {
        after(this.#response, this.#tokenMs, () => this.next())
        return
      }
    }
  }

  #end(): void {
    const { calls, refusal, finish, usage } = this.#product
    const { faults, body } = this.#order
    if (faults.cutAfter !== undefined) {
      this.#cut()
      return
    }
    if (refusal !== null) this.#chunk({ refusal })
    for (const [index, call] of calls.entries()) this.#streamCall(call, index)
    this.#chunk({}, finish)
    const options = isJsonObject(body.stream_options) ? body.stream_options : {}
    if (options.include_usage === true) this.#event({ ...this.#base(), choices: [], usage })
    this.#response.end('data: [DONE]\n\n')
  }

  /** What was written before still arrives. */
  #cut(): void {
    this.#response.write(': cut\n\n', () => this.#response.destroy())
  }

  #streamCall(call: JsonObject, index: number): void {
    const { name, arguments: args } = call.function as { name: string; arguments: string }
    this.#chunk({
      tool_calls: [{ index, id: call.id ?? '', type: 'function', function: { name, arguments: '' } }],
    })
    for (let at = 0; at < args.length; at += 12) {
      this.#chunk({ tool_calls: [{ index, function: { arguments: args.slice(at, at + 12) } }] })
    }
  }

  #chunk(delta: JsonObject, finish: string | null = null): boolean {
    return this.#event({
      ...this.#base(),
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    })
  }

  #event(value: JsonObject): boolean {
    return this.#response.write(`data: ${JSON.stringify(value)}\n\n`)
  }

  #base(): JsonObject {
    const { id } = this.#product
    return { id, object: 'chat.completion.chunk', created, model: this.#order.name, ...label }
  }
}

/** Waits, unless the client leaves. */
function after(response: ServerResponse, ms: number, go: () => void): void {
  if (ms <= 0) {
    go()
    return
  }
  const gone = () => clearTimeout(timer)
  const timer = setTimeout(() => {
    response.off('close', gone)
    go()
  }, ms)
  response.once('close', gone)
}
