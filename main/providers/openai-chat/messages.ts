// Our messages in the chat-completions format, with the differences between vendors.
import { createHash } from 'node:crypto'
import { AppError } from '#shared/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import type {
  AssistantPart,
  MediaPart,
  Message,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from '#shared/model/chat.ts'
import { writePart } from '#shared/model/content-parts.ts'
import { callArguments, chatDialect, writeCall } from '#shared/model/messages.ts'
import type { Wire } from '../adapter.ts'

export type Warn = (code: string, message: string) => void

export function writeMessages(
  system: readonly TextPart[],
  messages: readonly Message[],
  { wire, warn }: { readonly wire: Wire; readonly warn: Warn },
): JsonObject[] {
  const out: JsonObject[] = []
  const writer: Writer = { out, wire, warn }
  // One message: templates of local models refuse a second one.
  if (system.length > 0) pushSystem(system, writer)
  let pictures: MediaPart[] = []
  for (const message of messages) {
    // Nothing may stand between the results of one turn.
    if (message.role !== 'tool') pictures = pushPictures(pictures, writer)
    switch (message.role) {
      case 'system':
        pushSystem(message.parts, writer)
        break
      case 'user':
        pushUser(message, writer)
        break
      case 'assistant':
        out.push(writeAssistant(message.parts, writer))
        break
      case 'tool':
        for (const part of message.parts) pictures = [...pictures, ...pushResult(part, writer)]
    }
  }
  pushPictures(pictures, writer)
  return out
}

interface Writer {
  readonly out: JsonObject[]
  readonly wire: Wire
  readonly warn: Warn
}

function pushSystem(parts: readonly TextPart[], { out, wire }: Writer): void {
  const [only] = parts
  const content =
    parts.length === 1 && only !== undefined ? only.text : parts.map((part) => part.text).join('\n\n')
  if (content !== '') out.push({ role: wire.quirks.systemRole, content })
}

function pushUser(message: Extract<Message, { role: 'user' }>, writer: Writer): void {
  const content = writeContent(message.parts, writer)
  if (message.name !== undefined && writer.wire.quirks.messageName === 'pass') {
    writer.out.push({ role: 'user', name: message.name, content })
  } else writer.out.push({ role: 'user', content })
}

function writeContent(parts: readonly (TextPart | MediaPart)[], writer: Writer): Json {
  const [only] = parts
  if (only === undefined) return ''
  if (parts.length === 1 && only.type === 'text') return only.text
  if (writer.wire.quirks.contentParts === 'text' && parts.every((part) => part.type === 'text')) {
    return parts.map((part) => part.text).join('\n')
  }
  return parts.map((part) => {
    if (part.type !== 'text') checkMedia(part, writer.wire)
    return part.type === 'text' ? { type: 'text', text: part.text } : writePart(part)
  })
}

/** @throws AppError `upstream_rejected`: a picture is never dropped silently. */
function checkMedia(part: MediaPart, { title, quirks, model }: Wire): void {
  const refuse = (what: string) =>
    new AppError('upstream_rejected', {
      message: `${title} does not take ${what}. Send the content of the ${part.type} itself.`,
      details: { reason: 'capability_missing' },
      model,
    })
  const { kind } = part.source
  if (part.type === 'image' && kind === 'url' && quirks.imageUrls === 'inline')
    throw refuse('images by address')
  if ((part.type === 'image' || part.type === 'video') && kind === 'fileId')
    throw refuse(`${part.type}s by file id`)
  if (part.type === 'audio' && kind !== 'bytes') throw refuse('audio by address')
  if (part.type === 'file' && kind === 'url') throw refuse('files by address')
}

function writeAssistant(parts: readonly AssistantPart[], writer: Writer): JsonObject {
  const { wire, warn } = writer
  const { quirks } = wire
  const items: JsonObject[] = []
  const calls: JsonObject[] = []
  const thoughts: AssistantPart[] = []
  let text = ''
  let plain = true
  let refusal = ''
  for (const part of parts) {
    switch (part.type) {
      case 'text':
        text += part.text
        items.push({ type: 'text', text: part.text })
        break
      case 'tool-call':
        calls.push(writeToolCall(part, wire))
        break
      case 'reasoning':
        thoughts.push(part)
        break
      case 'refusal':
        refusal += part.text
        break
      case 'opaque':
        if (part.dialect === chatDialect && isJsonObject(part.value)) {
          items.push(part.value)
          plain = false
        } else warn('part_dropped', `${wire.title} cannot be sent a part that another vendor made.`)
        break
      default:
        warn('part_dropped', `${wire.title} takes no ${part.type} in earlier answers; it was left out.`)
    }
  }
  if (refusal !== '' && !quirks.refusalField) text += refusal
  const empty = calls.length > 0 || refusal !== '' ? quirks.emptyAssistantContent : ''
  return {
    role: 'assistant',
    // The key always stands, even without text: some servers refuse a message without it.
    content: plain ? (text === '' ? empty : text) : items,
    ...(refusal !== '' && quirks.refusalField ? { refusal } : {}),
    ...writeThoughts(thoughts, wire),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
}

function writeThoughts(parts: readonly AssistantPart[], { quirks }: Wire): JsonObject {
  const [field] = quirks.reasoningFields
  if (quirks.echoReasoning === 'forbidden' || field === undefined) return {}
  let text = ''
  const details: Json[] = []
  for (const part of parts) {
    if (part.type !== 'reasoning') continue
    text += part.text
    const meta = part.meta?.[chatDialect]
    if (isJsonObject(meta) && Array.isArray(meta.reasoning_details)) {
      details.push(...(meta.reasoning_details as readonly Json[]))
    }
  }
  if (details.length > 0) return { [field]: text, reasoning_details: details }
  return text !== '' || quirks.echoReasoning === 'required' ? { [field]: text } : {}
}

function writeToolCall(part: ToolCallPart, wire: Wire): JsonObject {
  const id = toolId(part.id, wire)
  const { argsText } = part.custom === true ? part : callArguments(part.argsText)
  return writeCall({ ...part, id, argsText })
}

/** Returns the pictures of the result: most servers take only text here, so they follow in a user message. */
function pushResult(part: ToolResultPart, { out, wire }: Writer): readonly MediaPart[] {
  const pictures: MediaPart[] = []
  const texts: string[] = []
  for (const item of part.content) {
    if (item.type === 'text') texts.push(item.text)
    else if (item.type === 'json') texts.push(JSON.stringify(item.value))
    else pictures.push(item)
  }
  if (pictures.length > 0 && texts.length === 0) texts.push('See what follows these results.')
  out.push({ role: 'tool', tool_call_id: toolId(part.callId, wire), content: texts.join('\n') })
  return pictures
}

function pushPictures(pictures: readonly MediaPart[], writer: Writer): MediaPart[] {
  if (pictures.length > 0) pushUser({ role: 'user', parts: pictures }, writer)
  return []
}

const patterns = new Map<string, RegExp>()
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Deterministic, so that call and result agree in every request. */
function toolId(id: string, { quirks }: Wire): string {
  if (quirks.toolIdPattern === null) return id
  let pattern = patterns.get(quirks.toolIdPattern)
  if (pattern === undefined) {
    pattern = new RegExp(quirks.toolIdPattern)
    patterns.set(quirks.toolIdPattern, pattern)
  }
  if (pattern.test(id)) return id
  const hash = createHash('sha256').update(id).digest()
  return Array.from(hash.subarray(0, 9), (byte) => letters[byte % letters.length]).join('')
}
