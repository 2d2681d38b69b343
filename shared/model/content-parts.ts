// Content of a message in the chat-completions shape: a text, or a list of text and media parts.
import type { Issue } from '../errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import type { MediaPart, TextPart } from './chat.ts'

export type ContentPart = TextPart | MediaPart

/** Collects what is wrong; the caller throws once. */
export type Complain = (path: string, rule: string, message: string) => void

export function collectIssues(): { readonly issues: Issue[]; readonly complain: Complain } {
  const issues: Issue[] = []
  return { issues, complain: (path, rule, message) => issues.push({ path, rule, message }) }
}

/** Null, missing and empty text give no parts. */
export function readContent(value: Json | undefined, path: string, complain: Complain): ContentPart[] {
  if (value === undefined || value === null || value === '') return []
  if (typeof value === 'string') return [{ type: 'text', text: value }]
  if (!Array.isArray(value)) {
    complain(path, 'type', 'must be a text or a list of parts')
    return []
  }
  const parts: ContentPart[] = []
  value.forEach((item: Json, index) => {
    const part = readPart(item, `${path}/${index}`, complain)
    if (part !== undefined) parts.push(part)
  })
  return parts
}

function readPart(value: Json, path: string, complain: Complain): ContentPart | undefined {
  if (typeof value === 'string') return { type: 'text', text: value }
  if (!isJsonObject(value)) {
    complain(path, 'type', 'must be an object with a type')
    return undefined
  }
  switch (value.type) {
    case 'text':
    case 'input_text':
    case 'output_text':
    case 'refusal':
      return readText(value, path, complain)
    case 'image_url':
      return readLink('image', value.image_url, `${path}/image_url`, complain)
    case 'video_url':
      return readLink('video', value.video_url, `${path}/video_url`, complain)
    case 'input_audio':
      return readAudio(value.input_audio, `${path}/input_audio`, complain)
    case 'file':
      return readFile(value.file, `${path}/file`, complain)
    default:
      complain(`${path}/type`, 'enum', 'must be text, image_url, input_audio, file or video_url')
      return undefined
  }
}

function readText(value: JsonObject, path: string, complain: Complain): TextPart | undefined {
  const text = value.text ?? value.refusal
  if (typeof text !== 'string') {
    complain(`${path}/text`, 'type', 'must be a text')
    return undefined
  }
  const cache = value.cache_control
  if (!isJsonObject(cache)) return { type: 'text', text }
  const ttl = cache.ttl
  return { type: 'text', text, cache: ttl === '5m' || ttl === '1h' ? { ttl } : {} }
}

function readLink(
  type: 'image' | 'video',
  value: Json | undefined,
  path: string,
  complain: Complain,
): MediaPart | undefined {
  const link = isJsonObject(value) ? value.url : value
  const detail = isJsonObject(value) && typeof value.detail === 'string' ? { detail: value.detail } : {}
  if (typeof link !== 'string') {
    complain(path, 'type', 'must be an address or an object with a url')
    return undefined
  }
  const data = readDataUrl(link)
  if (data !== undefined) return { type, ...data, ...detail }
  if (/^https?:\/\//i.test(link)) return { type, source: { kind: 'url', url: link }, ...detail }
  complain(path, 'format', 'must be an http, https or base64 data address')
  return undefined
}

function readAudio(value: Json | undefined, path: string, complain: Complain): MediaPart | undefined {
  if (!isJsonObject(value) || typeof value.data !== 'string' || typeof value.format !== 'string') {
    complain(path, 'type', 'must have data (base64) and format')
    return undefined
  }
  const format = value.format
  const mediaType = format === 'mp3' ? 'audio/mpeg' : `audio/${format}`
  return { type: 'audio', mediaType, source: { kind: 'bytes', base64: value.data } }
}

function readFile(value: Json | undefined, path: string, complain: Complain): MediaPart | undefined {
  const file = isJsonObject(value) ? value : {}
  const name = typeof file.filename === 'string' ? { name: file.filename } : {}
  if (typeof file.file_id === 'string') {
    return { type: 'file', ...name, source: { kind: 'fileId', id: file.file_id } }
  }
  const text = file.file_data
  if (typeof text === 'string') {
    const data = readDataUrl(text) ?? { source: { kind: 'bytes', base64: text } as const }
    return { type: 'file', ...name, ...data }
  }
  complain(path, 'type', 'must have file_data or file_id')
  return undefined
}

function readDataUrl(text: string): { mediaType?: string; source: MediaPart['source'] } | undefined {
  if (!text.startsWith('data:')) return undefined
  const comma = text.indexOf(',')
  const head = text.slice('data:'.length, comma)
  if (comma < 0 || !head.endsWith(';base64')) return undefined
  const [mediaType = ''] = head.split(';')
  const source = { kind: 'bytes', base64: text.slice(comma + 1) } as const
  return mediaType === '' ? { source } : { mediaType, source }
}

/** A single plain text stays a text; everything else becomes a list. */
export function writeContent(parts: readonly ContentPart[]): Json {
  const [first] = parts
  if (first === undefined) return ''
  if (parts.length === 1 && first.type === 'text' && first.cache === undefined) return first.text
  return parts.map(writePart)
}

export function writePart(part: ContentPart): JsonObject {
  switch (part.type) {
    case 'text': {
      if (part.cache === undefined) return { type: 'text', text: part.text }
      const { ttl } = part.cache
      const cache_control = ttl === undefined ? { type: 'ephemeral' } : { type: 'ephemeral', ttl }
      return { type: 'text', text: part.text, cache_control }
    }
    case 'image': {
      const detail = part.detail === undefined ? {} : { detail: part.detail }
      return { type: 'image_url', image_url: { url: mediaUrl(part), ...detail } }
    }
    case 'video':
      return { type: 'video_url', video_url: { url: mediaUrl(part) } }
    case 'audio': {
      const data = part.source.kind === 'bytes' ? part.source.base64 : mediaUrl(part)
      const [, format = 'wav'] = (part.mediaType ?? '').split('/')
      return { type: 'input_audio', input_audio: { data, format: format === 'mpeg' ? 'mp3' : format } }
    }
    case 'file': {
      const filename = part.name === undefined ? {} : { filename: part.name }
      if (part.source.kind === 'fileId')
        return { type: 'file', file: { ...filename, file_id: part.source.id } }
      return { type: 'file', file: { ...filename, file_data: mediaUrl(part) } }
    }
  }
}

/** The address of a media part; bytes become a data address. */
export function mediaUrl(part: MediaPart): string {
  const { source } = part
  if (source.kind === 'url') return source.url
  if (source.kind === 'fileId') return source.id
  return `data:${part.mediaType ?? defaultType[part.type]};base64,${source.base64}`
}

const defaultType = {
  image: 'image/png',
  audio: 'audio/wav',
  video: 'video/mp4',
  file: 'application/octet-stream',
}
