import type { Run } from '#shared/flow/definition.ts'
import type { coalesce } from './node.ts'

export const run: Run<typeof coalesce> = ({ config, input }) => {
  for (let which = 1; which <= config.count; which += 1) {
    const value = input[`in_${which}`]
    if (value !== undefined) return { value, which }
  }
  return {}
}
