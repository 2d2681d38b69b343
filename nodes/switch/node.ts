import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { expressionText, field, jsonValue, patternText, portName } from '#shared/flow/fields.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'

const test = z.union([
  z.strictObject({ equals: field(jsonValue, { title: 'Equals', field: 'json' }) }),
  z.strictObject({ in: field(z.array(jsonValue).min(1).max(1_000), { title: 'Is one of', field: 'list' }) }),
  z.strictObject({ matches: field(patternText, { title: 'Matches', field: 'regex' }) }),
  z.strictObject({
    between: field(
      z
        .tuple([z.number(), z.number()])
        .refine(([low, high]) => low <= high, { message: 'the lower number comes first' }),
      { title: 'Between', description: 'Two numbers, both included.', field: 'list' },
    ),
  }),
  z.strictObject({
    if: field(expressionText, { title: 'If', description: 'Sees "value".', field: 'expression' }),
  }),
])

const caseName = portName.refine((name) => name !== 'default' && name !== 'error', {
  message: 'default and error are outlets already',
})

export const switchNode = defineNode({
  type: 'switch',
  version: 1,
  family: 'control',
  title: 'Switch',
  summary: 'Sends its value on by the outlet of the first case that matches.',
  config: z.strictObject({
    cases: field(
      z
        .record(caseName, test)
        .refine((cases) => Object.keys(cases).length >= 1 && Object.keys(cases).length <= 16, {
          message: '1 to 16 cases',
        }),
      {
        title: 'Cases',
        description:
          'In order: each name is an outlet and has one test (equals, in, matches, between or if).',
        field: 'map',
        ordered: true,
      },
    ),
  }),
  inputs: { value: inlet('any') },
  outputs: ({ cases }) =>
    Object.fromEntries(
      [...Object.keys(cases), 'default'].map((name) => [name, outlet('any', { sameAs: 'value' })]),
    ),
  card: ['cases'],
  effects: 'pure',
  exclusive: ({ cases }) => [[...Object.keys(cases), 'default']],
  sample: { cases: { refund: { matches: 'refund|money back' }, short: { if: '$length(value) < 20' } } },
})
