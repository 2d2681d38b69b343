// What a caller sends: the request schema, and whether the chat surfaces can serve the flow (endpoint-api 4).
import type { Json, JsonObject, JsonSchema } from '../../json.ts'
import type { ChatShape } from '../definition.ts'
import type { PlanAnswer, PlanRequest } from '../plan.ts'
import type { InputField } from '../types.ts'
import type { GraphNode } from './graph.ts'
import { error, type Report } from './report.ts'
import { chatRoles, messagesSchema, pointer, schemaOf } from './type-schema.ts'

export function checkRequests(nodes: readonly GraphNode[], report: Report): void {
  for (const kind of ['fields', 'chat'] as const) {
    const [first, ...others] = nodes.filter((node) => node.request?.kind === kind)
    for (const node of others) {
      report(
        error('config_invalid', {
          at: { node: node.id, field: 'type', path: ['nodes', node.id, 'type'] },
          message: `a flow has one ${node.node.type} node at the most, and "${first?.id}" is one already`,
          fix: { title: `Remove ${node.id}`, edits: [{ op: 'remove-node', id: node.id }] },
        }),
      )
    }
  }
}

export function requestOf(nodes: readonly GraphNode[], answer: PlanAnswer): PlanRequest {
  const shapes = nodes.flatMap((node) => node.request ?? [])
  const fields = shapes.find((shape) => shape.kind === 'fields')?.fields ?? {}
  const chat = shapes.find((shape) => shape.kind === 'chat')?.chat ?? null
  const needed = Object.entries(fields).filter(([, field]) => isRequired(field))
  const texts = needed.filter(([, field]) => field.type === 'text').map(([name]) => name)
  const [text] = texts
  return {
    schema: requestSchema(fields, chat),
    fields,
    chat,
    textField: chat === null && text !== undefined && texts.length === 1 ? text : null,
    noChat: noChat({ chat, texts, needed }, answer),
  }
}

export function isRequired(field: InputField): boolean {
  return field.required && field.default === undefined
}

function requestSchema(fields: PlanRequest['fields'], chat: ChatShape | null): JsonSchema {
  const properties: Record<string, JsonSchema> = {}
  for (const [name, field] of Object.entries(fields)) properties[name] = fieldSchema(name, field)
  const required = Object.entries(fields).flatMap(([name, field]) => (isRequired(field) ? [name] : []))
  if (chat) {
    const roles =
      chat.system === 'refuse'
        ? chatRoles.filter((role) => role !== 'system' && role !== 'developer')
        : chatRoles
    properties.messages = { ...messagesSchema(roles), minItems: 1, maxItems: chat.maxMessages }
    required.push('messages')
    if (chat.acceptTools) properties.tools = toolsSchema
    if (chat.acceptParams.length > 0) properties.params = paramsSchema(chat.acceptParams)
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties,
    required: required.sort(),
    additionalProperties: false,
  }
}

function fieldSchema(name: string, field: InputField): JsonSchema {
  const about: Record<string, Json> = {}
  if (field.description !== undefined) about.description = field.description
  if (field.default !== undefined) about.default = field.default
  if (field.sample !== undefined) about.examples = [field.sample]
  return { ...schemaOf(field.type, field.schema, `#/properties/${pointer(name)}`), ...about }
}

const toolsSchema: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      type: { const: 'function' },
      function: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          description: { type: 'string' },
          parameters: { type: 'object' },
          strict: { type: ['boolean', 'null'] },
        },
        required: ['name'],
      },
    },
    required: ['type', 'function'],
  },
}

const paramSchemas: Readonly<Record<string, JsonSchema>> = {
  temperature: { type: 'number', minimum: 0, maximum: 2 },
  top_p: { type: 'number', minimum: 0, maximum: 1 },
  max_tokens: { type: 'integer', minimum: 1 },
  stop: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, maxItems: 4 }] },
  seed: { type: 'integer' },
  response_format: { type: 'object' },
  reasoning_effort: { type: 'string' },
}

function paramsSchema(accepted: readonly string[]): JsonSchema {
  const known = accepted.map(
    (name) => [name, Object.hasOwn(paramSchemas, name) ? paramSchemas[name] : {}] as const,
  )
  return { type: 'object', properties: Object.fromEntries(known) as JsonObject, additionalProperties: false }
}

const sayable: ReadonlySet<string> = new Set(['text', 'number', 'boolean', 'json'])

interface Asked {
  readonly chat: ChatShape | null
  readonly texts: readonly string[]
  readonly needed: readonly (readonly [string, InputField])[]
}

/** Why the chat surfaces cannot serve it, or null. */
function noChat({ chat, texts, needed }: Asked, answer: PlanAnswer): string | null {
  const unsayable = needed.find(([, field]) => !sayable.has(field.type))
  if (unsayable)
    return `The required field "${unsayable[0]}" of type ${unsayable[1].type} cannot be sent by a chat client.`
  if (!chat && texts.length === 0)
    return 'There is no chat input and no required text field to take the message of the user.'
  if (!chat && texts.length > 1)
    return `There is no chat input, and the message of the user could go to any of ${texts.join(', ')}.`
  if (answer.fields[answer.main]?.share !== true)
    return 'The main output is kept for the log, so there is nothing to answer with.'
  return null
}
