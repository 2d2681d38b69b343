import { describe, expect, it } from 'vitest'
import { runNode, stepContext } from '../../test/contract/run-node.ts'
import { input } from './node.ts'
import * as runner from './run.ts'

const problem = (fields: unknown) => input.config.safeParse({ fields }).error?.issues[0]

describe('input', () => {
  it('gives each field that the request holds', async () => {
    const fields = {
      question: { type: 'text' },
      count: { type: 'number', required: false },
      note: { type: 'text', required: false },
    }
    const { ctx } = stepContext({ run: { input: { fields: { question: 'Hi', count: 0, other: 1 } } } })
    expect(await runNode(input, runner, { config: { fields }, ctx })).toEqual({ question: 'Hi', count: 0 })
  })

  it('declares outlets and the request from its fields', () => {
    const config = input.config.parse({
      fields: {
        question: { type: 'text', description: 'What to ask', sample: 'Why?' },
        rows: {
          type: 'list<json>',
          required: false,
          default: [],
          schema: { type: 'array' },
          local_only: true,
        },
      },
    })
    expect(typeof input.outputs === 'function' && input.outputs(config)).toEqual({
      question: { type: 'text', description: 'What to ask' },
      rows: { type: 'list<json>', schema: { type: 'array' } },
    })
    expect(input.request?.(config)).toEqual({
      kind: 'fields',
      fields: {
        question: {
          type: 'text',
          description: 'What to ask',
          sample: 'Why?',
          required: true,
          local_only: false,
        },
        rows: {
          type: 'list<json>',
          required: false,
          default: [],
          schema: { type: 'array' },
          local_only: true,
        },
      },
    })
    expect(input.common).toEqual({ when: false, error: false })
  })

  it.each(['Question', '1a', 'messages', 'tools', 'params', 'a'.repeat(41)])(
    'refuses a field named %s',
    (name) => {
      expect(problem({ [name]: { type: 'text' } })).toBeDefined()
    },
  )

  it('refuses more than 64 fields', () => {
    const fields = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`f${n}`, { type: 'text' }]))
    expect(problem(fields)?.message).toBe('at most 64 fields')
  })

  it.each([
    ['text', 1],
    ['number', '1'],
    ['boolean', 'true'],
    ['list<text>', ['a', 1]],
    ['image', 'data:'],
    ['messages', {}],
  ])('refuses a default or sample that is not %s', (type, value) => {
    expect(problem({ a: { type, default: value } })).toMatchObject({ path: ['fields', 'a', 'default'] })
    expect(problem({ a: { type, sample: value } })).toMatchObject({ path: ['fields', 'a', 'sample'] })
  })

  it.each(['tools', 'target', 'error', 'any', 'string'])('refuses fields of type %s', (type) => {
    expect(problem({ a: { type } })).toMatchObject({ path: ['fields', 'a', 'type'] })
  })

  it('refuses a schema that is none', () => {
    expect(problem({ a: { type: 'json', schema: { type: 'nothing' } } })?.message).toContain('"/type"')
  })
})
