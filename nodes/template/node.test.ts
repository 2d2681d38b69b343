import { describe, expect, it } from 'vitest'
import { runNode } from '../../test/contract/run-node.ts'
import { template } from './node.ts'
import * as runner from './run.ts'

const inputsOf = (text: string) =>
  typeof template.inputs === 'function' ? template.inputs(template.config.parse({ text })) : {}

describe('template', () => {
  it('renders its text with the inlets', async () => {
    const run = { config: { text: 'Hi {{ name }}, {{ data }}' }, input: { name: 'Kim', data: { a: [1] } } }
    expect(await runNode(template, runner, run)).toEqual({ text: 'Hi Kim, {"a":[1]}' })
  })

  it('gives fixed text without inlets', async () => {
    expect(await runNode(template, runner, { config: { text: 'Please try later.' } })).toEqual({
      text: 'Please try later.',
    })
    expect(await runNode(template, runner)).toEqual({ text: '' })
  })

  it('has an inlet per variable, required unless the text does without it', () => {
    const inlets = inputsOf('{{ a }}{{ b | default: "x" }}')
    expect(Object.keys(inlets)).toEqual(['a', 'b'])
    expect(inlets.a).toMatchObject({ type: 'text', required: true })
    expect(inlets.b).toMatchObject({ type: 'text', required: false })
    expect(inlets.a?.also).toContain('list<json>')
  })

  it('fails with the name of a missing variable', async () => {
    await expect(runNode(template, runner, { config: { text: '{{ a }}' } })).rejects.toMatchObject({
      code: 'flow_error',
      details: { variable: 'a', line: 1 },
    })
  })

  it('refuses a text that does not parse or is too long', () => {
    expect(template.config.safeParse({ text: '{% if %}' }).error?.issues[0]?.message).toContain('line 1')
    expect(template.config.safeParse({ text: 'x'.repeat(256 * 1024) }).success).toBe(true)
    expect(template.config.safeParse({ text: 'x'.repeat(256 * 1024 + 1) }).success).toBe(false)
  })
})
