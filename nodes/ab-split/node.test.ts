import { describe, expect, it, vi } from 'vitest'
import { bucketOf } from '#main/engine/bucket.ts'
import { liveText } from '#shared/flow/live.ts'
import { runNode, startNode, stepContext } from '../../test/contract/run-node.ts'
import { abSplit } from './node.ts'
import * as runner from './run.ts'

const run = (config: object, ctx = stepContext().ctx) =>
  runNode(abSplit, runner, { config, input: { value: 'v' }, ctx })
const at = (bucket: number) => stepContext({ bucket: () => bucket })

describe('ab-split', () => {
  it('takes exactly one arm and records it', async () => {
    const low = at(0.89)
    expect(await run({ arms: { control: 90, shorter: 10 } }, low.ctx)).toEqual({ control: 'v' })
    expect(low.recorded.arms).toEqual(['control'])
    const high = at(0.9)
    expect(await run({ arms: { control: 90, shorter: 10 } }, high.ctx)).toEqual({ shorter: 'v' })
    expect(high.recorded.arms).toEqual(['shorter'])
  })

  it('never takes an arm without weight', async () => {
    for (const bucket of [0, 0.5, 0.999_999])
      expect(await run({ arms: { a: 0, b: 1, c: 0 } }, at(bucket).ctx)).toEqual({ b: 'v' })
  })

  it('passes a stream on as it is', async () => {
    const live = liveText()
    const outlets = await startNode(abSplit, runner, {
      config: { arms: { a: 1, b: 0 } },
      input: { value: live },
    })
    expect(outlets.a).toBe(live)
  })

  it('is within 3 points of its weights over 1,000 values, and the same value stays', async () => {
    const config = { arms: { a: 50, b: 30, c: 20 }, sticky: 'metadata.user_id' }
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 }
    for (let n = 0; n < 1_000; n += 1) {
      const given = { run: { id: `run_${n}`, metadata: { user_id: `user-${n}` } } }
      const arms = await Promise.all(
        ['x', 'y'].map(async (id) => {
          const { ctx } = stepContext({
            run: { ...given.run, id },
            bucket: (salt, key) => bucketOf(salt, key ?? id),
          })
          return Object.keys(await run(config, ctx))[0] as string
        }),
      )
      expect(arms[0]).toBe(arms[1])
      counts[arms[0] as string] = (counts[arms[0] as string] ?? 0) + 1
    }
    expect(Math.abs((counts.a ?? 0) - 500)).toBeLessThan(30)
    expect(Math.abs((counts.b ?? 0) - 300)).toBeLessThan(30)
    expect(Math.abs((counts.c ?? 0) - 200)).toBeLessThan(30)
  })

  it.each([
    [{ sticky: 'metadata.user_id' }, ['split', 'u1']],
    [{ sticky: 'metadata.missing' }, ['split']],
    [{ sticky: 'consumer.id' }, ['split', 'shop']],
    [{ salt: 'summer', sticky: 'consumer.id' }, ['summer', 'shop']],
    [{ salt: 'summer' }, ['summer']],
    [{}, ['split']],
  ])('%j draws by %j', async (config, asked) => {
    const bucket = vi.fn(() => 0)
    const facts = { metadata: { user_id: 'u1' }, consumer: { id: 'shop', tags: {} } }
    await run(config, stepContext({ node: 'split', bucket, run: facts }).ctx)
    expect(bucket.mock.calls).toEqual([asked])
  })

  it('declares its arms as outlets that exclude each other', () => {
    const config = abSplit.config.parse({ arms: { control: 1, shorter: 1 } })
    expect(typeof abSplit.outputs === 'function' && Object.keys(abSplit.outputs(config))).toEqual([
      'control',
      'shorter',
    ])
    expect(abSplit.exclusive?.(config)).toEqual([['control', 'shorter']])
    expect(abSplit.arms?.(config)).toEqual(['control', 'shorter'])
  })

  it.each([
    { arms: { a: 1 } },
    { arms: { a: 0, b: 0 } },
    { arms: { a: -1, b: 2 } },
    { arms: { A: 1, b: 1 } },
    { arms: Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`a${n}`, 1])) },
    { sticky: 'user_id' },
  ])('refuses %j', (config) => {
    expect(abSplit.config.safeParse(config).success).toBe(false)
  })
})
