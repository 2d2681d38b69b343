// Is a JSON Schema well formed? A quick check for the canvas and `sluice check`, which cannot compile schemas (the page
// forbids code from text); the gateway compiles them with ajv when a Version is published.
import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import { regexProblem } from './regex.ts'

const typeNames = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']
const schemas = ['not', 'if', 'then', 'else', 'items', 'contains', 'additionalProperties', 'propertyNames']
const schemaLists = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const schemaMaps = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']
const counts = ['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties']
const numbers = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']

/** The first thing wrong, with its place as a JSON pointer, or undefined. */
export function schemaProblem(schema: JsonObject): string | undefined {
  return look(schema, '')
}

function look(schema: Json | undefined, path: string): string | undefined {
  if (typeof schema === 'boolean') return undefined
  if (!isJsonObject(schema)) return wrong(path, 'must be a schema (an object, true or false)')
  const { type, required, pattern, $ref } = schema
  const types = Array.isArray(type) ? type : [type]
  if (type !== undefined && !types.every((name) => typeNames.includes(name)))
    return wrong(`${path}/type`, `must be one of ${typeNames.join(', ')}`)
  if (schema.enum !== undefined && !Array.isArray(schema.enum)) return wrong(`${path}/enum`, 'must be a list')
  if (
    required !== undefined &&
    !(Array.isArray(required) && required.every((name) => typeof name === 'string'))
  )
    return wrong(`${path}/required`, 'must be a list of names')
  if ($ref !== undefined && !(typeof $ref === 'string' && $ref.startsWith('#')))
    return wrong(`${path}/$ref`, 'must point into the same schema (#/…)')
  if (pattern !== undefined) {
    const problem = typeof pattern === 'string' ? regexProblem(pattern) : 'must be a text'
    if (problem !== undefined) return wrong(`${path}/pattern`, problem)
  }
  for (const key of counts) {
    const count = schema[key]
    if (count !== undefined && !(Number.isInteger(count) && Number(count) >= 0))
      return wrong(`${path}/${key}`, 'must be a whole number from 0')
  }
  for (const key of numbers)
    if (schema[key] !== undefined && typeof schema[key] !== 'number')
      return wrong(`${path}/${key}`, 'must be a number')
  return lookInside(schema, path)
}

function lookInside(schema: JsonObject, path: string): string | undefined {
  for (const [key, part] of Object.entries(schema)) {
    const at = `${path}/${key}`
    if (schemas.includes(key)) {
      const problem = look(part, at)
      if (problem !== undefined) return problem
    } else if (schemaLists.includes(key) || schemaMaps.includes(key)) {
      if (typeof part !== 'object' || part === null || Array.isArray(part) !== schemaLists.includes(key))
        return wrong(at, schemaLists.includes(key) ? 'must be a list of schemas' : 'must be a map of schemas')
      for (const [name, inner] of Object.entries(part)) {
        const problem = look(inner as Json, `${at}/${name}`)
        if (problem !== undefined) return problem
      }
    }
  }
  return undefined
}

function wrong(path: string, message: string): string {
  return `The JSON Schema is wrong at "${path}": ${message}`
}
