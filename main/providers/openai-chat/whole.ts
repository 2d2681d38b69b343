// A whole answer. Nearly all of them are one text, a reason and counts: these are read directly. Everything else goes
// through the reader of streams; where both can read an answer they say the same.
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import {
  type AssistantPart,
  type ChatResponse,
  type Finish,
  type ModelWarning,
  type StreamEvent,
  type Usage,
  unknownUsage,
} from '#shared/model/chat.ts'
import { Fold } from '#shared/model/reduce.ts'
import type { Answered, Wire } from '../adapter.ts'
import { takesStop } from './request.ts'
import { cutAtStop } from './stop.ts'
import { ChatReader, parse } from './stream.ts'
import { readUsage } from './usage.ts'

export function readWhole(body: string, wire: Wire, stop: readonly string[]): Answered {
  const value = parse(body)
  const plain = value === undefined || mustCut(wire, stop) ? undefined : readPlain(value, wire)
  if (plain !== undefined) return plain
  const fold = new Fold()
  openReader(wire, stop, (event) => fold.push(event)).whole(body, value)
  return fold
}

export function openReader(
  wire: Wire,
  stop: readonly string[],
  emit: (event: StreamEvent) => void,
): ChatReader {
  return new ChatReader(wire, mustCut(wire, stop) ? cutAtStop(stop, emit) : emit)
}

function mustCut(wire: Wire, stop: readonly string[]): boolean {
  return stop.length > 0 && !takesStop(wire)
}

/** Undefined: there is more to this answer, or something else. */
export function readPlain(value: Json, wire: Wire): Answered | undefined {
  if (!isJsonObject(value) || !holdsOnly(value, answerFields) || value.object === 'error') return undefined
  const { choices, usage } = value
  if (!Array.isArray(choices) || choices.length !== 1) return undefined
  const choice = choices[0] as Json
  if (!isJsonObject(choice) || !holdsOnly(choice, choiceFields)) return undefined
  const { message, finish_reason } = choice
  if (finish_reason !== 'stop' && finish_reason !== 'length') return undefined
  if (!isJsonObject(message) || !holdsOnly(message, messageFields)) return undefined
  const { content } = message
  if (typeof content !== 'string' || content === '') return undefined
  return new PlainAnswer(value, wire.model, {
    text: content,
    finish: { reason: finish_reason, raw: finish_reason },
    usage: isJsonObject(usage) ? readUsage(usage) : unknownUsage,
  })
}

const answerFields: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'system_fingerprint',
  'service_tier',
])
const choiceFields: ReadonlySet<string> = new Set(['index', 'message', 'finish_reason', 'logprobs'])
const messageFields: ReadonlySet<string> = new Set(['role', 'content'])
/** What some vendors always send, empty or not. */
const lists: ReadonlySet<string> = new Set(['annotations', 'tool_calls'])

/** Fields without a value, such as `refusal: null`, say nothing. */
function holdsOnly(object: JsonObject, fields: ReadonlySet<string>): boolean {
  for (const name in object) {
    if (fields.has(name)) continue
    const value = object[name]
    if (value !== null && !(lists.has(name) && Array.isArray(value) && value.length === 0)) return false
  }
  return true
}

interface Said {
  readonly text: string
  readonly finish: Finish
  readonly usage: Usage
}

class PlainAnswer implements Answered {
  readonly error = undefined
  readonly #value: JsonObject
  readonly #model: string
  readonly #said: Said

  constructor(value: JsonObject, model: string, said: Said) {
    this.#value = value
    this.#model = model
    this.#said = said
  }

  response(timing: ChatResponse['timing'], warnings: readonly ModelWarning[]): ChatResponse {
    const { id, model, created } = this.#value
    const { text, finish, usage } = this.#said
    const parts: AssistantPart[] = [{ type: 'text', text }]
    return {
      id: typeof id === 'string' ? id : '',
      model: typeof model === 'string' ? model : this.#model,
      created: typeof created === 'number' ? Math.floor(created) : 0,
      parts,
      finish,
      usage,
      warnings,
      timing,
    }
  }
}
