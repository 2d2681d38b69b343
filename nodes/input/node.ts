import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field, jsonValue, portName, schemaValue, valueTypes } from '#shared/flow/fields.ts'
import { outlet, type PortType } from '#shared/flow/ports.ts'
import type { Json } from '#shared/json.ts'

/** Words that the request of a chat flow uses itself. */
const reserved = ['messages', 'tools', 'params']

const inputField = z
  .strictObject({
    type: field(valueTypes, { title: 'Type', field: 'type' }),
    required: field(z.boolean().default(true), {
      title: 'Required',
      description: 'Without it a request that leaves the field out is refused.',
      field: 'boolean',
    }),
    default: field(jsonValue.exactOptional(), {
      title: 'Default',
      description: 'Taken when a request leaves the field out.',
      field: 'json',
    }),
    schema: field(schemaValue.exactOptional(), {
      title: 'Schema',
      description: 'JSON Schema that the value must fit.',
      field: 'schema',
    }),
    description: field(z.string().max(2_000).exactOptional(), { title: 'Description', field: 'text' }),
    sample: field(jsonValue.exactOptional(), {
      title: 'Sample',
      description: 'Fills the try form and the docs.',
      field: 'json',
    }),
    local_only: field(z.boolean().default(false), {
      title: 'Stays on this machine',
      description: 'May reach no remote model or host.',
      field: 'boolean',
    }),
  })
  .superRefine((value, context) => {
    for (const key of ['default', 'sample'] as const) {
      const given = value[key]
      if (given !== undefined && !fits(given, value.type))
        context.addIssue({ code: 'custom', path: [key], message: `is not of type ${value.type}` })
    }
  })

const fieldName = portName.refine((name) => !reserved.includes(name), {
  message: `${reserved.join(', ')} are taken by chat requests`,
})

export const input = defineNode({
  type: 'input',
  version: 1,
  family: 'interface',
  title: 'Input',
  summary: 'Takes the fields of a request; each becomes an outlet.',
  config: z.strictObject({
    fields: field(
      z
        .record(fieldName, inputField)
        .refine((fields) => Object.keys(fields).length <= 64, { message: 'at most 64 fields' })
        .default({}),
      { title: 'Fields', description: 'What a request must and may hold.', field: 'map' },
    ),
  }),
  inputs: {},
  outputs: ({ fields }) =>
    Object.fromEntries(
      Object.entries(fields).map(([name, { type, schema, description }]) => [
        name,
        outlet(type, {
          ...(schema === undefined ? {} : { schema }),
          ...(description === undefined ? {} : { description }),
        }),
      ]),
    ),
  card: ['fields'],
  effects: 'pure',
  common: { when: false, error: false },
  request: ({ fields }) => ({ kind: 'fields', fields }),
  sample: { fields: { question: { type: 'text', sample: 'Where is my parcel?' } } },
})

function fits(value: Json, type: PortType): boolean {
  const items = /^list<(.*)>$/.exec(type)?.[1]
  if (items !== undefined)
    return Array.isArray(value) && value.every((item: Json) => fits(item, items as PortType))
  switch (type) {
    case 'text':
      return typeof value === 'string'
    case 'number':
    case 'boolean':
      return typeof value === type
    case 'messages':
    case 'vector':
      return Array.isArray(value)
    case 'json':
      return true
    default:
      return typeof value === 'object' && value !== null && !Array.isArray(value)
  }
}
