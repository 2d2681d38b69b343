import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { codeSelectors, field } from '#shared/flow/fields.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'

const milliseconds = z.int().min(1).max(3_600_000)

function ports(tries: number): readonly string[] {
  return Array.from({ length: tries }, (_, index) => `try_${index + 1}`)
}

export const fallback = defineNode({
  type: 'fallback',
  version: 1,
  family: 'routing',
  title: 'Fallback',
  summary: 'Takes the first try that works; each try starts only when the one before it failed.',
  config: z
    .strictObject({
      tries: field(z.int().min(2).max(8).default(2), { title: 'Tries', field: 'number' }),
      advance_on: field(codeSelectors.default(['provider']), {
        title: 'Next try on',
        description: 'Error codes or groups after which the next try starts; any other error ends the node.',
        field: 'codes',
      }),
      first_token_ms: field(milliseconds.exactOptional(), {
        title: 'Wait for the first part',
        description: 'Milliseconds until a try must have given its first part or its whole value.',
        field: 'number',
      }),
      attempt_ms: field(milliseconds.exactOptional(), {
        title: 'Wait for the whole value',
        description: 'Milliseconds until a try must have given its whole value.',
        field: 'number',
      }),
      degraded_from: field(z.int().min(1).max(8).exactOptional(), {
        title: 'Degraded from try',
        description: 'From this try on the run is marked as degraded.',
        field: 'number',
      }),
      restart: field(z.boolean().default(false), {
        title: 'Restart streams',
        description: 'The next try may start after parts were sent; those parts are void then.',
        field: 'boolean',
      }),
    })
    .refine(({ tries, degraded_from = 1 }) => degraded_from <= tries, {
      message: 'there are not so many tries',
      path: ['degraded_from'],
    }),
  inputs: ({ tries }) =>
    Object.fromEntries(
      // Each must be fed; the compiler knows that all but one will be absent.
      ports(tries).map((port) => [port, inlet('any', { gather: 'merge', reads: 'early' })]),
    ),
  outputs: {
    value: outlet('any', { sameAs: 'try_1', streams: 'pass' }),
    which: outlet('number', { description: 'Number of the try that gave the value, from 1.' }),
    attempts: outlet('json', { description: 'How each try went: port, status and error code.' }),
  },
  card: ['tries', 'advance_on'],
  effects: 'pure',
  tries: ({ tries, advance_on, first_token_ms, attempt_ms, degraded_from, restart }) => ({
    ports: ports(tries),
    advanceOn: advance_on,
    restart,
    ...(first_token_ms === undefined ? {} : { firstTokenMs: first_token_ms }),
    ...(attempt_ms === undefined ? {} : { attemptMs: attempt_ms }),
    ...(degraded_from === undefined ? {} : { degradedFrom: degraded_from }),
  }),
  sample: { tries: 3, first_token_ms: 3_000, degraded_from: 3 },
})
