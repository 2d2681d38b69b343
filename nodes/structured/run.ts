import { AppError, type Issue } from '#shared/errors.ts'
import type { ConfigOf, ModelCall, Prepare, Run, SchemaCheck, StepContext } from '#shared/flow/definition.ts'
import { jsonFault } from '#shared/flow/json-fault.ts'
import { isJsonObject, type JsonSchema } from '#shared/json.ts'
import { answerProblem } from '#shared/model/answer.ts'
import { type ChatRequest, type ChatResponse, type Message, textOf } from '#shared/model/chat.ts'
import { composeRequest, targetsOf } from '#shared/model/compose.ts'
import { type BaseRequest, baseRequest } from '#shared/model/settings.ts'
import type { structured } from './node.ts'

type Config = ConfigOf<typeof structured>
type Method = Exclude<Config['method'], 'auto'>

interface Ready {
  readonly base: BaseRequest
  readonly check: SchemaCheck
  readonly accept: NonNullable<ModelCall['accept']>
}

const toolName = 'answer'
/** Issues sent back to the model and to the caller. */
const maxIssues = 20

export const prepare: Prepare<typeof structured, Ready> = ({ config, build }) => ({
  base: baseRequest(config),
  check: build.schema(config.schema),
  accept: (response) => answerProblem(response, config.truncated),
})

export const run: Run<typeof structured, Ready> = async ({ config, ready, input, ctx }) => {
  const targets = targetsOf(config.targets, input.target)
  const method = config.method === 'auto' ? methodFor(targets, config.schema, ctx) : config.method
  ctx.note('method', method)
  const { messages, system, params } = input
  let request = shaped(composeRequest(ready.base, { messages, system, params }, ctx), method, config.schema)
  for (let repairs = 0; ; repairs += 1) {
    const { response } = await ctx.models.chat({
      targets,
      request,
      advanceOn: config.advance_on,
      accept: ready.accept,
    })
    const { text, value, issues } = read(response, method, ready.check)
    if (repairs > 0) ctx.note('repairs', repairs)
    if (issues.length === 0) return { value, text }
    if (repairs === config.repairs) throw invalid(issues, repairs)
    request = { ...request, messages: [...request.messages, ...repairMessages(response, text, issues)] }
  }
}

/** The best way that every target can go; what is not known of one counts as not there. */
function methodFor(targets: readonly string[], schema: JsonSchema, ctx: StepContext): Method {
  const facts = targets.map((target) => ctx.models.facts?.(target))
  if (schema.type !== 'object') return 'prompt'
  if (facts.every((known) => known?.schema === true)) return 'native'
  return facts.every((known) => known?.tools === true) ? 'tool' : 'prompt'
}

function shaped(request: ChatRequest, method: Method, schema: JsonSchema): ChatRequest {
  const { output: _asked, ...rest } = request
  switch (method) {
    case 'native':
      return { ...rest, output: { kind: 'schema', name: toolName, schema, strict: isStrict(schema) } }
    case 'tool':
      return {
        ...rest,
        tools: [{ name: toolName, description: 'Gives the answer.', schema }],
        toolChoice: { name: toolName },
      }
    case 'prompt': {
      const words = `Answer with JSON only, without any other text. It must fit this JSON Schema:\n${JSON.stringify(schema)}`
      return { ...rest, system: [...rest.system, { type: 'text', text: words }] }
    }
  }
}

/** Vendors promise a strict schema only when every object lists all its keys as required and allows no others. */
function isStrict(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrict)
  if (!isJsonObject(schema)) return true
  const { properties, required, additionalProperties } = schema
  if (schema.type === 'object' || properties !== undefined) {
    const keys = Object.keys(isJsonObject(properties) ? properties : {})
    if (additionalProperties !== false || !Array.isArray(required)) return false
    if (!keys.every((key) => required.includes(key))) return false
  }
  return Object.values(schema).every(isStrict)
}

interface Reading {
  readonly text: string
  readonly value: unknown
  readonly issues: readonly Issue[]
}

function read({ parts }: ChatResponse, method: Method, check: SchemaCheck): Reading {
  const call = method === 'tool' ? parts.find((part) => part.type === 'tool-call') : undefined
  const text = call?.type === 'tool-call' ? call.argsText : textOf(parts)
  const found = parseJson(text)
  if (found === undefined)
    return { text, value: undefined, issues: [{ path: '', rule: 'json', message: 'is not valid JSON' }] }
  const fault = jsonFault(found.value)
  if (fault) return { text, value: undefined, issues: [{ path: '', rule: 'json', message: fault.message }] }
  return { text, value: found.value, issues: check(found.value).slice(0, maxIssues) }
}

/** As it is, from a code fence, or from the first bracket to the last: models like to add words around. */
function parseJson(text: string): { readonly value: unknown } | undefined {
  const fence = text.indexOf('```')
  const fenced = fence < 0 ? '' : text.slice(text.indexOf('\n', fence) + 1, text.lastIndexOf('```'))
  const bracket = text.search(/[[{]/)
  const last = Math.max(text.lastIndexOf('}'), text.lastIndexOf(']'))
  for (const candidate of [text, fenced, bracket < 0 ? '' : text.slice(bracket, last + 1)]) {
    if (candidate === '') continue
    try {
      return { value: JSON.parse(candidate) }
    } catch {
      // The next candidate.
    }
  }
  return undefined
}

function repairMessages({ parts }: ChatResponse, text: string, issues: readonly Issue[]): readonly Message[] {
  const wrong = issues.map(({ path, message }) => `- ${path || '/'}: ${message}`).join('\n')
  const words = `The answer does not fit the JSON Schema:\n${wrong}\nSend the whole corrected answer.`
  const call = parts.find((part) => part.type === 'tool-call')
  if (call?.type !== 'tool-call')
    return [
      { role: 'assistant', parts: [{ type: 'text', text }] },
      { role: 'user', parts: [{ type: 'text', text: words }] },
    ]
  const content = [{ type: 'text', text: words }] as const
  return [
    { role: 'assistant', parts },
    {
      role: 'tool',
      parts: [{ type: 'tool-result', callId: call.id, name: call.name, isError: true, content }],
    },
  ]
}

function invalid(issues: readonly Issue[], repairs: number): AppError {
  const [first] = issues
  return new AppError('output_invalid', {
    message: `The answer does not fit its schema: ${first?.path || '/'} ${first?.message}.`,
    details: { issues: issues.map((issue) => ({ ...issue })), repairs },
  })
}
