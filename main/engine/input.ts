// The `input` of a call, checked against the Plan's request and turned into values, before a Run begins (nodes.md 4.1).
import { AppError, type Issue } from '#shared/errors.ts'
import type { ChatInput, ChatShape, RunInput } from '#shared/flow/definition.ts'
import { didYouMean } from '#shared/flow/diagnostics.ts'
import type { PortType } from '#shared/flow/ports.ts'
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import type { ChatRequest, MediaPart, Message, ToolSet } from '#shared/model/chat.ts'
import { readMessages, readTools } from '#shared/model/messages.ts'
import type { Prepared } from './prepare.ts'

export interface InputLimits {
  /** Of one text, in UTF-8. */
  readonly textBytes: number
}
export const defaultInputLimits: InputLimits = { textBytes: 1024 * 1024 }

const none: readonly never[] = Object.freeze([])

/**
 * Throws `invalid_input` with `details.issues`, whose paths are JSON pointers into the input, or `payload_too_large`.
 * Takes the chat keys `messages`, `tools`, `tool_choice` and `params` where the Plan has a chat request.
 */
export function readInput(prepared: Prepared, input: Json, limits = defaultInputLimits): RunInput {
  const { request } = prepared.plan
  if (!isJsonObject(input)) throw invalid([{ path: '', rule: 'type', message: 'must be an object' }])
  const choice = input.tool_choice
  const given = request.chat?.acceptTools && choice !== undefined ? withoutChoice(input) : input
  const unknown = unknownIssues(prepared, given)
  const issues = schemaIssues(prepared, given)
  if (unknown.length > 0 || issues.length > 0) throw invalid([...unknown, ...issues])
  checkTexts(given, request.fields, limits)
  const fields: Record<string, unknown> = {}
  for (const [name, field] of prepared.fields) {
    const value = Object.hasOwn(given, name) ? given[name] : field.default
    if (value !== undefined) fields[name] = fieldValue(value, field.type, name)
  }
  return request.chat ? { fields, chat: chatOf(given, request.chat, choice) } : { fields }
}

function withoutChoice({ tool_choice: _choice, ...rest }: JsonObject): JsonObject {
  return rest
}

function unknownIssues({ plan, fields }: Prepared, input: JsonObject): readonly Issue[] {
  const { request } = plan
  const unknown = Object.keys(input).filter((key) => !Object.hasOwn(request.fields, key))
  if (unknown.length === 0) return none
  const names = fields.map(([name]) => name).concat(request.chat ? chatKeys(request.chat) : [])
  const issues: Issue[] = []
  for (const key of unknown) {
    if (names.includes(key)) continue
    const close = didYouMean(key, names)
    const help = close === undefined ? '' : `; did you mean '${close}'?`
    issues.push({
      path: `/${pointer(key)}`,
      rule: 'unknown_field',
      message: `is not a field of this input${help}`,
    })
  }
  return issues
}

function chatKeys(chat: ChatShape): string[] {
  const tools = chat.acceptTools ? ['tools'] : []
  return ['messages', ...tools, ...(chat.acceptParams.length > 0 ? ['params'] : [])]
}

/** What is not known has been said better by `unknownIssues`. */
function schemaIssues(prepared: Prepared, input: JsonObject): readonly Issue[] {
  const issues = prepared.checkInput(input)
  if (issues.length === 0) return issues
  return issues.flatMap(({ path, rule, message }) => {
    if (rule === 'required') return [{ path, rule, message: 'is missing' }]
    if (rule !== 'additionalProperties') return [{ path, rule, message }]
    return path.lastIndexOf('/') === 0 ? [] : [{ path, rule: 'unknown_field', message: 'is not known here' }]
  })
}

function invalid(issues: readonly Issue[]): AppError {
  const [first] = issues
  const unknown = issues.every((issue) => issue.rule === 'unknown_field')
  return new AppError('invalid_input', {
    message: `The input cannot be used: ${first?.path || 'it'} ${first?.message}.`,
    details: {
      ...(unknown ? { reason: 'unknown_field' } : {}),
      issues: issues.map((issue) => ({ ...issue })),
    },
  })
}

function pointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

function checkTexts(
  input: JsonObject,
  fields: Prepared['plan']['request']['fields'],
  limits: InputLimits,
): void {
  for (const name of Object.keys(input)) {
    const value = input[name] as Json
    if (typeof value === 'string' && value.length * 3 <= limits.textBytes) continue
    if (!isMedia(fields[name]?.type)) checkText(value, `/${pointer(name)}`, limits.textBytes)
  }
}

/** Base64 of media inside of messages is not a text: it stands in an address or below `data`. */
function checkText(value: Json, path: string, limit: number): void {
  if (typeof value === 'string') {
    if (value.length * 3 <= limit || Buffer.byteLength(value) <= limit || isData(value, path)) return
    throw new AppError('payload_too_large', {
      message: `The text at ${path} is longer than ${limit} bytes.`,
      details: { reason: 'text', path },
    })
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, item] of Object.entries(value)) checkText(item, `${path}/${pointer(key)}`, limit)
}

function isData(value: string, path: string): boolean {
  return value.startsWith('data:') || /\/(?:data|file_data)$/.test(path)
}

function isMedia(type: PortType | undefined): boolean {
  return (
    type === 'image' || type === 'audio' || type === 'file' || /^list<(?:image|audio|file)>$/.test(type ?? '')
  )
}

/** `at` is its key and what follows, as a JSON pointer has it without the first slash. */
function fieldValue(value: Json, type: PortType, at: string): unknown {
  switch (type) {
    case 'text':
      return value
    case 'messages':
      return messagesOf(value, `/${at}`)
    case 'tools':
      return toolsOf(value, `/${at}`)
    case 'image':
    case 'audio':
    case 'file':
      return mediaOf(value, type)
    default: {
      const item = /^list<(.*)>$/.exec(type)?.[1] as PortType | undefined
      if (item === undefined || !Array.isArray(value)) return value
      return value.map((each: Json, index) => fieldValue(each, item, `${at}/${index}`))
    }
  }
}

function messagesOf(value: Json, path: string): readonly Message[] {
  const { messages, system } = readMessages(value, path)
  return system === '' ? messages : [{ role: 'system', parts: [{ type: 'text', text: system }] }, ...messages]
}

function toolsOf(value: Json, path: string): ToolSet {
  if (!isJsonObject(value)) return { tools: readTools(value, path) }
  const choice = choiceOf(value.tool_choice)
  return { tools: readTools(value.tools ?? [], `${path}/tools`), ...(choice === undefined ? {} : { choice }) }
}

/** The schema has checked that both keys are there. */
function mediaOf(value: Json, type: 'image' | 'audio' | 'file'): MediaPart {
  const { media_type: mediaType, data } = value as { readonly media_type: string; readonly data: string }
  return { type, mediaType, source: { kind: 'bytes', base64: data } }
}

function chatOf(input: JsonObject, chat: ChatShape, choice: Json | undefined): ChatInput {
  const { messages, system } = readMessages(input.messages ?? [], '/messages')
  const last = messages.at(-1)?.role
  if (last !== 'user' && last !== 'tool') {
    throw invalid([
      { path: '/messages', rule: 'last_message', message: 'must end with a user or tool message' },
    ])
  }
  if (messages.length > chat.maxMessages) {
    throw invalid([
      { path: '/messages', rule: 'max_messages', message: `has more than ${chat.maxMessages} messages` },
    ])
  }
  if (chat.system === 'refuse' && system !== '') {
    throw invalid([{ path: '/messages', rule: 'system', message: 'may hold no system text' }])
  }
  const toolChoice = choiceOf(choice)
  return {
    messages,
    system: chat.system === 'pass' ? system : '',
    tools: input.tools === undefined ? [] : readTools(input.tools, '/tools'),
    params: isJsonObject(input.params) ? input.params : {},
    ...(toolChoice === undefined ? {} : { toolChoice }),
  }
}

function choiceOf(value: Json | undefined): ChatRequest['toolChoice'] | undefined {
  if (value === undefined || value === null) return undefined
  if (value === 'auto' || value === 'none' || value === 'required') return value
  if (isJsonObject(value) && isJsonObject(value.function) && typeof value.function.name === 'string') {
    return { name: value.function.name }
  }
  const message = "must be 'auto', 'none', 'required' or name a function"
  throw invalid([{ path: '/tool_choice', rule: 'enum', message }])
}
