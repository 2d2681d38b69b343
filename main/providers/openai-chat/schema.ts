// Output schemas in the strict dialect: every object closed, every property required; what was optional becomes
// nullable, and the nulls are taken out of the answer again.
import { isJsonObject, type Json, type JsonSchema } from '#shared/json.ts'

export interface StrictSchema {
  readonly schema: JsonSchema
  /** Some property was optional. */
  readonly loosened: boolean
}

/** Undefined: the schema says something that the strict dialect cannot. */
export function strictSchema(schema: JsonSchema): StrictSchema | undefined {
  const state = { loosened: false, possible: schema.type === 'object' && schema.anyOf === undefined }
  const strict = rewrite(schema, state)
  return state.possible ? { schema: strict, loosened: state.loosened } : undefined
}

const unsupported = [
  'allOf',
  'oneOf',
  'not',
  'if',
  'patternProperties',
  'propertyNames',
  'unevaluatedProperties',
  'dependentRequired',
  'dependentSchemas',
  'prefixItems',
  'contains',
]

interface State {
  loosened: boolean
  possible: boolean
}

function rewrite(schema: JsonSchema, state: State): JsonSchema {
  const strict: Record<string, Json> = { ...schema }
  if (unsupported.some((keyword) => schema[keyword] !== undefined)) state.possible = false
  if (isJsonObject(schema.properties)) {
    const required = Array.isArray(schema.required) ? (schema.required as readonly Json[]) : []
    const properties: Record<string, Json> = {}
    for (const [name, property] of Object.entries(schema.properties)) {
      const inner = isJsonObject(property) ? rewrite(property, state) : {}
      const optional = !required.includes(name)
      if (optional) state.loosened = true
      properties[name] = optional ? nullable(inner) : inner
    }
    strict.properties = properties
    strict.required = Object.keys(properties)
  }
  if (schema.type === 'object' || schema.properties !== undefined) {
    // A map, or an object that takes anything.
    const open = schema.additionalProperties
    if (schema.properties === undefined || (open !== undefined && open !== false)) state.possible = false
    strict.additionalProperties = false
  }
  if (isJsonObject(schema.items)) strict.items = rewrite(schema.items, state)
  if (Array.isArray(schema.anyOf))
    strict.anyOf = schema.anyOf.map((one) => (isJsonObject(one) ? rewrite(one, state) : one))
  for (const key of ['$defs', 'definitions']) {
    const defs = schema[key]
    if (!isJsonObject(defs)) continue
    strict[key] = Object.fromEntries(
      Object.entries(defs).map(([name, def]) => [name, isJsonObject(def) ? rewrite(def, state) : def]),
    )
  }
  return strict
}

function nullable(schema: JsonSchema): JsonSchema {
  if (Array.isArray(schema.anyOf)) return { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] }
  const { type } = schema
  if (schema.enum !== undefined || schema.const !== undefined || type === undefined) {
    return { anyOf: [schema, { type: 'null' }] }
  }
  const types = Array.isArray(type) ? (type as readonly Json[]) : [type]
  return types.includes('null') ? schema : { ...schema, type: [...types, 'null'] }
}

/** Takes nulls out where the original schema has an optional property that may not be null. */
export function dropAddedNulls(text: string, schema: JsonSchema): string {
  try {
    const value = JSON.parse(text) as Json
    return JSON.stringify(clean(value, schema, schema))
  } catch {
    return text
  }
}

function clean(value: Json, schema: JsonSchema, root: JsonSchema): Json {
  const own = resolve(schema, root)
  if (Array.isArray(value)) {
    const { items } = own
    return isJsonObject(items) ? value.map((item: Json) => clean(item, items, root)) : value
  }
  if (!isJsonObject(value) || !isJsonObject(own.properties)) return value
  const required = Array.isArray(own.required) ? (own.required as readonly Json[]) : []
  const kept: Record<string, Json> = {}
  for (const [name, inner] of Object.entries(value)) {
    const property = own.properties[name]
    if (!isJsonObject(property)) kept[name] = inner
    else if (inner !== null || required.includes(name) || takesNull(resolve(property, root))) {
      kept[name] = clean(inner, property, root)
    }
  }
  return kept
}

function takesNull(schema: JsonSchema): boolean {
  const { type, anyOf, enum: values } = schema
  if (type === 'null' || (Array.isArray(type) && type.includes('null'))) return true
  if (Array.isArray(values) && values.includes(null)) return true
  if (Array.isArray(anyOf)) return anyOf.some((one: Json) => isJsonObject(one) && takesNull(one))
  return type === undefined && values === undefined && schema.$ref === undefined && schema.const === undefined
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const ref = schema.$ref
  if (typeof ref !== 'string' || !ref.startsWith('#/')) return schema
  let at: Json | undefined = root
  for (const part of ref.slice(2).split('/')) at = isJsonObject(at) ? at[part] : undefined
  return isJsonObject(at) ? at : schema
}

/** Names that every vendor takes. */
export function schemaName(name: string): string {
  const plain = name.replace(/[^\w-]/g, '_').slice(0, 64)
  return plain === '' ? 'answer' : plain
}
