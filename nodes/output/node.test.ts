import { describe, expect, it } from 'vitest'
import { liveText } from '#shared/flow/live.ts'
import { runNode, startNode } from '../../test/contract/run-node.ts'
import { output } from './node.ts'
import * as runner from './run.ts'

const inletOf = (config: object) =>
  typeof output.inputs === 'function' ? output.inputs(output.config.parse(config)).value : undefined

describe('output', () => {
  it('gives its value', async () => {
    expect(await runNode(output, runner, { input: { value: 'Hi' } })).toEqual({ value: 'Hi' })
  })

  it('passes a stream on as it is', async () => {
    const live = liveText()
    const outlets = await startNode(output, runner, { input: { value: live } })
    expect(outlets.value).toBe(live)
  })

  it('is an answer field with the defaults of the catalogue', () => {
    expect(output.answer?.(output.config.parse({}))).toEqual({
      field: 'answer',
      type: 'text',
      required: true,
      stream: true,
      main: false,
      share: true,
    })
    const given = {
      field: 'data',
      type: 'json',
      schema: { type: 'object' },
      required: false,
      stream: false,
      main: true,
      share: false,
    }
    expect(output.answer?.(output.config.parse(given))).toEqual(given)
  })

  it('reads early only what can stream', () => {
    expect(inletOf({})).toMatchObject({ type: 'text', gather: 'merge', reads: 'early', required: true })
    expect(inletOf({ type: 'messages' })).toMatchObject({ reads: 'early' })
    expect(inletOf({ type: 'json' })).toMatchObject({ type: 'json', reads: 'whole' })
    expect(inletOf({ stream: false })).toMatchObject({ reads: 'whole' })
    expect(inletOf({ schema: { maxLength: 3 } })).toMatchObject({ reads: 'whole' })
  })

  it('refuses a value that does not fit its schema, with every path', async () => {
    const schema = { type: 'object', required: ['name'], properties: { n: { type: 'integer' } } }
    const config = { field: 'data', type: 'json', schema }
    expect(await runNode(output, runner, { config, input: { value: { name: 'x', n: 1 } } })).toHaveProperty(
      'value',
    )
    await expect(runNode(output, runner, { config, input: { value: { n: 1.5 } } })).rejects.toMatchObject({
      code: 'output_invalid',
      message: expect.stringContaining('"data" does not fit its schema'),
      details: {
        issues: [
          { path: '/name', rule: 'required' },
          { path: '/n', rule: 'type' },
        ],
      },
    })
  })

  it.each([{ field: 'Answer' }, { type: 'tools' }, { schema: { type: 'x' } }])('refuses %j', (config) => {
    expect(output.config.safeParse(config).success).toBe(false)
  })
})
