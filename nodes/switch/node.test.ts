import { describe, expect, it } from 'vitest'
import { runNode } from '../../test/contract/run-node.ts'
import { switchNode } from './node.ts'
import * as runner from './run.ts'

const run = (cases: object, value: unknown) =>
  runNode(switchNode, runner, { config: { cases }, input: { value } })

describe('switch', () => {
  it.each([
    [{ equals: 'x' }, 'x', true],
    [{ equals: 'x' }, 'X', false],
    [{ equals: { a: [1, { b: null }], c: 1 } }, { c: 1, a: [1, { b: null }] }, true],
    [{ equals: { a: 1 } }, { a: 1, b: 2 }, false],
    [{ equals: [1, 2] }, [2, 1], false],
    [{ equals: 1 }, '1', false],
    [{ in: ['a', 2, null] }, 2, true],
    [{ in: ['a', 2, null] }, null, true],
    [{ in: ['a'] }, 'b', false],
    [{ matches: '^a.c$' }, 'abc', true],
    [{ matches: '^1' }, 12, true],
    [{ matches: 'x' }, { x: 1 }, false],
    [{ between: [1, 3] }, 3, true],
    [{ between: [1, 3] }, 3.1, false],
    [{ between: [1, 3] }, '2', false],
    [{ if: 'value.n > 1' }, { n: 2 }, true],
    [{ if: 'value.n > 1' }, { n: 1 }, false],
  ])('%j with %j', async (test, value, matches) => {
    expect(await run({ hit: test }, value)).toEqual({ [matches ? 'hit' : 'default']: value })
  })

  it('takes the first case that matches', async () => {
    const cases = { big: { between: [10, 99] }, even: { if: 'value % 2 = 0' }, any: { matches: '' } }
    expect(switchNode.config.safeParse({ cases }).success).toBe(false)
    const order = { big: { between: [10, 99] }, even: { if: 'value % 2 = 0' }, any: { matches: '.' } }
    expect(await run(order, 12)).toEqual({ big: 12 })
    expect(await run(order, 2)).toEqual({ even: 2 })
    expect(await run(order, 3)).toEqual({ any: 3 })
  })

  it('fails when a test is not a boolean, naming the case', async () => {
    await expect(run({ a: { if: 'value.x' } }, {})).rejects.toMatchObject({
      code: 'flow_error',
      details: { reason: 'not_boolean', case: 'a' },
    })
  })

  it('has an outlet per case and default, which exclude each other', () => {
    const config = switchNode.config.parse({ cases: { b: { equals: 1 }, a: { equals: 2 } } })
    expect(typeof switchNode.outputs === 'function' && Object.keys(switchNode.outputs(config))).toEqual([
      'b',
      'a',
      'default',
    ])
    expect(switchNode.exclusive?.(config)).toEqual([['b', 'a', 'default']])
  })

  it.each([
    {},
    { cases: {} },
    { cases: { default: { equals: 1 } } },
    { cases: { error: { equals: 1 } } },
    { cases: { a: {} } },
    { cases: { a: { equals: 1, in: [1] } } },
    { cases: { a: { matches: '(?=x)' } } },
    { cases: { a: { between: [3, 1] } } },
    { cases: { a: { if: 'value >' } } },
    { cases: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`c${n}`, { equals: n }])) },
  ])('refuses %j', (config) => {
    expect(switchNode.config.safeParse(config).success).toBe(false)
  })
})
