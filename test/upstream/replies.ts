// Ready-made answers in the chat-completions shape.
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import type { Reply } from './server.ts'

export interface Facts {
  readonly model?: string
  readonly id?: string
  readonly finish?: string | null
  readonly usage?: Readonly<Record<string, unknown>> | null
  readonly message?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
}

const usage = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 }
const json = { 'content-type': 'application/json' }
const events = { 'content-type': 'text/event-stream' }

/** A whole answer. */
export function answer(text: string | null, facts: Facts = {}): Reply {
  const message = { role: 'assistant', content: text, ...facts.message }
  const body = {
    id: facts.id ?? 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_790_000_000,
    model: facts.model ?? 'scripted',
    choices: [{ index: 0, message, finish_reason: facts.finish ?? 'stop' }],
    ...(facts.usage === null ? {} : { usage: facts.usage ?? usage }),
  }
  return { status: 200, headers: { ...json, ...facts.headers }, body: JSON.stringify(body) }
}

/** The event payloads of a streamed answer, `[DONE]` last. */
export function deltas(texts: readonly string[], facts: Facts = {}): string[] {
  const base = {
    id: facts.id ?? 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_790_000_000,
    model: facts.model ?? 'scripted',
  }
  const chunk = (delta: object, finish: string | null = null) =>
    JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason: finish }] })
  return [
    chunk({ role: 'assistant', content: '' }),
    ...texts.map((content) => chunk({ content })),
    ...(facts.finish === null ? [] : [chunk({}, facts.finish ?? 'stop')]),
    ...(facts.usage === null ? [] : [JSON.stringify({ ...base, choices: [], usage: facts.usage ?? usage })]),
    '[DONE]',
  ]
}

/** A streamed answer, one network write per event. */
export function stream(texts: readonly string[], facts: Facts = {}): Reply {
  return sse(deltas(texts, facts), facts.headers)
}

/** Event payloads (a number waits) as an event stream. */
export function sse(
  payloads: readonly (string | number)[],
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const chunks = payloads.map((payload) => (typeof payload === 'number' ? payload : `data: ${payload}\n\n`))
  return { status: 200, headers: { ...events, ...headers }, chunks }
}

/** An error in the usual shape. */
export function failure(
  status: number,
  error: object | string = {},
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const body =
    typeof error === 'string' ? error : JSON.stringify({ error: { message: `status ${status}`, ...error } })
  return { status, headers: { ...json, ...headers }, body }
}

/** A tool call for `message` of `answer`. */
export function toolCall(name: string, args: unknown, id = 'call_1'): Record<string, unknown> {
  return {
    id,
    type: 'function',
    function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
  }
}

export function compressed(reply: Reply, encoding: 'gzip' | 'br' | 'deflate'): Reply {
  const pack = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync }[encoding]
  const plain = reply.chunks?.filter((chunk) => typeof chunk !== 'number').map((chunk) => Buffer.from(chunk))
  const body = pack(plain === undefined ? Buffer.from(reply.body ?? '') : Buffer.concat(plain))
  const { body: _body, chunks: _chunks, ...rest } = reply
  return {
    ...rest,
    headers: { ...rest.headers, 'content-encoding': encoding },
    ...(plain === undefined ? { body } : { chunks: [body] }),
  }
}
