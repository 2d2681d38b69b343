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
import { chatDialect } from '#shared/model/messages.ts'
import type { AnswerReader, Wire } from '../adapter.ts'
import { Calls } from './calls.ts'
import { protocolError, readInnerError, truncatedError } from './errors.ts'
import { addDetails, detailText } from './reasoning.ts'
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

type Open = 'text' | 'reasoning' | 'refusal'

export class ChatReader implements AnswerReader {
  readonly #wire: Wire
  readonly #emit: (event: StreamEvent) => void
  readonly #calls: Calls
  #started = false
  #over = false
  #parts = 0
  /** The part that text goes to; tool calls stay open beside it. */
  #open: { readonly kind: Open; readonly index: number } | undefined
  #choice: Json | undefined
  #id = ''
  #finish: string | null = null
  #refused = false
  #usage: Usage = unknownUsage
  /** Usage came in an event of its own after everything else. */
  #closing = false
  #details: readonly JsonObject[] = []
  #notes: Readonly<Record<string, Json>> | undefined
  #speech: Readonly<Record<string, Json>> | undefined

  constructor(wire: Wire, emit: (event: StreamEvent) => void) {
    this.#wire = wire
    this.#emit = emit
    this.#calls = new Calls({
      open: (id, name) => this.#startPart({ part: 'tool-call', id, name }),
      emit,
      makeId: (nth) => `call_${nth}_${this.#id}`,
    })
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
      if (this.complete || (this.#closing && this.#parts > 0)) this.#finishUp()
      else this.#fail(truncatedError(this.#wire))
      return
    }
    const value = parse(data)
    if (value === undefined) {
      this.#fail(protocolError(this.#wire, 'an event of its stream is not JSON', data))
      return
    }
    this.#value(value, name, false)
    if (this.complete && !this.#over && this.#isLast()) this.#finishUp()
  }

  /** Does nothing worth waiting for follow the finish reason? */
  #isLast(): boolean {
    const { usageInStream } = this.#wire.quirks
    if (usageInStream === 'never') return true
    return (usageInStream === 'finish' || usageInStream === 'x_groq') && this.#usage !== unknownUsage
  }

  whole(body: string): void {
    const text = body.trim()
    const value = parse(text)
    if (value === undefined) {
      const what =
        text === '' ? 'it is empty' : text.startsWith('<') ? 'it is a page, not JSON' : 'it is not JSON'
      this.#fail(protocolError(this.#wire, what, text))
      return
    }
    this.#value(value, '', true)
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

  #value(value: Json, name: string, whole: boolean): void {
    if (isJsonObject(value)) this.#readUsage(value, whole)
    const error = readInnerError(value, name, this.#wire)
    if (error !== undefined) {
      this.#fail(error)
      return
    }
    if (!isJsonObject(value)) {
      this.#fail(protocolError(this.#wire, 'it is not an object', JSON.stringify(value)))
      return
    }
    const choices = Array.isArray(value.choices) ? (value.choices as readonly Json[]) : []
    if (!this.#started && (choices.length > 0 || (typeof value.id === 'string' && value.id !== ''))) {
      this.#start(value)
    }
    for (const choice of choices) if (isJsonObject(choice)) this.#readChoice(choice, whole)
    this.#readNotes(value)
  }

  #start(value: JsonObject): void {
    this.#started = true
    this.#id = typeof value.id === 'string' ? value.id : ''
    const model = typeof value.model === 'string' ? value.model : this.#wire.model
    const created = typeof value.created === 'number' ? Math.floor(value.created) : 0
    this.#emit({ type: 'start', id: this.#id, model, created })
  }

  #readUsage(value: JsonObject, whole: boolean): void {
    const choices = Array.isArray(value.choices) ? (value.choices as readonly Json[]) : []
    const [first] = choices
    const raw = [
      value.usage,
      isJsonObject(value.x_groq) ? value.x_groq.usage : undefined,
      isJsonObject(first) ? first.usage : undefined,
    ].find(isJsonObject)
    if (raw === undefined) return
    this.#usage = readUsage(raw)
    this.#closing = choices.length === 0
    // Vendors that repeat their counts in every event would double the events.
    if (!whole && this.#wire.quirks.usageInStream !== 'every')
      this.#emit({ type: 'usage', usage: this.#usage })
  }

  #readChoice(choice: JsonObject, whole: boolean): void {
    const index = choice.index ?? 0
    this.#choice ??= index
    if (index !== this.#choice) return
    const delta = isJsonObject(choice.delta) ? choice.delta : choice.message
    if (isJsonObject(delta)) this.#readDelta(delta, whole)
    else if (typeof choice.text === 'string') this.#text('text', choice.text)
    const { finish_reason } = choice
    if (typeof finish_reason === 'string' && finish_reason !== '') this.#finish = finish_reason
  }

  #readDelta(delta: JsonObject, whole: boolean): void {
    this.#readReasoning(delta, whole)
    this.#readContent(delta.content, whole)
    if (typeof delta.refusal === 'string' && delta.refusal !== '') {
      this.#refused = true
      this.#text('refusal', delta.refusal)
    }
    if (isJsonObject(delta.audio)) this.#speech = addSpeech(this.#speech, delta.audio)
    if (Array.isArray(delta.images))
      for (const image of delta.images as readonly Json[]) this.#readImage(image)
    if (Array.isArray(delta.tool_calls)) this.#calls.take(delta.tool_calls as readonly Json[], whole)
    else if (isJsonObject(delta.function_call))
      this.#calls.take([{ index: 0, ...delta.function_call }], whole)
    this.#readNotes(delta)
  }

  #readReasoning(delta: JsonObject, whole: boolean): void {
    let text = ''
    for (const field of this.#wire.quirks.reasoningFields) {
      const value = delta[field]
      if (typeof value === 'string' && value !== '') {
        text = value
        break
      }
    }
    const details = delta.reasoning_details
    if (Array.isArray(details) && details.length > 0) {
      if (text === '') text = detailText(details)
      const before = this.#details
      if (this.#open?.kind !== 'reasoning') this.#details = []
      const joined = addDetails(this.#details, details, whole)
      if (joined.length > 0 && this.#open?.kind !== 'reasoning' && isWorthAPart(joined, text)) {
        this.#openPart('reasoning')
      }
      this.#details = this.#open?.kind === 'reasoning' ? joined : before
    }
    if (text !== '') this.#text('reasoning', text)
  }

  #readContent(content: Json | undefined, whole: boolean): void {
    if (typeof content === 'string') {
      if (content !== '') this.#text('text', content)
      return
    }
    if (!Array.isArray(content)) return
    for (const item of content as readonly Json[]) {
      if (typeof item === 'string') this.#text('text', item)
      else if (isJsonObject(item)) this.#readItem(item, whole)
    }
  }

  #readItem(item: JsonObject, whole: boolean): void {
    if (typeof item.text === 'string') {
      if (item.text !== '') this.#text('text', item.text)
      return
    }
    if (item.type === 'thinking') {
      const thinking = Array.isArray(item.thinking) ? detailText(item.thinking) : item.thinking
      if (typeof thinking === 'string' && thinking !== '') this.#text('reasoning', thinking)
      return
    }
    if (item.type === 'image_url') this.#readImage(item)
    else if (whole || item.type !== undefined) {
      this.#closeOpen()
      const index = this.#startPart({ part: 'opaque' })
      this.#emit({ type: 'part-meta', index, meta: { part: { dialect: chatDialect, value: item } } })
      this.#emit({ type: 'part-end', index })
    }
  }

  #readImage(image: Json): void {
    const link = isJsonObject(image) ? image.image_url : undefined
    const url = isJsonObject(link) ? link.url : link
    if (typeof url !== 'string') return
    this.#closeOpen()
    const index = this.#startPart({ part: 'media' })
    this.#emit({ type: 'part-meta', index, meta: { part: imagePart(url) } })
    this.#emit({ type: 'part-end', index })
  }

  /** Spoken answers come in pieces and are one part. */
  #readSpeech({ data, ...rest }: Readonly<Record<string, Json>>): void {
    const index = this.#startPart({ part: 'media' })
    const source = { kind: 'bytes', base64: typeof data === 'string' ? data : '' }
    const meta = { part: { type: 'audio', source }, [chatDialect]: { audio: rest } }
    this.#emit({ type: 'part-meta', index, meta })
    this.#emit({ type: 'part-end', index })
  }

  /** Sources and citations belong to the text. */
  #readNotes(from: JsonObject): void {
    for (const name of ['annotations', 'citations', 'search_results']) {
      const value = from[name]
      if (!Array.isArray(value) || value.length === 0) continue
      const before = this.#notes?.[name]
      const all = name === 'annotations' && Array.isArray(before) ? [...before, ...value] : value
      this.#notes = { ...this.#notes, [name]: all }
    }
  }

  #text(kind: Open, text: string): void {
    const { index } = this.#open?.kind === kind ? this.#open : this.#openPart(kind)
    this.#emit({ type: `${kind}-delta`, index, text })
  }

  #openPart(kind: Open): { readonly index: number } {
    this.#closeOpen()
    this.#open = { kind, index: this.#startPart({ part: kind }) }
    return this.#open
  }

  #startPart(part: { part: Open | 'tool-call' | 'media' | 'opaque'; id?: string; name?: string }): number {
    if (!this.#started) this.#start({})
    if (part.part === 'tool-call') this.#closeOpen()
    const index = this.#parts++
    this.#emit({ type: 'part-start', index, ...part })
    return index
  }

  #closeOpen(): void {
    if (this.#open === undefined) return
    const { kind, index } = this.#open
    this.#open = undefined
    if (kind === 'reasoning' && this.#details.length > 0) {
      this.#emit({ type: 'part-meta', index, meta: { [chatDialect]: { reasoning_details: this.#details } } })
    }
    if (kind === 'text') this.#lastText = index
    this.#emit({ type: 'part-end', index })
  }
  #lastText = -1

  #finishUp(): void {
    this.#closeNotes()
    this.#closeOpen()
    if (this.#speech !== undefined) this.#readSpeech(this.#speech)
    if (!this.#calls.end()) {
      this.#fail(protocolError(this.#wire, 'a tool call has no name', ''))
      return
    }
    const raw = this.#finish
    const reason = this.#reason(raw)
    if (reason === 'error') {
      const message = `${this.#wire.title} gave up in the middle of the answer (${raw}).`
      const { provider } = this.#wire
      this.#fail({ kind: 'overloaded', message, ...code(raw), retryable: true, provider })
      return
    }
    this.#over = true
    this.#emit({ type: 'finish', finish: { reason, raw }, usage: this.#usage })
  }

  #closeNotes(): void {
    const index = this.#open?.kind === 'text' ? this.#open.index : this.#lastText
    if (this.#notes === undefined || index < 0) return
    this.#emit({ type: 'part-meta', index, meta: { [chatDialect]: this.#notes } })
  }

  #reason(raw: string | null): FinishReason {
    const { finishReasons: own, finishStopMeansTools } = this.#wire.quirks
    // A whole answer, or one closed by its usage, is complete without a reason.
    const reason = raw === null ? 'stop' : (finishReasons[raw] ?? own[raw] ?? 'other')
    if (reason !== 'stop') return reason
    if (this.#calls.size > 0 && finishStopMeansTools) return 'tool-calls'
    return this.#refused ? 'refusal' : 'stop'
  }

  #fail(error: ProviderError): void {
    if (this.#over) return
    this.#over = true
    this.#emit({ type: 'error', error })
  }
}

function addSpeech(
  known: Readonly<Record<string, Json>> | undefined,
  piece: JsonObject,
): Readonly<Record<string, Json>> {
  const speech: Record<string, Json> = { ...known, ...piece }
  for (const key of ['data', 'transcript']) {
    const before = known?.[key]
    const more = piece[key]
    if (typeof before === 'string') speech[key] = typeof more === 'string' ? before + more : before
  }
  return speech
}

/** Empty details come ahead of every thought of some vendors. */
function isWorthAPart(details: readonly JsonObject[], text: string): boolean {
  return (
    text !== '' ||
    details.some(({ data, signature, id }) =>
      [data, signature, id].some((value) => value !== undefined && value !== '' && value !== null),
    )
  )
}

function imagePart(url: string): JsonObject {
  const data = /^data:([^;,]*);base64,/.exec(url)
  if (data === null) return { type: 'image', source: { kind: 'url', url } }
  const [head, mediaType = ''] = data
  return { type: 'image', mediaType, source: { kind: 'bytes', base64: url.slice(head.length) } }
}

function code(raw: string | null): { readonly code?: string } {
  return raw === null ? {} : { code: raw }
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
