// Config fields that several nodes share. Each carries `title`, `description` and `field`, from which the inspector form,
// the JSON Schema and the docs row are made.
import { z } from 'zod'
import type { Json, JsonObject, JsonSchema } from '../json.ts'
import { expressionProblem, maxExpressionChars } from '../text/expression.ts'
import { maxPatternChars, regexProblem } from '../text/regex.ts'
import { schemaProblem } from '../text/schema-shape.ts'
import { templateProblem } from '../text/template.ts'
import { baseTypes, type PortType } from './ports.ts'
import { codeSelectorSchema, fieldNamePattern } from './schema.ts'

/** How the inspector shows a field. A new kind is a feature of the page; a new node never needs one. */
export type FieldKind =
  | 'text'
  | 'number'
  | 'boolean'
  | 'choice'
  | 'list'
  | 'map'
  | 'json'
  | 'expression'
  | 'template'
  | 'regex'
  | 'schema'
  | 'targets'
  | 'codes'
  | 'secret'
  | 'prompt'
  | 'blocks'
  | 'type'

export interface FieldMeta {
  readonly title: string
  readonly description?: string
  readonly field: FieldKind
  /** The order of the keys of this map decides what happens, so it counts in the hash of a Version. */
  readonly ordered?: boolean
}

/** `field(z.int().default(2), { title: 'Tries', field: 'number' })`: the compiler insists on all three hints. */
export function field<Schema extends z.ZodType>(schema: Schema, meta: FieldMeta): Schema {
  return schema.meta({ ...meta })
}

export const jsonValue = z.json() as unknown as z.ZodType<Json, Json>
export const jsonObject = z.record(z.string(), jsonValue) as unknown as z.ZodType<JsonObject, JsonObject>

/** Fails with the sentence of `problem`, at the field itself. */
function text(max: number, problem: (value: string) => string | undefined) {
  return z
    .string()
    .max(max)
    .superRefine((value, context) => {
      const message = problem(value)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    })
}

export const templateText = text(256 * 1024, (value) => templateProblem(value))
export const expressionText = text(maxExpressionChars, expressionProblem).min(1)
export const patternText = text(maxPatternChars, (value) => regexProblem(value)).min(1)

export const schemaValue = jsonObject.superRefine((value, context) => {
  const message = schemaProblem(value)
  if (message !== undefined) context.addIssue({ code: 'custom', message })
}) as unknown as z.ZodType<JsonSchema, JsonSchema>

/** Types that a value of a request or an answer can have: what means nothing outside the flow is left out. */
const leaving = baseTypes.filter((type) => !['tools', 'target', 'error', 'any'].includes(type))
export const valueTypes = z.enum([
  ...leaving,
  ...leaving.map((type) => `list<${type}>` as const),
]) as unknown as z.ZodType<PortType, PortType>

export const portName = z.string().regex(fieldNamePattern)

/** `connection/model`; the model's own name may hold further slashes. */
export const targetText = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*\/\S+$/, { message: 'write connection/model' })

export const codeSelectors = z.array(codeSelectorSchema).min(1).max(64)

/** A value that stays the same for one caller: `metadata.<name>` or `consumer.id`. */
export const stickyText = z.string().regex(/^(?:consumer\.id|metadata\.[a-z][a-z0-9_]{0,39})$/, {
  message: 'write metadata.<name> or consumer.id',
})
