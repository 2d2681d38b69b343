import type { Run } from '#shared/flow/definition.ts'
import { asJson } from '#shared/model/as-json.ts'
import type { join } from './node.ts'

export const run: Run<typeof join> = ({ config, input }) => {
  const list = config.names.map((_, index) => asJson(input[`in_${index + 1}`]))
  const present = config.names.flatMap((name, index) =>
    list[index] === undefined ? [] : [[name, list[index]] as const],
  )
  return { object: Object.fromEntries(present), list: list.map((value) => value ?? null) }
}
