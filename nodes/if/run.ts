import { AppError } from '#shared/errors.ts'
import type { Expression, Prepare, Run } from '#shared/flow/definition.ts'
import { asJson } from '#shared/model/as-json.ts'
import type { ifNode } from './node.ts'

export const prepare: Prepare<typeof ifNode, Expression> = ({ config, build }) =>
  build.expression(config.test)

export const run: Run<typeof ifNode, Expression> = async ({ ready, input }) => {
  const result = await ready.evaluate({ value: asJson(input.value) })
  if (typeof result !== 'boolean')
    throw new AppError('flow_error', {
      message: `The test must give true or false, not ${result === undefined ? 'nothing' : typeof result}.`,
      details: { reason: 'not_boolean' },
    })
  return { [String(result)]: input.value }
}
