import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field, portName, stickyText } from '#shared/flow/fields.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'

export const abSplit = defineNode({
  type: 'ab-split',
  version: 1,
  family: 'routing',
  title: 'A/B split',
  summary: 'Sends each run down one of several arms, by weight.',
  config: z.strictObject({
    arms: field(
      z
        .record(portName, z.number().min(0).max(1_000_000))
        .refine((arms) => Object.keys(arms).length >= 2 && Object.keys(arms).length <= 8, {
          message: '2 to 8 arms',
        })
        .refine((arms) => Object.values(arms).some((weight) => weight > 0), {
          message: 'at least one arm must have a weight above 0',
        })
        .default({ a: 1, b: 1 }),
      { title: 'Arms', description: 'Each name is an outlet; its number is its weight.', field: 'map' },
    ),
    sticky: field(stickyText.exactOptional(), {
      title: 'Same arm for the same',
      description: 'metadata.<name> or consumer.id; without it each run is drawn anew.',
      field: 'text',
    }),
    salt: field(z.string().max(200).exactOptional(), {
      title: 'Salt',
      description: 'Splits with the same salt draw alike; by default each node draws on its own.',
      field: 'text',
    }),
  }),
  inputs: { value: inlet('any', { reads: 'early' }) },
  outputs: ({ arms }) =>
    Object.fromEntries(
      Object.keys(arms).map((arm) => [arm, outlet('any', { sameAs: 'value', streams: 'pass' })]),
    ),
  card: ['arms'],
  effects: 'pure',
  exclusive: ({ arms }) => [Object.keys(arms)],
  arms: ({ arms }) => Object.keys(arms),
  sample: { arms: { control: 90, shorter: 10 }, sticky: 'metadata.user_id' },
})
