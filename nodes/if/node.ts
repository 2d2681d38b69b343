import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { expressionText, field } from '#shared/flow/fields.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'

export const ifNode = defineNode({
  type: 'if',
  version: 1,
  family: 'control',
  title: 'If',
  summary: 'Sends its value on by one of two outlets.',
  config: z.strictObject({
    test: field(expressionText, {
      title: 'Test',
      description: 'An expression that sees "value" and gives true or false.',
      field: 'expression',
    }),
  }),
  inputs: { value: inlet('any') },
  outputs: { true: outlet('any', { sameAs: 'value' }), false: outlet('any', { sameAs: 'value' }) },
  card: ['test'],
  effects: 'pure',
  exclusive: () => [['true', 'false']],
  sample: { test: '$length(value) > 400' },
})
