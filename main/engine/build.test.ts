import { describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import type { GuardBuilders } from '#shared/flow/definition.ts'
import { buildersFor } from './build.ts'

const guards: GuardBuilders = { pii: () => () => [], secrets: () => () => [], rule: () => undefined }
const build = buildersFor('input', guards)

describe('buildersFor', () => {
  it('hands on the stage and the guards', () => {
    expect(build.stage).toBe('input')
    expect(buildersFor('output', guards).stage).toBe('output')
    expect(build.guards).toBe(guards)
  })

  it('builds templates, expressions and patterns', async () => {
    expect(build.template('Hi {{ name }}').render({ name: 'Kim' })).toBe('Hi Kim')
    expect(await build.expression('value > 1').evaluate({ value: 2 })).toBe(true)
    expect(build.regex('^A', 'i').test('abc')).toBe(true)
  })

  it('compiles the same text once', () => {
    expect(build.template('same {{ x }}')).toBe(buildersFor('output', guards).template('same {{ x }}'))
    expect(build.regex('same')).toBe(build.regex('same'))
    expect(build.regex('same', 'i')).not.toBe(build.regex('same'))
    expect(build.expression('same')).toBe(build.expression('same'))
    expect(build.schema({ type: 'string' })).toBe(build.schema({ type: 'string' }))
  })
})

describe('schemas', () => {
  const check = build.schema({
    type: 'object',
    required: ['name', 'a/b'],
    additionalProperties: false,
    properties: {
      name: { type: 'string', pattern: '^[a-z]+$' },
      'a/b': { type: 'number' },
      list: { type: 'array', items: { type: 'integer' } },
      when: { type: 'string', format: 'date-time' },
    },
  })

  it('has no issues with a valid value', () => {
    expect(check({ name: 'kim', 'a/b': 1, list: [1], when: '2026-01-01T00:00:00Z' })).toEqual([])
  })

  it('reports every issue as JSON pointer, rule and sentence', () => {
    const issues = check({ name: 'Kim', list: [1, 'x'], when: 'soon', extra: 1 })
    expect(issues.map(({ path, rule }) => `${path} ${rule}`).toSorted()).toEqual([
      '/a~1b required',
      '/extra additionalProperties',
      '/list/1 type',
      '/name pattern',
      '/when format',
    ])
    for (const issue of issues) expect(issue.message).not.toBe('')
  })

  it('takes schemas with the same $id', () => {
    expect(build.schema({ $id: 'x', type: 'string' })('a')).toEqual([])
    expect(build.schema({ $id: 'x', type: 'number' })('a')).toHaveLength(1)
  })

  it.each([
    [{ type: 'nothing' }, 'schema/type must be equal to one of the allowed values'],
    [{ $ref: 'https://example.com/schema.json' }, "can't resolve reference"],
    [{ type: 'string', pattern: '(?=a)' }, 'Look-around is not supported'],
  ])('refuses %j', (schema, message) => {
    expect(() => build.schema(schema)).toThrow(AppError)
    expect(() => build.schema(schema)).toThrow(message)
  })

  it('checks hostile texts against hostile patterns in linear time', () => {
    const started = performance.now()
    expect(build.schema({ pattern: '^(a+)+$' })(`${'a'.repeat(50_000)}!`)).toHaveLength(1)
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
