// Port types as JSON Schema (2020-12), for what callers send and get.
import type { Json, JsonSchema } from '../../json.ts'
import type { PortType } from '../ports.ts'

const media: JsonSchema = {
  type: 'object',
  properties: { media_type: { type: 'string' }, data: { type: 'string', contentEncoding: 'base64' } },
  required: ['media_type', 'data'],
  additionalProperties: false,
}

export const chatRoles = ['system', 'developer', 'user', 'assistant', 'tool'] as const

/** A list of chat messages as the OpenAI surface and REST write them. */
export function messagesSchema(roles: readonly string[] = chatRoles): JsonSchema {
  const part: JsonSchema = { type: 'object', properties: { type: { type: 'string' } }, required: ['type'] }
  return {
    type: 'array',
    items: {
      type: 'object',
      properties: {
        role: { enum: [...roles] },
        content: { anyOf: [{ type: 'string' }, { type: 'array', items: part }, { type: 'null' }] },
        name: { type: 'string' },
        tool_calls: { type: 'array', items: { type: 'object' } },
        tool_call_id: { type: 'string' },
      },
      required: ['role'],
    },
  }
}

/** `own` narrows it: its keywords stand beside those of the type, and its local references are made to fit `at`. */
export function schemaOf(type: PortType, own: JsonSchema | undefined, at: string): JsonSchema {
  return own === undefined ? base(type) : { ...base(type), ...embedded(own, at) }
}

function base(type: PortType): JsonSchema {
  switch (type) {
    case 'text':
      return { type: 'string' }
    case 'number':
      return { type: 'number' }
    case 'boolean':
      return { type: 'boolean' }
    case 'messages':
      return messagesSchema()
    case 'image':
    case 'audio':
    case 'file':
      return media
    case 'vector':
      return { type: 'array', items: { type: 'number' } }
    case 'target':
      return { type: 'array', items: { type: 'string' } }
    case 'error':
    case 'tools':
      return { type: 'object' }
    case 'json':
    case 'any':
      return {}
    default:
      return { type: 'array', items: base(type.slice('list<'.length, -1) as PortType) }
  }
}

/** A schema that was a document of its own, as part of a larger one: `#/…` now begins at `at`. */
function embedded(schema: JsonSchema, at: string): JsonSchema {
  const { $schema: _dialect, $id: _id, ...rest } = schema
  return moveReferences(rest, at) as JsonSchema
}

const dataKeywords: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples'])

function moveReferences(value: Json, at: string): Json {
  if (Array.isArray(value)) return value.map((each: Json) => moveReferences(each, at))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, child]: [string, Json]) => {
      if (
        (key === '$ref' || key === '$dynamicRef') &&
        typeof child === 'string' &&
        /^#(?:\/|$)/.test(child)
      ) {
        return [key, `${at}${child.slice(1)}`]
      }
      return [key, dataKeywords.has(key) ? child : moveReferences(child, at)]
    }),
  )
}

/** One step of a JSON pointer. */
export function pointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
