// The real engine, as the gateway calls it.

import { buildersFor } from '#main/engine/build.ts'
import { execute } from '#main/engine/execute.ts'
import { AppError } from '#shared/errors.ts'
import type { JsonObject } from '#shared/json.ts'
import type { Engine } from './service.ts'

const noGuards = { pii: () => () => [], secrets: () => () => [], rule: () => undefined }
export const realEngine: Engine = {
  execute,
  readInput(prepared, input) {
    const issues = prepared.checkInput(input)
    if (issues.length > 0)
      throw new AppError('invalid_input', { details: { issues: issues.map((i) => ({ ...i })) } })
    return { fields: input as JsonObject }
  },
  checkSchema: (schema) => buildersFor('output', noGuards).schema(schema),
}
