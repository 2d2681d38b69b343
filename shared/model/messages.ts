// Messages and tools in the chat-completions shape, as callers send them and as `messages` values show them.
import { AppError } from '../errors.ts'
import { isJsonObject, type Json, type JsonObject, type JsonSchema } from '../json.ts'
import type { AssistantPart, Message, ToolCallPart, ToolDef, ToolResultPart } from './chat.ts'
import {
  type Complain,
  type ContentPart,
  collectIssues,
  readContent,
  writeContent,
  writePart,
} from './content-parts.ts'

/** Key of `part.meta` for what belongs to the chat-completions shape. */
export const chatDialect = 'chat-completions'

/**
 * Reads a list of messages. System and developer text is taken out and joined by blank lines.
 * @param path JSON pointer of the list, for the issues
 * @throws AppError `invalid_input` with one issue per fault
 * @example readMessages([{ role: 'user', content: 'Hi' }], '/messages').messages
 */
export function readMessages(value: Json, path: string): { messages: Message[]; system: string } {
  const { issues, complain } = collectIssues()
  const messages: Message[] = []
  const system: string[] = []
  if (!Array.isArray(value)) complain(path, 'type', 'must be a list of messages')
  else {
    value.forEach((item: Json, index) => {
      readMessage(item, `${path}/${index}`, { messages, system, complain })
    })
  }
  if (issues.length > 0) throw invalid(issues, 'messages')
  return { messages, system: system.join('\n\n') }
}

interface Reading {
  readonly messages: Message[]
  readonly system: string[]
  readonly complain: Complain
}

function readMessage(value: Json, path: string, into: Reading): void {
  const { messages, system, complain } = into
  if (!isJsonObject(value)) {
    complain(path, 'type', 'must be an object with a role')
    return
  }
  const parts = readContent(value.content, `${path}/content`, complain)
  switch (value.role) {
    case 'system':
    case 'developer': {
      const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
      if (text !== '') system.push(text)
      return
    }
    case 'user': {
      const name = typeof value.name === 'string' ? { name: value.name } : {}
      messages.push({ role: 'user', parts, ...name })
      return
    }
    case 'assistant':
      messages.push({ role: 'assistant', parts: readAssistant(value, parts, path, complain) })
      return
    case 'tool':
      messages.push({ role: 'tool', parts: [readResult(value, parts, path, complain)] })
      return
    default:
      complain(`${path}/role`, 'enum', 'must be system, developer, user, assistant or tool')
  }
}

function readAssistant(
  value: JsonObject,
  content: readonly ContentPart[],
  path: string,
  complain: Complain,
): AssistantPart[] {
  const parts: AssistantPart[] = []
  const reasoning = value.reasoning_content
  if (typeof reasoning === 'string' && reasoning !== '') {
    parts.push({ type: 'reasoning', text: reasoning, index: 0 })
  }
  parts.push(...content)
  const refusal = value.refusal
  if (typeof refusal === 'string' && refusal !== '') parts.push({ type: 'refusal', text: refusal })
  const calls = value.tool_calls ?? []
  if (!Array.isArray(calls)) complain(`${path}/tool_calls`, 'type', 'must be a list of tool calls')
  else {
    calls.forEach((call: Json, index) => {
      const part = readCall(call, `${path}/tool_calls/${index}`, complain)
      if (part !== undefined) parts.push(part)
    })
  }
  return parts
}

function readCall(value: Json, path: string, complain: Complain): ToolCallPart | undefined {
  const call = isJsonObject(value) ? value : {}
  const id = call.id
  if (typeof id !== 'string' || id === '') complain(`${path}/id`, 'required', 'must be the id of the call')
  const custom = isJsonObject(call.custom) ? call.custom : undefined
  const body = custom ?? (isJsonObject(call.function) ? call.function : {})
  const name = body.name
  if (typeof name !== 'string' || name === '') {
    complain(`${path}/function/name`, 'required', 'must be the name of a tool')
  }
  if (typeof id !== 'string' || typeof name !== 'string') return undefined
  const given = custom === undefined ? body.arguments : body.input
  const argsText = typeof given === 'string' ? given : JSON.stringify(given ?? {})
  const meta = isJsonObject(call.extra_content)
    ? { meta: { [chatDialect]: { extra_content: call.extra_content } } }
    : {}
  if (custom !== undefined) return { type: 'tool-call', id, name, argsText, custom: true, ...meta }
  return { type: 'tool-call', id, name, ...callArguments(argsText), ...meta }
}

/** Blank and `null` arguments count as none; text that does not parse stays as it is. */
export function callArguments(text: string): { argsText: string; args?: Json } {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed === 'null') return { argsText: '{}', args: {} }
  try {
    return { argsText: text, args: JSON.parse(text) as Json }
  } catch {
    return { argsText: text }
  }
}

function readResult(
  value: JsonObject,
  content: readonly ContentPart[],
  path: string,
  complain: Complain,
): ToolResultPart {
  const callId = value.tool_call_id
  if (typeof callId !== 'string' || callId === '') {
    complain(`${path}/tool_call_id`, 'required', 'must be the id of the call that this answers')
  }
  const name = typeof value.name === 'string' ? { name: value.name } : {}
  return { type: 'tool-result', callId: typeof callId === 'string' ? callId : '', ...name, content }
}

/** The same messages in the chat-completions shape; `readMessages` reads them back. */
export function writeMessages(messages: readonly Message[]): Json {
  return messages.flatMap(writeMessage)
}

function writeMessage(message: Message): JsonObject[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: message.parts.map((part) => part.text).join('') }]
    case 'user': {
      const name = message.name === undefined ? {} : { name: message.name }
      return [{ role: 'user', content: writeContent(message.parts), ...name }]
    }
    case 'assistant':
      return [writeAssistant(message.parts)]
    case 'tool':
      return message.parts.map((part) => ({
        role: 'tool',
        tool_call_id: part.callId,
        ...(part.name === undefined ? {} : { name: part.name }),
        content: writeResult(part),
      }))
  }
}

function writeAssistant(parts: readonly AssistantPart[]): JsonObject {
  const content: ContentPart[] = []
  const calls: JsonObject[] = []
  let reasoning = ''
  let refusal = ''
  for (const part of parts) {
    if (part.type === 'reasoning') reasoning += part.text
    else if (part.type === 'refusal') refusal += part.text
    else if (part.type === 'tool-call') calls.push(writeCall(part))
    else if (part.type !== 'opaque') content.push(part)
  }
  return {
    role: 'assistant',
    content: content.length === 0 ? null : writeContent(content),
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(refusal === '' ? {} : { refusal }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
}

export function writeCall(part: ToolCallPart): JsonObject {
  const meta = part.meta?.[chatDialect]
  const extra =
    isJsonObject(meta) && meta.extra_content !== undefined ? { extra_content: meta.extra_content } : {}
  const { id, name, argsText } = part
  if (part.custom === true) return { id, type: 'custom', custom: { name, input: argsText }, ...extra }
  return { id, type: 'function', function: { name, arguments: argsText }, ...extra }
}

function writeResult(part: ToolResultPart): Json {
  if (part.content.every((item) => item.type !== 'json')) return writeContent(part.content as ContentPart[])
  const [only] = part.content
  if (part.content.length === 1 && only?.type === 'json') return JSON.stringify(only.value)
  return part.content.map((item) =>
    item.type === 'json' ? { type: 'text', text: JSON.stringify(item.value) } : writePart(item),
  )
}

/**
 * Reads tool definitions: `{ type: 'function', function: { name, description?, parameters?, strict? } }`.
 * @throws AppError `invalid_input` with one issue per fault
 */
export function readTools(value: Json, path: string): ToolDef[] {
  const { issues, complain } = collectIssues()
  const tools: ToolDef[] = []
  if (!Array.isArray(value)) complain(path, 'type', 'must be a list of tools')
  else {
    value.forEach((item: Json, index) => {
      const tool = readTool(item, `${path}/${index}`, complain)
      if (tool !== undefined) tools.push(tool)
    })
  }
  if (issues.length > 0) throw invalid(issues, 'tools')
  return tools
}

const noParameters: JsonSchema = { type: 'object', properties: {} }

function readTool(value: Json, path: string, complain: Complain): ToolDef | undefined {
  const tool = isJsonObject(value) ? value : {}
  const kind = tool.type ?? 'function'
  if (kind !== 'function' && kind !== 'custom') {
    complain(`${path}/type`, 'enum', 'must be function or custom')
    return undefined
  }
  const body = isJsonObject(tool[kind]) ? tool[kind] : {}
  const { name, description, parameters, strict } = body
  if (typeof name !== 'string' || !/^[\w.-]{1,128}$/.test(name)) {
    complain(
      `${path}/${kind}/name`,
      'pattern',
      'must be 1 to 128 letters, digits, dots, dashes or underscores',
    )
    return undefined
  }
  if (parameters !== undefined && parameters !== null && !isJsonObject(parameters)) {
    complain(`${path}/${kind}/parameters`, 'type', 'must be a JSON Schema')
    return undefined
  }
  return {
    name,
    ...(typeof description === 'string' ? { description } : {}),
    schema: isJsonObject(parameters) ? parameters : noParameters,
    ...(typeof strict === 'boolean' ? { strict } : {}),
    ...(kind === 'custom' ? { kind } : {}),
  }
}

function invalid(issues: readonly { path: string; rule: string; message: string }[], what: string): AppError {
  const [first] = issues
  const message = `The ${what} are not valid: ${first?.path} ${first?.message}.`
  return new AppError('invalid_input', {
    message,
    details: { issues: issues.map((issue) => ({ ...issue })) },
  })
}
