// A value that fits a JSON Schema, made from the words of the prompt so that it reads like an answer. Deterministic.
import { isJsonObject, type Json, type JsonObject, type JsonSchema } from '#shared/json.ts'

/** @param text what the value should be about */
export function valueFor(schema: JsonSchema, text: string): Json {
  return make(schema, { name: 'value', text, root: schema, depth: 0 })
}

interface Place {
  readonly name: string
  readonly text: string
  readonly root: JsonSchema
  readonly depth: number
}

function make(given: JsonSchema, place: Place): Json {
  const schema = resolve(given, place.root)
  if (schema.const !== undefined) return schema.const
  if (Array.isArray(schema.enum)) return choose(schema.enum as readonly Json[], place.text)
  const options = (schema.anyOf ?? schema.oneOf) as readonly Json[] | undefined
  if (Array.isArray(options)) {
    const { anyOf: _anyOf, oneOf: _oneOf, ...rest } = schema
    const option = options.filter(isJsonObject).find((one) => one.type !== 'null') ?? {}
    return make({ ...rest, ...option }, place)
  }
  if (Array.isArray(schema.allOf)) {
    const { allOf, ...rest } = schema
    const parts = (allOf as readonly Json[]).filter(isJsonObject).map((part) => resolve(part, place.root))
    return make(parts.reduce<JsonSchema>(merge, rest), place)
  }
  switch (typeOf(schema)) {
    case 'object':
      return makeObject(schema, place)
    case 'array':
      return makeArray(schema, place)
    case 'integer':
      return Math.round(makeNumber(schema, place, 1))
    case 'number':
      return makeNumber(schema, place, 0.5)
    case 'boolean':
      return !/\b(?:not?|never|false|deny|refuse)\b/i.test(place.text)
    case 'null':
      return null
    default:
      return makeText(schema, place)
  }
}

function typeOf(schema: JsonSchema): Json {
  const { type } = schema
  if (Array.isArray(type)) return (type as readonly Json[]).find((one) => one !== 'null') ?? 'null'
  if (type !== undefined) return type
  if (schema.properties !== undefined) return 'object'
  return schema.items === undefined ? 'string' : 'array'
}

function makeObject(schema: JsonSchema, place: Place): Json {
  const properties = isJsonObject(schema.properties) ? schema.properties : {}
  const required = Array.isArray(schema.required) ? (schema.required as readonly Json[]) : []
  const value: Record<string, Json> = {}
  for (const [name, property] of Object.entries(properties)) {
    // Deep in a schema that refers to itself only what must be there.
    if (place.depth > 4 && !required.includes(name)) continue
    value[name] = make(isJsonObject(property) ? property : {}, { ...place, name, depth: place.depth + 1 })
  }
  for (const name of required) {
    if (typeof name === 'string' && value[name] === undefined) value[name] = makeText({}, { ...place, name })
  }
  return value
}

function makeArray(schema: JsonSchema, place: Place): Json {
  const least = numberOf(schema.minItems) ?? 1
  const most = numberOf(schema.maxItems) ?? Math.max(least, 2)
  const count = place.depth > 4 ? least : Math.min(Math.max(least, 2), most)
  const items = isJsonObject(schema.items) ? schema.items : { type: 'string' }
  const inner = { ...place, depth: place.depth + 1 }
  return Array.from({ length: count }, (_, index) => {
    const item = make(items, { ...inner, text: rotate(place.text, index) })
    return schema.uniqueItems === true && typeof item === 'string' && index > 0
      ? `${item} ${index + 1}`
      : item
  })
}

function makeNumber(schema: JsonSchema, { text, name }: Place, step: number): number {
  const low = numberOf(schema.minimum) ?? above(numberOf(schema.exclusiveMinimum), step)
  const high = numberOf(schema.maximum) ?? above(numberOf(schema.exclusiveMaximum), -step)
  const named = Number(/-?\d+(?:\.\d+)?/.exec(text)?.[0])
  const wish = Number.isNaN(named) ? (/score|confidence|share|probability/i.test(name) ? 0.8 : 42) : named
  const inside = Math.min(Math.max(wish, low ?? wish), high ?? Math.max(wish, low ?? wish))
  const multiple = numberOf(schema.multipleOf)
  return multiple === undefined ? inside : Math.ceil(inside / multiple) * multiple
}

const formats: Readonly<Record<string, string>> = {
  date: '2026-01-15',
  'date-time': '2026-01-15T09:30:00Z',
  time: '09:30:00Z',
  email: 'kim@example.com',
  uri: 'https://example.com/simulated',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uuid: '00000000-0000-4000-8000-000000000000',
}

function makeText(schema: JsonSchema, place: Place): string {
  const format = typeof schema.format === 'string' ? formats[schema.format] : undefined
  if (format !== undefined) return format
  const samples = [
    schema.default,
    ...(Array.isArray(schema.examples) ? (schema.examples as readonly Json[]) : []),
  ]
  const pattern = typeof schema.pattern === 'string' ? safePattern(schema.pattern) : undefined
  const least = numberOf(schema.minLength) ?? 0
  const most = numberOf(schema.maxLength) ?? 2_000
  const wishes = [...samples.filter((one) => typeof one === 'string'), wordsFor(place), ...fallbacks]
  const fits = (one: string) => pattern === undefined || pattern.test(one)
  const text = wishes.find(fits) ?? wordsFor(place)
  return text.padEnd(least, ' .').slice(0, most)
}

const fallbacks = ['a', 'A', '0', 'abc', 'ABC', '123', 'ab-1', 'AB-123', '2026-01-15', '00000', 'a@b.example']

/** Proper names for short fields, a clause of the prompt for long ones. */
function wordsFor({ name, text }: Place): string {
  if (/reason|summary|text|answer|description|comment|explanation|message|note|content/i.test(name)) {
    return `Simulated: ${shorten(text, 120)}`
  }
  const [proper] = text.match(/(?<=\w[\s,]+)\p{Lu}[\p{L}\d]+(?: \p{Lu}[\p{L}\d]+)*/gu) ?? []
  return proper ?? `simulated ${name}`
}

export function shorten(text: string, length: number): string {
  const plain = text.replace(/\s+/g, ' ').trim()
  if (plain.length <= length) return plain
  const cut = plain.slice(0, length)
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), length / 2))} …`
}

function safePattern(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    return undefined
  }
}

/** The value that the prompt mentions, else the first. */
function choose(values: readonly Json[], text: string): Json {
  const lower = text.toLowerCase()
  const said = values.find((value) => typeof value === 'string' && lower.includes(value.toLowerCase()))
  return said ?? values[0] ?? null
}

function rotate(text: string, by: number): string {
  const words = text.split(/\s+/)
  return [...words.slice(by * 3), ...words.slice(0, by * 3)].join(' ')
}

function above(value: number | undefined, step: number): number | undefined {
  return value === undefined ? undefined : value + step
}

function merge(a: JsonSchema, b: JsonSchema): JsonSchema {
  const both = { ...a, ...b }
  if (!isJsonObject(a.properties) || !isJsonObject(b.properties)) return both
  const required = [a.required, b.required].flatMap((list) =>
    Array.isArray(list) ? (list as readonly Json[]) : [],
  )
  return { ...both, properties: { ...a.properties, ...b.properties }, required }
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const ref = schema.$ref
  if (typeof ref !== 'string' || !ref.startsWith('#')) return schema
  let at: Json | undefined = root
  for (const part of ref.slice(1).split('/').slice(1))
    at = isJsonObject(at) ? (at as JsonObject)[part] : undefined
  return isJsonObject(at) ? at : {}
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}
