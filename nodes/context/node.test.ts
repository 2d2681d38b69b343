import { describe, expect, it } from 'vitest'
import { runNode, stepContext } from '../../test/contract/run-node.ts'
import { context } from './node.ts'
import * as runner from './run.ts'

const facts = {
  id: 'run_1',
  endpoint: 'support',
  label: 'production',
  version: 12,
  variant: 'shorter',
  consumer: { id: 'shop', tags: { team: 'web' } },
  metadata: { user_id: 'u-17', tries: 3, beta: true, code: '007' },
  headers: { 'x-region': 'eu' },
  vars: { brand: 'Parcel' },
}
const run = (config: object, given: object = facts) =>
  runNode(context, runner, { config, ctx: stepContext({ run: given }).ctx })

describe('context', () => {
  it.each([
    ['run.id', 'run_1'],
    ['endpoint.slug', 'support'],
    ['label', 'production'],
    ['version', 12],
    ['variant', 'shorter'],
    ['consumer.id', 'shop'],
    ['consumer.tags.team', 'web'],
    ['metadata.user_id', 'u-17'],
    ['metadata.tries', '3'],
    ['header.x-region', 'eu'],
    ['var.brand', 'Parcel'],
    ['now', '2023-11-14T22:13:20.000Z'],
  ])('%s', async (path, value) => {
    expect(await run({ path })).toEqual({ value })
  })

  it('gives a named value the type that is asked for', async () => {
    expect(await run({ path: 'metadata.tries', type: 'number' })).toEqual({ value: 3 })
    expect(await run({ path: 'metadata.code', type: 'number' })).toEqual({ value: 7 })
    expect(await run({ path: 'metadata.beta', type: 'boolean' })).toEqual({ value: true })
    await expect(run({ path: 'metadata.user_id', type: 'number' })).rejects.toMatchObject({
      code: 'flow_error',
    })
  })

  it.each([
    'endpoint.slug',
    'label',
    'version',
    'variant',
    'consumer.id',
    'consumer.tags.x',
    'metadata.x',
    'header.x',
    'var.x',
    'metadata.constructor',
  ])('%s is absent when it is missing', async (path) => {
    expect(await run({ path }, {})).toEqual({})
  })

  it('declares the type of its outlet', () => {
    const typeOf = (config: object) =>
      typeof context.outputs === 'function' && context.outputs(context.config.parse(config)).value?.type
    expect(typeOf({ path: 'version' })).toBe('number')
    expect(typeOf({ path: 'metadata.a', type: 'boolean' })).toBe('boolean')
    expect(typeOf({ path: 'now' })).toBe('text')
  })

  it('takes no type for facts that have their own', () => {
    expect(context.check?.(context.config.parse({ path: 'now', type: 'number' }))).toHaveLength(1)
    expect(context.check?.(context.config.parse({ path: 'var.n', type: 'number' }))).toEqual([])
  })

  it.each(['', 'env.HOME', 'metadata', 'header.X', 'metadata.a.b', 'run.input'])('refuses %j', (path) => {
    expect(context.config.safeParse({ path }).success).toBe(false)
  })
})
