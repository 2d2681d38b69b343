import { describe, expect, it } from 'vitest'
import { liveText } from '#shared/flow/live.ts'
import { runNode, startNode, stepContext } from '../../test/contract/run-node.ts'
import { fallback } from './node.ts'
import * as runner from './run.ts'

const parse = (config: object) => fallback.config.parse(config)

describe('fallback', () => {
  it('gives the one value there is, with its number and how the tries went', async () => {
    const { ctx } = stepContext({
      tries: [
        { port: 'try_1', status: 'failed', code: 'upstream_timeout' },
        { port: 'try_2', status: 'ok', code: null },
        { port: 'try_3', status: 'standby', code: null },
      ],
    })
    expect(await runNode(fallback, runner, { config: { tries: 3 }, input: { try_2: 'B' }, ctx })).toEqual({
      value: 'B',
      which: 2,
      attempts: [
        { port: 'try_1', status: 'failed', code: 'upstream_timeout' },
        { port: 'try_2', status: 'ok', code: null },
        { port: 'try_3', status: 'standby', code: null },
      ],
    })
  })

  it('passes a stream on as it is', async () => {
    const live = liveText()
    expect((await startNode(fallback, runner, { input: { try_1: live } })).value).toBe(live)
  })

  it('fails without a value', async () => {
    await expect(runNode(fallback, runner)).rejects.toMatchObject({ code: 'no_value' })
  })

  it('tells the compiler its tries', () => {
    expect(fallback.tries?.(parse({}))).toEqual({
      ports: ['try_1', 'try_2'],
      advanceOn: ['provider'],
      restart: false,
    })
    const config = {
      tries: 3,
      advance_on: ['any'],
      first_token_ms: 10,
      attempt_ms: 20,
      degraded_from: 2,
      restart: true,
    }
    expect(fallback.tries?.(parse(config))).toEqual({
      ports: ['try_1', 'try_2', 'try_3'],
      advanceOn: ['any'],
      firstTokenMs: 10,
      attemptMs: 20,
      degradedFrom: 2,
      restart: true,
    })
  })

  it('has an inlet per try that reads early', () => {
    const inlets = typeof fallback.inputs === 'function' ? fallback.inputs(parse({ tries: 8 })) : {}
    expect(Object.keys(inlets)).toHaveLength(8)
    expect(inlets.try_8).toMatchObject({ type: 'any', required: true, reads: 'early', gather: 'merge' })
  })

  it.each([
    { tries: 1 },
    { tries: 9 },
    { advance_on: ['nothing'] },
    { first_token_ms: 0 },
    { degraded_from: 3 },
  ])('refuses %j', (config) => {
    expect(fallback.config.safeParse(config).success).toBe(false)
  })
})
