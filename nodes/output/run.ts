import { AppError } from '#shared/errors.ts'
import type { Prepare, Run, SchemaCheck } from '#shared/flow/definition.ts'
import type { output } from './node.ts'

type Ready = SchemaCheck | undefined

export const prepare: Prepare<typeof output, Ready> = ({ config, build }) =>
  config.schema === undefined ? undefined : build.schema(config.schema)

export const run: Run<typeof output, Ready> = ({ config, ready, input }) => {
  const issues = ready?.(input.value) ?? []
  if (issues.length === 0) return { value: input.value }
  const [first] = issues
  throw new AppError('output_invalid', {
    message: `The answer field "${config.field}" does not fit its schema: ${first?.path || '/'} ${first?.message}.`,
    details: { issues: issues.map((issue) => ({ ...issue })) },
  })
}
