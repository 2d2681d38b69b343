import { AppError } from '#shared/errors.ts'
import type { Run } from '#shared/flow/definition.ts'
import type { fallback } from './node.ts'

/** The engine runs the tries and starts this step with the one value there is. */
export const run: Run<typeof fallback> = ({ config, input, ctx }) => {
  for (let which = 1; which <= config.tries; which += 1) {
    const value = input[`try_${which}`]
    if (value !== undefined)
      return {
        value,
        which,
        attempts: (ctx.tries ?? []).map(({ port, status, code }) => ({ port, status, code })),
      }
  }
  throw new AppError('no_value', { message: 'No try gave a value.' })
}
