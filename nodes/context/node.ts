import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field } from '#shared/flow/fields.ts'
import { outlet } from '#shared/flow/ports.ts'

const facts = ['run.id', 'endpoint.slug', 'label', 'version', 'variant', 'consumer.id', 'now']
const path =
  /^(?:run\.id|endpoint\.slug|label|version|variant|consumer\.id|now|(?:consumer\.tags|metadata|var)\.[A-Za-z_][A-Za-z0-9_-]{0,63}|header\.[a-z0-9-]{1,64})$/

export const context = defineNode({
  type: 'context',
  version: 1,
  family: 'interface',
  title: 'Context',
  summary: 'Gives one fact of the request, read only.',
  config: z.strictObject({
    path: field(
      z.string().regex(path, {
        message: `write ${facts.join(', ')}, consumer.tags.<name>, metadata.<name>, header.<name> or var.<name>`,
      }),
      {
        title: 'Fact',
        description: `One of ${facts.join(', ')}, or a name after consumer.tags, metadata, header or var.`,
        field: 'text',
      },
    ),
    type: field(z.enum(['text', 'number', 'boolean']).default('text'), {
      title: 'Type',
      description: 'Of named values; a version is a number and every other fact a text.',
      field: 'choice',
    }),
  }),
  inputs: {},
  outputs: (config) => ({
    value: outlet(config.path === 'version' ? 'number' : config.path.includes('.') ? config.type : 'text', {
      optional: config.path !== 'run.id' && config.path !== 'now',
    }),
  }),
  card: ['path'],
  effects: 'pure',
  check: ({ path: fact, type }) =>
    facts.includes(fact) && type !== 'text'
      ? [
          {
            field: 'type',
            message: `"${fact}" has its own type; "type" is for metadata, header, var and tags`,
          },
        ]
      : [],
  sample: { path: 'metadata.user_id' },
})
