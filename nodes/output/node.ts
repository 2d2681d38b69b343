import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field, portName, schemaValue, valueTypes } from '#shared/flow/fields.ts'
import { inlet } from '#shared/flow/ports.ts'

export const output = defineNode({
  type: 'output',
  version: 1,
  family: 'interface',
  title: 'Output',
  summary: 'Gives one field of the answer.',
  config: z.strictObject({
    field: field(portName.default('answer'), {
      title: 'Field',
      description: 'Its name in the answer.',
      field: 'text',
    }),
    type: field(valueTypes.default('text'), { title: 'Type', field: 'type' }),
    schema: field(schemaValue.exactOptional(), {
      title: 'Schema',
      description: 'JSON Schema that the value must fit; an answer with a schema is not streamed.',
      field: 'schema',
    }),
    required: field(z.boolean().default(true), {
      title: 'Required',
      description: 'A run that ends without this value fails with no_value.',
      field: 'boolean',
    }),
    stream: field(z.boolean().default(true), {
      title: 'Stream',
      description: 'Pass text on as it arrives when the caller asks for a stream.',
      field: 'boolean',
    }),
    main: field(z.boolean().default(false), {
      title: 'Main field',
      description: 'What chat surfaces answer with; needed when there are several outputs.',
      field: 'boolean',
    }),
    share: field(z.boolean().default(true), {
      title: 'Share',
      description: 'Off: the value stands in the log only.',
      field: 'boolean',
    }),
  }),
  inputs: ({ type, schema, stream }) => {
    const early = stream && schema === undefined && (type === 'text' || type === 'messages')
    return { value: inlet(type, { gather: 'merge', reads: early ? 'early' : 'whole' }) }
  },
  outputs: {},
  card: ['field', 'type'],
  effects: 'pure',
  common: { when: true, error: false },
  answer: ({ field: name, type, schema, required, stream, main, share }) => ({
    field: name,
    type,
    required,
    stream,
    main,
    share,
    ...(schema === undefined ? {} : { schema }),
  }),
  sample: { field: 'answer', type: 'text' },
})
