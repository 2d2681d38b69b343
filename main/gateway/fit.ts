// Does the main output fit what the caller asked for with `response_format`?
import { AppError } from '#shared/errors.ts'
import type { Json, JsonSchema } from '#shared/json.ts'
import type { Service } from './service.ts'

/** A caller's schema is compiled for one call; a large one would be work without measure. */
const maxSchema = 64 * 1024

/** `wanted`: a schema, or 'json' for any JSON. Text is parsed first. Never throws. */
export function checkFit(
  wanted: JsonSchema | 'json',
  value: unknown,
  engine: Service['engine'],
): AppError | undefined {
  const parsed = typeof value === 'string' ? parse(value) : (value as Json | undefined)
  if (parsed === undefined) return misfit([{ path: '', rule: 'json', message: 'must be JSON' }])
  if (wanted === 'json') return undefined
  const issues = engine.checkSchema(wanted)(parsed)
  return issues.length === 0 ? undefined : misfit(issues)
}

/** Throws `invalid_request` for a schema that cannot be used. Called before the Run begins. */
export function checkFormat(wanted: JsonSchema | 'json' | null, engine: Service['engine']): void {
  if (wanted === null || wanted === 'json') return
  try {
    if (JSON.stringify(wanted).length > maxSchema) throw new Error(`it has more than ${maxSchema} characters`)
    engine.checkSchema(wanted)
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    const message = `The schema of response_format cannot be used: ${why}`
    const issue = { path: '/response_format/json_schema/schema', rule: 'schema', message }
    throw new AppError('invalid_request', {
      message,
      details: { reason: 'schema', issues: [issue] },
      cause: thrown,
    })
  }
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

function misfit(
  issues: readonly { readonly path: string; readonly rule: string; readonly message: string }[],
): AppError {
  const [first] = issues
  return new AppError('output_invalid', {
    message: `The answer does not fit the response_format: ${first?.path} ${first?.message}.`,
    details: { reason: 'response_format', issues: issues.map((issue) => ({ ...issue })) },
  })
}
