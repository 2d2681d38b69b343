// Every text inside a value, and the value again with some of those texts changed. What a guard sees and what it may
// rewrite is decided here, once.
import type { Json } from '../json.ts'
import { isJsonObject } from '../json.ts'
import type {
  AssistantPart,
  MediaPart,
  Message,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from '../model/chat.ts'
import { applyEdits, type Edit } from './edits.ts'
import { jsonTexts } from './json-texts.ts'

export interface TextPlace {
  /** JSON pointer of the text inside the value; null where the value is one text. */
  readonly part: string | null
  readonly from: 'user' | 'tool' | 'other'
  /** Offset in the text as it stands in the value (JSON escapes count). */
  readonly offset: (index: number) => number
}
/** Edits to the text, or nothing. */
export type VisitText = (text: string, place: TextPlace) => readonly Edit[] | undefined

type From = TextPlace['from']
const same = (index: number) => index

/**
 * Visits texts, messages or JSON in their order. Parts that no edit touched are the same objects in the result, and
 * an untouched value is returned as it is. Not visited: media bytes, vendor blocks that we do not interpret, ids.
 */
export function walkTexts(value: unknown, visit: VisitText): unknown {
  if (typeof value === 'string') return edited(value, visit, { part: null, from: 'other', offset: same })
  if (isMessages(value)) return mapped(value, (message, i) => walkMessage(message, `/${i}`, visit))
  return walkJson(value as Json, '', 'other', visit)
}

export function isMessages(value: unknown): value is readonly Message[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => isJsonObject(item) && typeof item.role === 'string' && Array.isArray(item.parts))
  )
}

function edited(text: string, visit: VisitText, place: TextPlace): string {
  if (text === '') return text
  const edits = visit(text, place)
  return edits === undefined || edits.length === 0 ? text : applyEdits(text, edits)
}

function mapped<Item>(items: readonly Item[], change: (item: Item, index: number) => Item): readonly Item[] {
  let out: Item[] | undefined
  items.forEach((item, i) => {
    const next = change(item, i)
    if (next === item && out === undefined) return
    out ??= items.slice(0, i)
    out.push(next)
  })
  return out ?? items
}

const fromRole: Readonly<Record<Message['role'], From>> = {
  user: 'user',
  tool: 'tool',
  assistant: 'other',
  system: 'other',
}

function walkMessage(message: Message, at: string, visit: VisitText): Message {
  const from = fromRole[message.role]
  const parts = mapped<Message['parts'][number]>(message.parts, (part, i) =>
    walkPart(part, `${at}/parts/${i}`, from, visit),
  )
  return parts === message.parts ? message : ({ ...message, parts } as Message)
}

type AnyPart = TextPart | MediaPart | AssistantPart | ToolResultPart

function walkPart(part: AnyPart, at: string, from: From, visit: VisitText): AnyPart {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'refusal': {
      const text = edited(part.text, visit, { part: `${at}/text`, from, offset: same })
      return text === part.text ? part : { ...part, text }
    }
    case 'tool-call':
      return walkCall(part, at, from, visit)
    case 'tool-result':
      return walkResult(part, at, visit)
    case 'opaque':
      return part
    default:
      return walkMedia(part, at, from, visit)
  }
}

function walkMedia(part: MediaPart, at: string, from: From, visit: VisitText): MediaPart {
  let next = part
  if (part.name !== undefined) {
    const name = edited(part.name, visit, { part: `${at}/name`, from, offset: same })
    if (name !== part.name) next = { ...next, name }
  }
  if (part.source.kind === 'url' && !part.source.url.startsWith('data:')) {
    const url = edited(part.source.url, visit, { part: `${at}/source/url`, from, offset: same })
    if (url !== part.source.url) next = { ...next, source: { kind: 'url', url } }
  }
  return next
}

function walkCall(part: ToolCallPart, at: string, from: From, visit: VisitText): ToolCallPart {
  const argsText = walkJsonText(part.argsText, `${at}/argsText`, from, visit)
  if (argsText === part.argsText) return part
  const { args: _old, ...rest } = part
  const args = parsed(argsText)
  return { ...rest, argsText, ...(args === undefined ? {} : { args }) }
}

function walkResult(part: ToolResultPart, at: string, visit: VisitText): ToolResultPart {
  const content = mapped<ToolResultPart['content'][number]>(part.content, (item, i) => {
    const here = `${at}/content/${i}`
    if (item.type !== 'json') return walkPart(item, here, 'tool', visit) as TextPart | MediaPart
    const value = walkJson(item.value, `${here}/value`, 'tool', visit)
    return value === item.value ? item : { ...item, value }
  })
  return content === part.content ? part : { ...part, content }
}

/** JSON as text, changed only where an edit stands: the rest keeps its bytes. */
export function walkJsonText(text: string, part: string, from: From, visit: VisitText): string {
  const texts = jsonTexts(text)
  if (texts === undefined) return edited(text, visit, { part, from, offset: same })
  const all: Edit[] = []
  for (const { decoded, offset, encode } of texts) {
    if (decoded === '') continue
    const edits = visit(decoded, { part, from, offset })
    if (edits !== undefined && edits.length > 0) all.push(...encode(edits))
  }
  return all.length === 0 ? text : applyEdits(text, all)
}

/** Numbers this long can be a card or an account; shorter ones stay numbers. */
const longNumber = 1e6

function walkJson(value: Json, at: string, from: From, visit: VisitText): Json {
  if (typeof value === 'string') return edited(value, visit, { part: at, from, offset: same })
  if (typeof value === 'number') {
    if (Math.abs(value) < longNumber) return value
    const text = String(value)
    const next = edited(text, visit, { part: at, from, offset: same })
    return next === text ? value : next
  }
  if (Array.isArray(value)) return mapped<Json>(value, (item, i) => walkJson(item, `${at}/${i}`, from, visit))
  if (!isJsonObject(value)) return value
  let changed = false
  const out: [string, Json][] = []
  for (const [key, item] of Object.entries(value)) {
    const here = `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    const name = edited(key, visit, { part: here, from, offset: same })
    const next = walkJson(item, here, from, visit)
    if (name !== key || next !== item) changed = true
    out.push([name, next])
  }
  return changed ? Object.fromEntries(out) : value
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
