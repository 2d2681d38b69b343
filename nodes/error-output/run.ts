import { type AppCode, AppError, type ErrorValue } from '#shared/errors.ts'
import type { Prepare, Run, Template } from '#shared/flow/definition.ts'
import type { errorOutput } from './node.ts'

type Ready = Template | undefined

export const prepare: Prepare<typeof errorOutput, Ready> = ({ config, build }) =>
  config.message === undefined ? undefined : build.template(config.message)

export const run: Run<typeof errorOutput, Ready> = ({ config, ready, input }) => {
  const inner = input.error as ErrorValue
  const message = ready === undefined ? inner.message : ready.render({ error: inner })
  if (config.code !== undefined)
    throw new AppError(config.code as AppCode, { status: config.status, message })
  const { code, retryable, node, connection, model, details } = inner
  throw new AppError(code, {
    message,
    retryable,
    ...(node === null ? {} : { node }),
    ...(connection === undefined ? {} : { connection }),
    ...(model === undefined ? {} : { model }),
    ...(details === undefined ? {} : { details }),
  })
}
