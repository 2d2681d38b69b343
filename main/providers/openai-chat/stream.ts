// Chat-completions answers as stream events. A whole answer is read as a stream of one chunk, so that both ways give the
// same parts, usage and finish. Nothing is taken for granted: not `choices[0]`, not `[DONE]`, not one id.
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import {
  type FinishReason,
  type ProviderError,
  type StreamEvent,
  type Usage,
  unknownUsage,
} from '#shared/model/chat.ts'
import type { AnswerReader, Wire } from '../adapter.ts'
import { Calls } from './calls.ts'
import { DeltaReader } from './delta.ts'
import { gaveUpError, protocolError, readInnerError, truncatedError } from './errors.ts'
import { Parts } from './parts.ts'
import { readUsage } from './usage.ts'

const finishReasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  model_length: 'length',
  max_tokens: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
  error: 'error',
}

export class ChatReader implements AnswerReader {
  readonly #wire: Wire
  readonly #emit: (event: StreamEvent) => void
  readonly #parts: Parts
  readonly #calls: Calls
  readonly #delta: DeltaReader
  #started = false
  #over = false
  #id = ''
  /** The choice that is read; others are ignored. */
  #choice: Json | undefined
  #finish: string | null = null
  #usage: Usage = unknownUsage
  /** Usage came in an event of its own after everything else. */
  #closing = false

  constructor(wire: Wire, emit: (event: StreamEvent) => void) {
    this.#wire = wire
    this.#emit = emit
    this.#parts = new Parts(emit, () => this.#start({}))
    this.#calls = new Calls({
      open: (id, name) => this.#parts.openCall(id, name),
      emit,
      makeId: (nth) => `call_${nth}_${this.#id}`,
    })
    this.#delta = new DeltaReader(this.#parts, this.#calls, wire.quirks.reasoningFields)
  }

  get over(): boolean {
    return this.#over
  }

  get complete(): boolean {
    return this.#finish !== null
  }

  event(data: string, name: string): void {
    if (this.#over) return
    if (data.trim() === '[DONE]') {
      // Some servers give no reason, but close with usage and this word: an end too.
      if (this.complete || (this.#closing && this.#parts.count > 0)) this.#finishUp()
      else this.#fail(truncatedError(this.#wire))
      return
    }
    const value = parse(data)
    if (value === undefined) {
      this.#fail(protocolError(this.#wire, 'an event of its stream is not JSON', data))
      return
    }
    this.#read(value, name, false)
    if (this.complete && !this.#over && this.#isLast()) this.#finishUp()
  }

  /** @param known what the body holds, if it has been parsed */
  whole(body: string, known?: Json): void {
    const text = body.trim()
    const value = known ?? parse(text)
    if (value === undefined) {
      const what = text.startsWith('<') ? 'it is a page, not JSON' : 'it is not JSON'
      this.#fail(protocolError(this.#wire, text === '' ? 'it is empty' : what, text))
      return
    }
    this.#read(value, '', true)
    if (this.#over) return
    if (this.#choice === undefined) this.#fail(protocolError(this.#wire, 'it holds no choice', text))
    else this.#finishUp()
  }

  end(left: string | undefined): void {
    if (this.#over) return
    // A server that forgets the last blank line has still said its last word, if that word is whole.
    const word = left?.trim()
    if (word !== undefined && (word === '[DONE]' || parse(word) !== undefined)) this.event(word, '')
    if (this.#over) return
    if (this.complete) this.#finishUp()
    else this.#fail(truncatedError(this.#wire))
  }

  broken(error: ProviderError): void {
    if (this.#over) return
    if (this.complete && error.kind !== 'aborted') this.#finishUp()
    else this.#fail(error)
  }

  /** Does nothing worth waiting for follow the finish reason? */
  #isLast(): boolean {
    const { usageInStream } = this.#wire.quirks
    if (usageInStream === 'never') return true
    return (usageInStream === 'finish' || usageInStream === 'x_groq') && this.#usage !== unknownUsage
  }

  #read(value: Json, name: string, whole: boolean): void {
    const object = isJsonObject(value) ? value : {}
    const choices = Array.isArray(object.choices) ? (object.choices as readonly Json[]) : []
    const counted = this.#readUsage(object, choices)
    const error = readInnerError(value, name, this.#wire)
    if (error !== undefined) {
      if (counted) this.#emit({ type: 'usage', usage: this.#usage })
      this.#fail(error)
      return
    }
    if (!isJsonObject(value)) {
      this.#fail(protocolError(this.#wire, 'it is not an object', JSON.stringify(value)))
      return
    }
    if (choices.length > 0 || (typeof value.id === 'string' && value.id !== '')) this.#start(value)
    for (const choice of choices) if (isJsonObject(choice)) this.#readChoice(choice, whole)
    this.#delta.readNotes(value)
    // Vendors that repeat their counts in every event would double the events.
    const repeats = this.#wire.quirks.usageInStream === 'every'
    if (counted && !whole && !repeats) this.#emit({ type: 'usage', usage: this.#usage })
  }

  #start(value: JsonObject): void {
    if (this.#started) return
    this.#started = true
    this.#id = typeof value.id === 'string' ? value.id : ''
    const model = typeof value.model === 'string' ? value.model : this.#wire.model
    const created = typeof value.created === 'number' ? Math.floor(value.created) : 0
    this.#emit({ type: 'start', id: this.#id, model, created })
  }

  #readUsage(value: JsonObject, choices: readonly Json[]): boolean {
    const [first] = choices
    const raw = [
      value.usage,
      isJsonObject(value.x_groq) ? value.x_groq.usage : undefined,
      isJsonObject(first) ? first.usage : undefined,
    ].find(isJsonObject)
    if (raw === undefined) return false
    this.#usage = readUsage(raw)
    this.#closing = choices.length === 0
    return true
  }

  #readChoice(choice: JsonObject, whole: boolean): void {
    const index = choice.index ?? 0
    this.#choice ??= index
    if (index !== this.#choice) return
    const delta = isJsonObject(choice.delta) ? choice.delta : choice.message
    if (isJsonObject(delta)) this.#delta.read(delta, whole)
    else if (typeof choice.text === 'string') this.#delta.read({ content: choice.text }, whole)
    const { finish_reason } = choice
    if (typeof finish_reason === 'string' && finish_reason !== '') this.#finish = finish_reason
  }

  #finishUp(): void {
    this.#delta.end()
    if (!this.#calls.end()) {
      this.#fail(protocolError(this.#wire, 'a tool call has no name', ''))
      return
    }
    const raw = this.#finish
    const reason = this.#reason(raw)
    if (reason === 'error') {
      this.#fail(gaveUpError(this.#wire, raw ?? ''))
      return
    }
    this.#over = true
    this.#emit({ type: 'finish', finish: { reason, raw }, usage: this.#usage })
  }

  #reason(raw: string | null): FinishReason {
    const { finishReasons: own, finishStopMeansTools } = this.#wire.quirks
    // A whole answer, or one closed by its usage, is complete without a reason.
    const reason = raw === null ? 'stop' : (finishReasons[raw] ?? own[raw] ?? 'other')
    if (reason !== 'stop') return reason
    if (this.#calls.size > 0 && finishStopMeansTools) return 'tool-calls'
    return this.#delta.refused ? 'refusal' : 'stop'
  }

  #fail(error: ProviderError): void {
    if (this.#over) return
    this.#over = true
    this.#emit({ type: 'error', error })
  }
}

export function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
