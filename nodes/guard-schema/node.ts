import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'
import {
  type ConfigIssue,
  guardExclusive,
  guardFields,
  guardIssues,
  guardOutlets,
  guardUnhandled,
} from '#shared/guards/config.ts'
import type { JsonSchema } from '#shared/json.ts'

const config = z.strictObject({
  schema: z
    .record(z.string(), z.json())
    .meta({ title: 'Schema', description: 'JSON Schema the value must fit.', field: 'schema' }),
  repair: z.boolean().default(false).meta({
    title: 'Repair',
    field: 'boolean',
    description:
      'Put right the syntax of a text: fences, trailing commas, quotes. Values are never invented.',
  }),
  action: z.enum(['block', 'note']).default('block').meta({ title: 'Action', field: 'choice' }),
  ...guardFields,
})

export const guardSchema = defineNode({
  type: 'guard-schema',
  version: 1,
  family: 'guardrail',
  title: 'Schema guard',
  summary: 'Reads JSON from a text and lets it pass when it fits a schema.',
  config,
  sample: { schema: { type: 'object', required: ['answer'], properties: { answer: { type: 'string' } } } },
  inputs: { value: inlet('json', { also: ['text'] }) },
  outputs: ({ schema }) => guardOutlets(outlet('json', { schema: schema as JsonSchema })),
  exclusive: () => guardExclusive,
  unhandled: guardUnhandled,
  card: ['repair', 'action'],
  effects: 'pure',
  check: (settings) => [...guardIssues(settings), ...streamIssues(settings)],
})

function streamIssues({ on_stream }: z.output<typeof config>): readonly ConfigIssue[] {
  if (on_stream === 'whole') return []
  return [
    {
      field: 'on_stream',
      message: 'A schema can only be checked on the whole value: set on_stream to whole.',
    },
  ]
}
