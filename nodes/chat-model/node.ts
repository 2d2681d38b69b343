import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field } from '#shared/flow/fields.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'
import { modelFields } from '#shared/model/settings.ts'

export const chatModel = defineNode({
  type: 'chat-model',
  version: 1,
  family: 'model',
  title: 'Chat model',
  summary: 'Asks a model; further models of the list take over when one fails.',
  config: z.strictObject({
    ...modelFields,
    response_format: field(z.enum(['text', 'json']).default('text'), {
      title: 'Answer as',
      description: 'Plain text, or text that is one JSON object where the model can promise that.',
      field: 'choice',
    }),
  }),
  inputs: ({ targets }) => ({
    messages: inlet('messages'),
    system: inlet('text', { required: false, description: 'Comes before system text in the messages.' }),
    tools: inlet('tools', { required: false }),
    target: inlet('target', { required: targets.length === 0, description: 'Replaces the list of models.' }),
    params: inlet('json', { required: false, description: 'Overrides settings for this run.' }),
  }),
  outputs: {
    text: outlet('text', { streams: 'source' }),
    message: outlet('messages', { streams: 'source', description: 'The whole answer as one message.' }),
    tool_calls: outlet('list<json>', { optional: true, description: 'Absent when there are none.' }),
    reasoning: outlet('text', { optional: true }),
    finish: outlet('text', { description: 'stop, length, tool_calls or other.' }),
    usage: outlet('json'),
  },
  card: ['targets', 'temperature', 'max_tokens'],
  effects: 'reads',
  upstream: 'model',
  targets: ({ targets }) => targets,
  needs: ({ response_format }) => (response_format === 'json' ? ['json'] : []),
  systemInlets: () => ['system'],
  fences: true,
  sample: { targets: ['demo/echo'], max_tokens: 400 },
})
