import { describe, expect, it } from 'vitest'
import { runNode } from '../../test/contract/run-node.ts'
import { ifNode } from './node.ts'
import * as runner from './run.ts'

const run = (test: string, value: unknown) => runNode(ifNode, runner, { config: { test }, input: { value } })

describe('if', () => {
  it.each([
    ['value > 3', 4, 'true'],
    ['value > 3', 3, 'false'],
    ['value.kind = "x" and $exists(value.n)', { kind: 'x', n: 0 }, 'true'],
    ['$contains(value, /refund/i)', 'A REFUND please', 'true'],
  ])('%s with %j leaves by %s', async (test, value, port) => {
    expect(await run(test, value)).toEqual({ [port]: value })
  })

  it.each([
    ['value', 'yes'],
    ['value.missing', {}],
    ['1', 0],
    ['null', 0],
  ])('fails when %s of %j is not a boolean', async (test, value) => {
    await expect(run(test, value)).rejects.toMatchObject({
      code: 'flow_error',
      details: { reason: 'not_boolean' },
    })
  })

  it('sees messages as callers write them and passes them on as they are', async () => {
    const messages = [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }]
    expect(await run('value[-1].content = "Hi"', messages)).toEqual({ true: messages })
  })

  it('fails when the test fails', async () => {
    await expect(run('$number(value) > 1', 'x')).rejects.toMatchObject({ code: 'flow_error' })
  })

  it('has outlets that exclude each other', () => {
    expect(ifNode.exclusive?.({ test: 'true' })).toEqual([['true', 'false']])
  })

  it.each([{}, { test: '' }, { test: 'value >' }, { test: '$eval(value)' }])('refuses %j', (config) => {
    expect(ifNode.config.safeParse(config).success).toBe(false)
  })
})
