import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'

export const unmask = defineNode({
  type: 'unmask',
  version: 1,
  family: 'guardrail',
  title: 'Unmask',
  summary: 'Puts back what a personal data guard replaced by tokens.',
  config: z.strictObject({}),
  inputs: {
    value: inlet('text', { also: ['messages', 'json'], reads: 'early' }),
    map: inlet('json', { secret: true, description: 'The map outlet of a personal data guard.' }),
  },
  outputs: { value: outlet('text', { sameAs: 'value', streams: 'pass' }) },
  card: [],
  effects: 'pure',
})
