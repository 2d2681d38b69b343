// Looks into a zod schema: which fields a map may have at a path, in which order they are written, what is left out.
import type { z } from 'zod'
import type { Json } from '../json.ts'

/** What the walker needs to know of zod's own description of a schema. */
interface Def {
  readonly type: string
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>
  readonly innerType?: z.core.$ZodType
  readonly in?: z.core.$ZodType
  readonly options?: readonly z.core.$ZodType[]
  readonly left?: z.core.$ZodType
  readonly right?: z.core.$ZodType
  readonly getter?: () => z.core.$ZodType
  readonly element?: z.core.$ZodType
  readonly items?: readonly z.core.$ZodType[]
  readonly keyType?: z.core.$ZodType
  readonly valueType?: z.core.$ZodType
  readonly entries?: Readonly<Record<string, string | number>>
  readonly defaultValue?: unknown
}

function defOf(schema: z.core.$ZodType): Def {
  return schema._zod.def as unknown as Def
}

/** The schemas behind wrappers and unions: every one that a value might have to fit. */
export function alternatives(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const def = defOf(schema)
  if (def.getter) return alternatives(def.getter())
  if (def.innerType) return alternatives(def.innerType)
  if (def.in) return alternatives(def.in)
  if (def.options) return def.options.flatMap(alternatives)
  if (def.left && def.right) return [...alternatives(def.left), ...alternatives(def.right)]
  return [schema]
}

function step(schema: z.core.$ZodType, key: string | number): readonly z.core.$ZodType[] {
  return alternatives(schema).flatMap((option) => {
    const def = defOf(option)
    if (def.shape) return Object.hasOwn(def.shape, key) ? [def.shape[key] as z.core.$ZodType] : []
    if (def.valueType) return [def.valueType]
    if (def.items) return def.items[Number(key)] ? [def.items[Number(key)] as z.core.$ZodType] : []
    return def.element ? [def.element] : []
  })
}

export function schemasAt(
  schema: z.core.$ZodType,
  path: readonly (string | number)[],
): readonly z.core.$ZodType[] {
  return path.reduce<readonly z.core.$ZodType[]>(
    (level, key) => level.flatMap((each) => step(each, key)),
    [schema],
  )
}

/** The keys that a map at this path may have, in the order of the schema; empty where any key may stand. */
export function fieldsAt(schema: z.core.$ZodType, path: readonly (string | number)[]): readonly string[] {
  const found = new Set<string>()
  for (const option of schemasAt(schema, path).flatMap(alternatives)) {
    const def = defOf(option)
    for (const key of Object.keys(def.shape ?? {})) found.add(key)
    const names = def.keyType ? defOf(def.keyType).entries : undefined
    for (const key of Object.values(names ?? {})) found.add(String(key))
  }
  return [...found]
}

/** The default of a field as JSON, or undefined when it has none. */
export function defaultOf(schema: z.core.$ZodType): Json | undefined {
  const def = defOf(schema)
  if (def.type === 'default' || def.type === 'prefault') return def.defaultValue as Json
  if (def.innerType && (def.type === 'optional' || def.type === 'readonly')) return defaultOf(def.innerType)
  return undefined
}

/** The fields of a map with their schemas; undefined for a schema that is no map with known fields. */
export function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const shapes = alternatives(schema)
    .map((option) => defOf(option).shape)
    .filter((shape) => shape !== undefined)
  return shapes.length === 0 ? undefined : Object.assign({}, ...shapes.toReversed())
}

/** What stands below every key of a free map, or below every index of a list. */
export function eachOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  for (const option of alternatives(schema)) {
    const { valueType, element } = defOf(option)
    if (valueType ?? element) return valueType ?? element
  }
  return undefined
}
