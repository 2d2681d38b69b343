import { describe, expect, it } from 'vitest'
import { runNode } from '../../test/contract/run-node.ts'
import { coalesce } from './node.ts'
import * as runner from './run.ts'

const run = (input: object, config = {}) => runNode(coalesce, runner, { config, input: { ...input } })

describe('coalesce', () => {
  it('gives the first present value in order', async () => {
    expect(await run({ in_1: 'a', in_2: 'b' })).toEqual({ value: 'a', which: 1 })
    expect(await run({ in_2: 'b' })).toEqual({ value: 'b', which: 2 })
  })

  it('takes null, false and empty text for values', async () => {
    for (const value of [null, false, '', 0])
      expect(await run({ in_1: value, in_2: 'b' })).toEqual({ value, which: 1 })
  })

  it('is absent when nothing is present', async () => {
    expect(await run({})).toEqual({})
  })

  it('has as many inlets as its count, none required', async () => {
    expect(await run({ in_16: 'z' }, { count: 16 })).toEqual({ value: 'z', which: 16 })
    const inlets = typeof coalesce.inputs === 'function' ? coalesce.inputs({ count: 4 }) : {}
    expect(Object.keys(inlets)).toEqual(['in_1', 'in_2', 'in_3', 'in_4'])
    expect(Object.values(inlets).every(({ required }) => !required)).toBe(true)
  })

  it.each([1, 17, 2.5])('refuses a count of %d', (count) => {
    expect(coalesce.config.safeParse({ count }).success).toBe(false)
  })
})
