// A chat request in the chat-completions format, as the quirks of the vendor and the model want it.
import { AppError } from '#shared/errors.ts'
import { isJsonObject, type Json } from '#shared/json.ts'
import type { ChatRequest, Effort, ModelWarning, ToolDef } from '#shared/model/chat.ts'
import type { Wire, Written } from '../adapter.ts'
import { type Warn, writeMessages } from './messages.ts'
import { dropAddedNulls, schemaName, strictSchema } from './schema.ts'

/** @throws AppError `upstream_rejected` (reason `capability_missing`) when a required part cannot be expressed */
export function writeRequest(request: ChatRequest, wire: Wire, stream: boolean): Written {
  const { quirks } = wire
  let warnings: ModelWarning[] | undefined
  const warn: Warn = (code, message) => {
    warnings ??= []
    if (!warnings.some((known) => known.message === message)) warnings.push({ code, message })
  }
  const body: Body = {
    model: wire.model,
    messages: writeMessages(request.system, request.messages, { wire, warn }),
  }
  const writer: Writer = { body, wire, warn }
  if (request.maxOutputTokens !== undefined) body[quirks.maxTokensField] = request.maxOutputTokens
  setParam(writer, 'temperature', request.temperature)
  setParam(writer, 'top_p', request.topP)
  setParam(writer, 'top_k', request.topK)
  setParam(writer, 'seed', request.seed)
  setParam(writer, 'presence_penalty', request.presencePenalty)
  setParam(writer, 'frequency_penalty', request.frequencyPenalty)
  setParam(writer, 'user', request.user)
  setStop(writer, request.stop)
  setReasoning(writer, request.reasoning)
  if (request.tools.length > 0) setTools(writer, request)
  const adjust = setOutput(writer, request, stream)
  if (request.metadata !== undefined) dropped(writer, 'metadata')
  if (request.n !== undefined && request.n > 1) dropped(writer, 'n')
  if (request.logprobs !== undefined) dropped(writer, 'logprobs')
  setExtras(writer, request.extra)
  const options = request.providerOptions['openai-chat']
  if (isJsonObject(options)) {
    for (const [key, value] of Object.entries(options)) if (!ours.has(key)) body[key] = value
  }
  if (stream) {
    body.stream = true
    if (quirks.supportsStreamOptions && quirks.usageInStream !== 'never') {
      body.stream_options = { include_usage: true }
    }
  }
  return {
    body: JSON.stringify(body),
    warnings: warnings ?? none,
    ...(adjust === undefined ? {} : { adjust }),
  }
}

type Body = Record<string, Json>
interface Writer {
  readonly body: Body
  readonly wire: Wire
  readonly warn: Warn
}

const none: readonly ModelWarning[] = []

/** What this product decides itself; a flow cannot overrule it. */
const ours: ReadonlySet<string> = new Set(['model', 'messages', 'stream', 'stream_options', 'n'])

const known: ReadonlySet<string> = new Set([
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'user',
  'stop',
  'reasoning_effort',
  'response_format',
  'metadata',
  'logprobs',
  'top_logprobs',
])

function setParam(writer: Writer, name: string, value: Json | undefined): void {
  if (value === undefined) return
  const { quirks } = writer.wire
  if (quirks.allowedParams.includes(name)) writer.body[quirks.renames[name] ?? name] = value
  else dropped(writer, name)
}

function dropped({ wire, warn }: Writer, name: string): void {
  warn('setting_dropped', `${wire.title} does not take ${name} for ${wire.model}; it was left out.`)
}

function setStop(writer: Writer, stop: readonly string[]): void {
  const { quirks, title } = writer.wire
  // Not taken by this model: the answer is cut here (see stop.ts), so nothing is lost.
  if (stop.length === 0 || !takesStop(writer.wire)) return
  const { maxStops } = quirks
  if (stop.length > maxStops) {
    writer.warn(
      'setting_dropped',
      `${title} takes ${maxStops} stop texts at the most; the others were left out.`,
    )
  }
  writer.body[quirks.renames.stop ?? 'stop'] = stop.slice(0, maxStops)
}

export function takesStop({ quirks }: Wire): boolean {
  return quirks.allowedParams.includes('stop')
}

function setReasoning(writer: Writer, reasoning: ChatRequest['reasoning']): void {
  if (reasoning === undefined) return
  const { body, wire } = writer
  const { reasoningParam } = wire.quirks
  const { effort, budgetTokens } = reasoning
  const on = effort !== 'none'
  switch (reasoningParam) {
    case 'effort':
      if (effort !== undefined) setParam(writer, 'reasoning_effort', nearest(writer, effort))
      break
    case 'object':
      if (effort !== undefined) body.reasoning = { effort: nearest(writer, effort) }
      else if (budgetTokens !== undefined) body.reasoning = { max_tokens: budgetTokens }
      return
    case 'thinking':
      if (effort !== undefined) body.thinking = { type: on ? 'enabled' : 'disabled' }
      break
    case 'enable_thinking':
      if (effort !== undefined) body.enable_thinking = on
      if (budgetTokens !== undefined) body.thinking_budget = budgetTokens
      return
    case 'none':
      if (effort !== undefined) dropped(writer, 'reasoning_effort')
  }
  if (budgetTokens !== undefined) dropped(writer, 'a reasoning budget')
}

const scale: readonly Effort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

function nearest({ wire, warn }: Writer, effort: Effort): Effort {
  const { efforts } = wire.quirks
  if (efforts.includes(effort)) return effort
  const at = scale.indexOf(effort)
  const distance = (one: Effort) => Math.abs(scale.indexOf(one) - at)
  const chosen = efforts.reduce((best, one) => (distance(one) < distance(best) ? one : best))
  warn('setting_changed', `${wire.model} has no reasoning effort "${effort}"; "${chosen}" was used.`)
  return chosen
}

function setTools(writer: Writer, request: ChatRequest): void {
  const { body, wire } = writer
  const { quirks } = wire
  body.tools = request.tools.map((tool) => writeTool(tool, wire))
  const choice = request.toolChoice
  if (choice !== 'auto') {
    if (quirks.toolChoices === 'auto' && choice !== 'none') dropped(writer, 'tool_choice')
    else
      body.tool_choice =
        typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } }
  }
  if (request.parallelTools === undefined) return
  if (quirks.supportsParallelToolsParam) body.parallel_tool_calls = request.parallelTools
  else dropped(writer, 'parallel_tool_calls')
}

function writeTool(tool: ToolDef, wire: Wire): Json {
  const { name, description } = tool
  const about = description === undefined ? {} : { description }
  if (tool.kind === 'custom') return { type: 'custom', custom: { name, ...about } }
  if (typeof tool.kind === 'object') throw missing(wire, `the tool ${name}, which another vendor runs itself`)
  if (wire.quirks.schemaDialect === 'openai-strict' && tool.strict === true) {
    const strict = strictSchema(tool.schema)
    // Optional arguments would come back as nulls that the tool does not expect.
    if (strict !== undefined && !strict.loosened) {
      return { type: 'function', function: { name, ...about, parameters: strict.schema, strict: true } }
    }
    return { type: 'function', function: { name, ...about, parameters: tool.schema, strict: false } }
  }
  return { type: 'function', function: { name, ...about, parameters: tool.schema } }
}

/** Returns what has to be done to the text of the answer, if anything. */
function setOutput(
  writer: Writer,
  { output }: ChatRequest,
  stream: boolean,
): ((text: string) => string) | undefined {
  if (output === undefined || output.kind === 'text') return undefined
  const { wire } = writer
  if (output.kind === 'json') {
    setParam(writer, 'response_format', { type: 'json_object' })
    return undefined
  }
  const { schemaDialect, allowedParams } = wire.quirks
  if (schemaDialect === 'none' || !allowedParams.includes('response_format'))
    throw missing(wire, 'an output schema')
  const name = schemaName(output.name)
  const { schema } = output
  const set = (facts: Record<string, Json>) => {
    writer.body.response_format = { type: 'json_schema', json_schema: { name, ...facts } }
  }
  if (schemaDialect === 'json-schema') {
    set(output.strict ? { schema, strict: true } : { schema })
    return undefined
  }
  const strict = output.strict ? strictSchema(schema) : undefined
  // Nulls can be taken out of a whole answer, but not out of one that is passed on while it arrives.
  if (strict === undefined || (strict.loosened && stream)) {
    set({ schema, strict: false })
    return undefined
  }
  set({ schema: strict.schema, strict: true })
  return strict.loosened ? (text) => dropAddedNulls(text, schema) : undefined
}

function missing({ title, model }: Wire, what: string): AppError {
  return new AppError('upstream_rejected', {
    message: `${title} cannot take ${what}.`,
    details: { reason: 'capability_missing' },
    model,
  })
}

function setExtras(writer: Writer, extra: Readonly<Record<string, Json>>): void {
  const { body, wire } = writer
  const { allowedParams, maxTokensField, renames } = wire.quirks
  const anything = allowedParams.includes('*')
  for (const [key, value] of Object.entries(extra)) {
    if (ours.has(key)) dropped(writer, key)
    else if (key === 'max_tokens' || key === 'max_completion_tokens') body[maxTokensField] = value
    else if (allowedParams.includes(key) || (anything && !known.has(key))) body[renames[key] ?? key] = value
    else dropped(writer, key)
  }
}
