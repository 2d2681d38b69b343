import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field, schemaValue } from '#shared/flow/fields.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'
import { modelFields } from '#shared/model/settings.ts'

export const structured = defineNode({
  type: 'structured',
  version: 1,
  family: 'model',
  title: 'Structured answer',
  summary: 'Asks a model for data and checks it against a JSON Schema.',
  config: z.strictObject({
    ...modelFields,
    schema: field(schemaValue, {
      title: 'Schema',
      description: 'JSON Schema of the answer.',
      field: 'schema',
    }),
    method: field(z.enum(['auto', 'native', 'tool', 'prompt']).default('auto'), {
      title: 'Method',
      description:
        "The model's own schema output, a forced tool call, or words in the prompt; auto takes the first that every listed model can do.",
      field: 'choice',
    }),
    repairs: field(z.int().min(0).max(3).default(1), {
      title: 'Repairs',
      description: 'How often a wrong answer is sent back with its errors.',
      field: 'number',
    }),
  }),
  inputs: ({ targets }) => ({
    messages: inlet('messages'),
    system: inlet('text', { required: false, description: 'Comes before system text in the messages.' }),
    target: inlet('target', { required: targets.length === 0, description: 'Replaces the list of models.' }),
    params: inlet('json', { required: false, description: 'Overrides settings for this run.' }),
  }),
  outputs: ({ schema }) => ({
    value: outlet('json', { schema }),
    text: outlet('text', { description: 'The answer as the model wrote it.' }),
  }),
  card: ['targets', 'schema'],
  effects: 'reads',
  upstream: 'model',
  targets: ({ targets }) => targets,
  needs: ({ method }) => (method === 'native' ? ['schema'] : method === 'tool' ? ['tools'] : []),
  systemInlets: () => ['system'],
  fences: true,
  check: ({ method, schema }) =>
    method === 'tool' && schema.type !== 'object'
      ? [{ field: 'schema', message: 'a tool call gives an object: its schema needs "type": "object"' }]
      : [],
  sample: {
    targets: ['demo/echo'],
    schema: { type: 'object', properties: { sentiment: { enum: ['good', 'bad'] } }, required: ['sentiment'] },
  },
})
