import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field } from '#shared/flow/fields.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'

export const coalesce = defineNode({
  type: 'coalesce',
  version: 1,
  family: 'control',
  title: 'First present',
  summary: 'Waits for all inlets and gives the first value there is.',
  config: z.strictObject({
    count: field(z.int().min(2).max(16).default(2), { title: 'Inlets', field: 'number' }),
  }),
  inputs: ({ count }) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`in_${index + 1}`, inlet('any', { required: false })]),
    ),
  outputs: {
    value: outlet('any', { sameAs: 'in_1' }),
    which: outlet('number', { optional: true, description: 'Number of the inlet, from 1.' }),
  },
  card: ['count'],
  effects: 'pure',
  sample: { count: 3 },
})
