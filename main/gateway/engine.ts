// The real engine, as the gateway calls it.
import { buildersFor } from '#main/engine/build.ts'
import { execute } from '#main/engine/execute.ts'
import { readInput } from '#main/engine/input.ts'
import type { GuardBuilders } from '#shared/flow/definition.ts'
import type { Engine } from './service.ts'

/** A caller's schema asks for no guard. */
const noGuards: GuardBuilders = { pii: () => () => [], secrets: () => () => [], rule: () => undefined }
const builders = buildersFor('output', noGuards)

export const realEngine: Engine = {
  execute,
  readInput: (prepared, input) => readInput(prepared, input),
  checkSchema: (schema) => builders.schema(schema),
}
