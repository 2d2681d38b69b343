import type { Run } from '#shared/flow/definition.ts'
import type { input as definition } from './node.ts'

/** The gateway has checked the fields and put in the defaults before the Run began. */
export const run: Run<typeof definition> = ({ config, ctx }) => {
  const { fields } = ctx.run.input
  const outlets: Record<string, unknown> = {}
  for (const name of Object.keys(config.fields)) if (Object.hasOwn(fields, name)) outlets[name] = fields[name]
  return outlets
}
