// A chat-completions body → what is asked and what is given. Harmless things are accepted, and what the flow does not take is named.
import { AppError } from '#shared/errors.ts'
import type { ChatShape } from '#shared/flow/definition.ts'
import type { Plan, PlanRequest } from '#shared/flow/plan.ts'
import { isJsonObject, type Json, type JsonObject, type JsonSchema } from '#shared/json.ts'
import { type Ask, type AskFacts, type GiveFacts, type Given, plainOptions } from '../call.ts'
import { type Faults, faults, invalidRequest, token } from '../faults.ts'
import { readMetadata } from '../metadata.ts'
import { fieldsOf, lastUserText } from './fields.ts'

/** Read on every flow; all others are parameters of a model, tools, or nothing we know. */
const own: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'metadata',
  'user',
  'inputs',
  'n',
])

export function askChat(body: JsonObject, { head, requireMetadata }: AskFacts): Ask {
  const wrong = faults()
  const ignored: string[] = []
  checkShape(body, wrong)
  const source = {
    given: withUser(body.metadata, body.user),
    head,
    require: requireMetadata,
    skip: (key: string) => void ignored.push(`metadata.${key}`),
  }
  const metadata = readMetadata(source, wrong)
  wrong.check()
  const { stream_options: extra } = body
  return {
    metadata,
    options: body.stream === true ? streaming : plainOptions,
    usageChunk: isJsonObject(extra) && extra.include_usage === true,
    ignored,
  }
}

export function giveChat(body: JsonObject, ask: Ask, { plan, unknownFields }: GiveFacts): Given {
  const ignored = [...ask.ignored]
  const { request } = plan
  const input: Record<string, Json> = fieldsOf(request, {
    inputs: body.inputs,
    metadata: ask.metadata,
    ignored,
  })
  if (request.chat) readConversation(body, request.chat, { input, ignored })
  else readText(body, request, { input, ignored })
  const mustFit = formatOf(body.response_format, plan, ignored)
  for (const key in body) if (!isTaken(key, request.chat) && body[key] !== null) ignored.push(key)
  if (unknownFields === 'refuse' && ignored.length > 0) refuse(ignored)
  return { input, locate: (path) => locate(path, request), ignored, mustFit }
}

const streaming = Object.freeze({ ...plainOptions, stream: true })

function checkShape(body: JsonObject, wrong: Faults): void {
  const { stream, n, previous_response_id: previous, inputs } = body
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') {
    wrong.add('/stream', 'type', 'must be true or false')
  }
  if (n !== undefined && n !== null && n !== 1) wrong.add('/n', 'maximum', 'only one choice is offered')
  if (previous !== undefined && previous !== null) {
    wrong.add('/previous_response_id', 'unsupported', 'is not kept here; send the history in the messages')
  }
  if (inputs !== undefined && inputs !== null && !isJsonObject(inputs)) {
    wrong.add('/inputs', 'type', 'must be an object')
  }
  if (!Array.isArray(body.messages)) wrong.add('/messages', 'required', 'must be a list of messages')
}

function withUser(metadata: Json | undefined, user: Json | undefined): Json | undefined {
  if (typeof user !== 'string' || user === '') return metadata ?? undefined
  const given = isJsonObject(metadata) ? metadata : {}
  return given.user_id === undefined ? { ...given, user_id: user.slice(0, 512) } : given
}

interface Into {
  readonly input: Record<string, Json>
  readonly ignored: string[]
}

/** The messages are the whole history; the flow's `chat-input` says what else it takes. */
function readConversation(body: JsonObject, chat: ChatShape, { input, ignored }: Into): void {
  input.messages = body.messages as Json
  if (chat.acceptTools && body.tools !== undefined && body.tools !== null) {
    input.tools = body.tools
    if (body.tool_choice !== undefined && body.tool_choice !== null) input.tool_choice = body.tool_choice
  }
  const params: Record<string, Json> = {}
  for (const name of chat.acceptParams) {
    const value = name === 'max_tokens' ? (body.max_completion_tokens ?? body.max_tokens) : body[name]
    if (value !== undefined && value !== null) params[name] = value
  }
  if (Object.keys(params).length > 0) input.params = params
  if (params.max_tokens === undefined) return
  if (body.max_completion_tokens !== undefined && body.max_tokens !== undefined) ignored.push('max_tokens')
}

function readText(body: JsonObject, { textField }: PlanRequest, { input, ignored }: Into): void {
  if (textField === null || input[textField] !== undefined) return
  const { text, partial } = lastUserText(body.messages as Json)
  if (text === undefined) {
    const issue = { path: '/messages', rule: 'required', message: 'needs a user message with text' }
    throw new AppError('invalid_input', {
      message: 'The messages hold no user message with text.',
      details: { issues: [issue] },
    })
  }
  input[textField] = text
  if (partial) ignored.push('messages.content')
}

/** What the answer must fit, checked by us whatever the model was told. A text nobody shaped could never fit. */
function formatOf(
  format: Json | undefined,
  { answer, request }: Plan,
  ignored: string[],
): JsonSchema | 'json' | null {
  if (!isJsonObject(format) || format.type === 'text') return null
  const main = answer.fields[answer.main]
  const shaped = main?.type === 'text' && request.chat?.acceptParams.includes('response_format') === true
  if (main?.type !== 'json' && !shaped) {
    ignored.push('response_format')
    return null
  }
  if (format.type === 'json_object') return 'json'
  const described = format.json_schema
  if (format.type === 'json_schema' && isJsonObject(described) && isJsonObject(described.schema)) {
    return described.schema
  }
  throw invalidRequest([
    {
      path: '/response_format',
      rule: 'type',
      message: 'must be text, json_object or json_schema with a schema',
    },
  ])
}

function isTaken(key: string, chat: ChatShape | null): boolean {
  if (own.has(key) || key === 'response_format') return true
  if (key === 'tools' || key === 'tool_choice') return chat?.acceptTools === true
  // Named already where the other spelling won.
  if (key === 'max_tokens' || key === 'max_completion_tokens')
    return chat?.acceptParams.includes('max_tokens') === true
  return chat?.acceptParams.includes(key) === true
}

function refuse(ignored: readonly string[]): never {
  throw invalidRequest(
    ignored.map((name) => ({
      path: `/${token(name).replaceAll('.', '/')}`,
      rule: 'unknown_field',
      message: 'is not taken by this endpoint',
    })),
  )
}

function locate(path: string, request: PlanRequest): string {
  const [, first = ''] = path.split('/', 2)
  if (first === 'params') return path.slice('/params'.length)
  if (request.chat && (first === 'messages' || first === 'tools' || first === 'tool_choice')) return path
  if (request.textField !== null && first === token(request.textField)) return '/messages'
  return `/inputs${path}`
}
