import { describe, expect, it } from 'vitest'
import { runNode } from '../../test/contract/run-node.ts'
import { join } from './node.ts'
import * as runner from './run.ts'

const inletsOf = (config: object) =>
  typeof join.inputs === 'function' ? join.inputs(join.config.parse(config)) : {}

describe('join', () => {
  it('puts its values into an object and a list, in the order of the names', async () => {
    const run = { config: { names: ['q', 'data'] }, input: { in_1: 'Why?', in_2: { n: 1 } } }
    expect(await runNode(join, runner, run)).toEqual({
      object: { q: 'Why?', data: { n: 1 } },
      list: ['Why?', { n: 1 }],
    })
  })

  it('needs every inlet unless absent values are allowed', () => {
    expect(inletsOf({ names: ['a', 'b', 'c'] })).toMatchObject({
      in_1: { required: true },
      in_3: { required: true },
    })
    expect(inletsOf({ names: ['a', 'b'], allow_absent: true })).toMatchObject({ in_1: { required: false } })
  })

  it('leaves absent values out of the object and null in the list', async () => {
    const run = { config: { names: ['a', 'b', 'c'], allow_absent: true }, input: { in_1: 1, in_3: null } }
    expect(await runNode(join, runner, run)).toEqual({ object: { a: 1, c: null }, list: [1, null, null] })
  })

  it('writes messages as callers do', async () => {
    const messages = [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }]
    const run = { config: { names: ['m'] }, input: { in_1: messages } }
    expect((await runNode(join, runner, run)).object).toEqual({ m: [{ role: 'user', content: 'Hi' }] })
  })

  it('makes plain keys of any name', async () => {
    const run = { config: { names: ['constructor', 'a b'] }, input: { in_1: 1, in_2: 2 } }
    expect((await runNode(join, runner, run)).object).toEqual({ constructor: 1, 'a b': 2 })
  })

  it.each([{ names: [] }, { names: ['a', 'a'] }, { names: [''] }, { names: ['__proto__'] }])(
    'refuses %j',
    (config) => {
      expect(join.config.safeParse(config).success).toBe(false)
    },
  )
})
