// The made-up node types as the generator of random flows takes them.
import type { AnyNodeDefinition, Ports } from '#shared/flow/definition.ts'
import type { Inlet, Outlet } from '#shared/flow/ports.ts'
import type { JsonObject } from '#shared/json.ts'
import { type Kind, pick, type Random, whole } from '../random/flow.ts'
import { madeUp } from './definitions.ts'

const configs: Readonly<Record<string, (random: Random) => JsonObject | undefined>> = {
  input: (random) => ({
    fields: {
      question: { type: 'text' },
      rows: { type: 'json', required: random() < 0.5 },
      constructor: { type: 'number', required: false, local_only: random() < 0.2 },
    },
  }),
  prompt: () => ({ blocks: [{ role: 'user', text: '{{ question }}' }] }),
  template: (random) => ({ text: pick(random, ['Sorry.', '{{ value }}', '{{ a }} and {{ b }}']) }),
  'chat-model': () => ({ targets: ['demo/echo'] }),
  if: () => ({}),
  switch: (random) => ({
    cases: Object.fromEntries(
      ['constructor', 'big', 'small'].slice(0, whole(random, 1, 3)).map((name) => [name, { equals: name }]),
    ),
  }),
  guard: (random) => (random() < 0.5 ? undefined : { on_stream: 'window' }),
  coalesce: (random) => (random() < 0.5 ? undefined : { count: 3 }),
  fallback: (random) => ({ tries: whole(random, 2, 3), advance_on: ['any'] }),
  join: (random) => (random() < 0.5 ? undefined : { names: ['only'] }),
  http: (random) => ({ url: 'https://a.test/', effect: pick(random, ['reads', 'writes']) }),
  first: () => undefined,
  transform: (random) => ({ type: pick(random, ['text', 'json', 'number']) }),
  'error-output': () => undefined,
  output: () => undefined,
}

export const madeUpKinds: readonly Kind[] = Object.entries(configs).flatMap(([type, config]) => {
  const definition = madeUp.find((one) => one.type === type)
  return definition ? [kindOf(definition, config)] : []
})

function kindOf(definition: AnyNodeDefinition, config: Kind['config']): Kind {
  return {
    type: definition.type,
    config,
    inlets: (given) =>
      map(portsOf<Inlet>(definition.inputs, definition, given), ({ type, required, gather }) => ({
        type,
        required,
        many: gather !== 'one',
      })),
    outlets: (given) => map(portsOf<Outlet>(definition.outputs, definition, given), ({ type }) => type),
  }
}

/** None for a config that the type refuses. */
function portsOf<P>(
  ports: Ports<P> | ((config: unknown) => Ports<P>),
  definition: AnyNodeDefinition,
  config: JsonObject,
): Ports<P> {
  if (typeof ports !== 'function') return ports
  const read = definition.config.safeParse(config)
  return read.success ? ports(read.data) : {}
}

function map<P, Q>(ports: Ports<P>, change: (port: P) => Q): Record<string, Q> {
  return Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, change(port)]))
}
