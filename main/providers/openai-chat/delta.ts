// The content of one message or delta, field by field.
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import { chatDialect } from '#shared/model/messages.ts'
import type { Calls } from './calls.ts'
import type { Parts } from './parts.ts'
import { addDetails, detailText } from './reasoning.ts'

export class DeltaReader {
  readonly #parts: Parts
  readonly #calls: Calls
  readonly #reasoningFields: readonly string[]
  #notes: Readonly<Record<string, Json>> | undefined
  #speech: Readonly<Record<string, Json>> | undefined
  #refused = false

  constructor(parts: Parts, calls: Calls, reasoningFields: readonly string[]) {
    this.#parts = parts
    this.#calls = calls
    this.#reasoningFields = reasoningFields
  }

  get refused(): boolean {
    return this.#refused
  }

  /** @param whole a complete message, not a piece of one */
  read(delta: JsonObject, whole: boolean): void {
    this.#reasoning(delta, whole)
    this.#content(delta.content)
    if (typeof delta.refusal === 'string' && delta.refusal !== '') {
      this.#refused = true
      this.#parts.text('refusal', delta.refusal)
    }
    if (isJsonObject(delta.audio)) this.#speech = addSpeech(this.#speech, delta.audio)
    for (const image of list(delta.images)) this.#image(image)
    if (Array.isArray(delta.tool_calls)) this.#calls.take(list(delta.tool_calls), whole)
    else if (isJsonObject(delta.function_call)) {
      this.#calls.take([{ index: 0, ...delta.function_call }], whole)
    }
    this.readNotes(delta)
  }

  /** Sources and citations, which some vendors put beside the choices. */
  readNotes(from: JsonObject): void {
    for (const name of noteFields) {
      const more = from[name]
      if (!Array.isArray(more) || more.length === 0) continue
      const before = this.#notes?.[name]
      const all = name === 'annotations' && Array.isArray(before) ? [...before, ...more] : more
      this.#notes = { ...this.#notes, [name]: all }
    }
  }

  /** Nothing more will come. */
  end(): void {
    if (this.#notes !== undefined) this.#parts.note(this.#notes)
    this.#parts.close()
    if (this.#speech === undefined) return
    const { data, ...rest } = this.#speech
    const source = { kind: 'bytes', base64: typeof data === 'string' ? data : '' }
    this.#parts.single('media', { type: 'audio', source }, { [chatDialect]: { audio: rest } })
  }

  #reasoning(delta: JsonObject, whole: boolean): void {
    let text = ''
    for (const field of this.#reasoningFields) {
      const value = delta[field]
      if (typeof value === 'string' && value !== '') {
        text = value
        break
      }
    }
    const details = delta.reasoning_details
    if (Array.isArray(details) && details.length > 0) {
      if (text === '') text = detailText(details)
      const joined = addDetails(this.#parts.details, details, whole)
      const isNew = !this.#parts.isOpen('reasoning')
      if (isNew && isWorthAPart(joined, text)) this.#parts.openText('reasoning')
      if (this.#parts.isOpen('reasoning')) this.#parts.details = joined
    }
    if (text !== '') this.#parts.text('reasoning', text)
  }

  #content(content: Json | undefined): void {
    if (typeof content === 'string') {
      if (content !== '') this.#parts.text('text', content)
      return
    }
    for (const item of list(content)) {
      if (typeof item === 'string') this.#parts.text('text', item)
      else if (isJsonObject(item)) this.#item(item)
    }
  }

  #item(item: JsonObject): void {
    if (typeof item.text === 'string') {
      if (item.text !== '') this.#parts.text('text', item.text)
    } else if (item.type === 'thinking') {
      const thinking = Array.isArray(item.thinking) ? detailText(item.thinking) : item.thinking
      if (typeof thinking === 'string' && thinking !== '') this.#parts.text('reasoning', thinking)
    } else if (item.type === 'image_url') this.#image(item)
    else this.#parts.single('opaque', { dialect: chatDialect, value: item })
  }

  #image(image: Json): void {
    const link = isJsonObject(image) ? image.image_url : undefined
    const url = isJsonObject(link) ? link.url : link
    if (typeof url === 'string') this.#parts.single('media', imageFields(url))
  }
}

const noteFields = ['annotations', 'citations', 'search_results']

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

/** Empty details come ahead of every thought of some vendors. */
function isWorthAPart(details: readonly JsonObject[], text: string): boolean {
  if (text !== '') return true
  return details.some(({ data, signature, id }) => [data, signature, id].some((value) => Boolean(value)))
}

function imageFields(url: string): JsonObject {
  const data = /^data:([^;,]*);base64,/.exec(url)
  if (data === null) return { type: 'image', source: { kind: 'url', url } }
  const [head, mediaType = ''] = data
  return { type: 'image', mediaType, source: { kind: 'bytes', base64: url.slice(head.length) } }
}

/** Spoken answers come in pieces and are one part. */
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
