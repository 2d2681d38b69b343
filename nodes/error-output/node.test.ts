import { describe, expect, it } from 'vitest'
import { AppError, errorValue } from '#shared/errors.ts'
import { runNode } from '../../test/contract/run-node.ts'
import { errorOutput } from './node.ts'
import * as runner from './run.ts'

const inner = new AppError('upstream_timeout', {
  message: 'The model took too long.',
  node: 'fast',
  connection: 'openai',
  model: 'gpt-5',
  details: { reason: 'idle' },
})
const run = (config: object) => runNode(errorOutput, runner, { config, input: { error: errorValue(inner) } })

describe('error-output', () => {
  it('ends the run with its own code, status and message', async () => {
    const config = {
      code: 'app_sold_out',
      status: 409,
      message: 'None left: {{ error.code }} at {{ error.node }}',
    }
    await expect(run(config)).rejects.toMatchObject({
      code: 'app_sold_out',
      status: 409,
      retryable: false,
      message: 'None left: upstream_timeout at fast',
    })
  })

  it('has status 422 and the inner message by default', async () => {
    await expect(run({ code: 'app_x' })).rejects.toMatchObject({
      status: 422,
      message: 'The model took too long.',
    })
  })

  it('keeps the inner error without a code', async () => {
    await expect(run({})).rejects.toMatchObject({
      code: 'upstream_timeout',
      status: 504,
      retryable: true,
      node: 'fast',
      connection: 'openai',
      model: 'gpt-5',
      details: { reason: 'idle' },
      message: 'The model took too long.',
    })
  })

  it('may give a kept code another message, but not another status', async () => {
    await expect(run({ message: 'Try later.', status: 400 })).rejects.toMatchObject({
      code: 'upstream_timeout',
      status: 504,
      message: 'Try later.',
    })
  })

  it('knows no variable but the error', () => {
    const config = errorOutput.config.parse({ message: '{{ error.code }} {{ name }}' })
    expect(errorOutput.check?.(config)).toEqual([
      { field: 'message', message: '"name" is not known here; there is only "error"' },
    ])
  })

  it.each([
    { code: 'sold_out' },
    { code: 'app_' },
    { code: 'app_Sold' },
    { status: 399 },
    { status: 600 },
    { message: '{{ error' },
  ])('refuses %j', (config) => {
    expect(errorOutput.config.safeParse(config).success).toBe(false)
  })
})
