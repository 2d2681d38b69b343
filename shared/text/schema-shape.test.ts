import { describe, expect, it } from 'vitest'
import type { JsonSchema } from '../json.ts'
import { schemaProblem } from './schema-shape.ts'

describe('schemaProblem', () => {
  it.each<[JsonSchema, string]>([
    [{ type: 'nothing' }, '"/type"'],
    [{ type: ['string', 'text'] }, '"/type"'],
    [{ properties: [] }, '"/properties": must be a map of schemas'],
    [{ properties: { a: { type: 1 } } }, '"/properties/a/type"'],
    [{ properties: { a: 'string' } }, '"/properties/a": must be a schema'],
    [{ required: 'a' }, '"/required"'],
    [{ items: { anyOf: { type: 'string' } } }, '"/items/anyOf": must be a list of schemas'],
    [{ enum: 'a' }, '"/enum"'],
    [{ minLength: -1 }, '"/minLength"'],
    [{ maximum: '3' }, '"/maximum"'],
    [{ pattern: '(?=a)' }, '"/pattern": Look-around'],
    [{ $ref: 'https://example.com/s.json' }, '"/$ref"'],
    [{ $defs: { a: { not: { type: 'x' } } } }, '"/$defs/a/not/type"'],
  ])('finds what is wrong with %j', (schema, message) => {
    expect(schemaProblem(schema)).toContain(message)
  })

  it.each<[JsonSchema]>([
    [{}],
    [{ type: ['string', 'null'], pattern: '^a+$', format: 'email', 'x-own': 1 }],
    [{ $ref: '#/$defs/a', $defs: { a: { type: 'integer', minimum: 0.5 } } }],
    [
      {
        properties: { type: { type: 'string' }, required: { const: { type: 'nothing' } } },
        required: ['type'],
      },
    ],
    [{ items: false, prefixItems: [true, { enum: [1, null] }], additionalProperties: { type: 'array' } }],
  ])('takes %j', (schema) => {
    expect(schemaProblem(schema)).toBeUndefined()
  })
})
