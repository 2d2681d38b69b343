// What nodes may build once per publish: templates, expressions, patterns, validators and guards. The same text is
// compiled once, however many nodes and Versions hold it.
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { AppError, type Issue } from '#shared/errors.ts'
import type { Builders, GuardBuilders, SchemaCheck } from '#shared/flow/definition.ts'
import type { JsonSchema } from '#shared/json.ts'
import { cached } from '#shared/text/cached.ts'
import { parseExpression } from '#shared/text/expression.ts'
import { parseRegex } from '#shared/text/regex.ts'
import { parseTemplate } from '#shared/text/template.ts'

/** `stage` is `input` or `output`, as the compiler found it for the step. */
export function buildersFor(stage: Builders['stage'], guards: GuardBuilders): Builders {
  return {
    template: (text) => parseTemplate(text),
    expression: parseExpression,
    regex: parseRegex,
    schema: (schema) => compileSchema('', JSON.stringify(schema)),
    guards,
    stage,
  }
}

/** `pattern` keywords run in linear time, as every user pattern does. ajv tells patterns apart by their text form. */
const linear = (pattern: string) => {
  const regex = parseRegex(pattern)
  return { test: (text: string) => regex.test(text), toString: () => `/${pattern}/` }
}
const regExp = Object.assign(linear, { code: '' })
let metaSchema: Ajv2020 | undefined

const compileSchema = cached((_kind: string, text: string): SchemaCheck => {
  const schema = JSON.parse(text) as JsonSchema
  try {
    metaSchema ??= new Ajv2020({ strict: false })
    if (!metaSchema.validateSchema(schema))
      throw new Error(metaSchema.errorsText(metaSchema.errors, { dataVar: 'schema' }))
    // An instance keeps all it ever compiled, so each schema has its own (0.5 ms).
    const ajv = new Ajv2020({ allErrors: true, strict: false, validateSchema: false, code: { regExp } })
    formats.default(ajv)
    const validate = ajv.compile(schema)
    return (value) => (validate(value) ? [] : (validate.errors ?? []).map(issueOf))
  } catch (error) {
    if (error instanceof AppError) throw error
    const said = error instanceof Error ? error.message : String(error)
    throw new AppError('flow_error', {
      message: `The JSON Schema cannot be used: ${said}.`,
      details: { reason: 'schema' },
      cause: error,
    })
  }
})

function issueOf({ instancePath, keyword, message, params }: ErrorObject): Issue {
  const key: unknown = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty
  const path =
    typeof key === 'string'
      ? `${instancePath}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      : instancePath
  return { path, rule: keyword, message: message ?? 'is not valid' }
}
