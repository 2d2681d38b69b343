import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field } from '#shared/flow/fields.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'

const name = z
  .string()
  .min(1)
  .max(80)
  .refine((given) => given !== '__proto__', { message: 'is not a name' })

export const join = defineNode({
  type: 'join',
  version: 1,
  family: 'control',
  title: 'Join',
  summary: 'Waits for all inlets and puts their values into one object and one list.',
  config: z.strictObject({
    names: field(
      z
        .array(name)
        .min(1)
        .max(32)
        .refine((names) => new Set(names).size === names.length, { message: 'each name once' })
        .default(['a', 'b']),
      { title: 'Names', description: 'Keys of the object, one per inlet, in order.', field: 'list' },
    ),
    allow_absent: field(z.boolean().default(false), {
      title: 'Allow absent values',
      description:
        'Absent ones are left out of the object and null in the list; otherwise the node is skipped.',
      field: 'boolean',
    }),
  }),
  inputs: ({ names, allow_absent }) =>
    Object.fromEntries(
      names.map((_, index) => [`in_${index + 1}`, inlet('any', { required: !allow_absent })]),
    ),
  outputs: { object: outlet('json'), list: outlet('list<json>') },
  card: ['names'],
  effects: 'pure',
  sample: { names: ['question', 'answer'] },
})
