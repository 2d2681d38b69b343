import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field, jsonValue, portName, templateText } from '#shared/flow/fields.ts'
import { outlet, type PortType } from '#shared/flow/ports.ts'
import { portNamePattern, promptRefPattern } from '#shared/flow/schema.ts'
import { templateInlets } from '#shared/flow/template-inlets.ts'
import type { Prompt } from '#shared/flow/types.ts'
import { templateVariables } from '#shared/text/template.ts'

const showable = [
  'text',
  'json',
  'number',
  'boolean',
  'list<text>',
  'list<json>',
  'list<number>',
  'list<boolean>',
] as const

const block = z.strictObject({
  role: field(z.enum(['system', 'user', 'assistant', 'tool']), { title: 'Role', field: 'choice' }),
  text: field(templateText, { title: 'Text', field: 'template' }),
})
const variable = z.strictObject({
  type: field(z.enum(showable).default('text'), { title: 'Type', field: 'type' }),
  default: field(jsonValue.exactOptional(), { title: 'Default', field: 'json' }),
  description: field(z.string().max(2_000).exactOptional(), { title: 'Description', field: 'text' }),
})
const source = {
  prompt: field(
    z.string().regex(promptRefPattern, { message: 'write name@version or name@label' }).exactOptional(),
    {
      title: 'Prompt',
      description: 'A prompt of the workspace, as name@version or name@label.',
      field: 'prompt',
    },
  ),
  blocks: field(z.array(block).min(1).max(64).exactOptional(), {
    title: 'Blocks',
    description: 'The messages, written here; each text is a template whose variables are inlets.',
    field: 'blocks',
  }),
  variables: field(z.record(z.string().regex(portNamePattern), variable).exactOptional(), {
    title: 'Variables',
    description: 'Types and defaults of variables of the blocks; others take any text or data.',
    field: 'map',
  }),
}
const variant = z
  .strictObject({
    ...source,
    weight: field(z.number().min(0).max(1_000_000).default(1), {
      title: 'Weight',
      description: 'Share of the runs, against the weights of the other variants.',
      field: 'number',
    }),
    on: field(z.boolean().default(true), { title: 'On', field: 'boolean' }),
  })
  .refine(hasOneSource, { message: 'needs either a prompt or blocks', path: ['prompt'] })

const config = z
  .strictObject({
    ...source,
    variants: field(
      z
        .record(portName, variant)
        .refine((variants) => Object.keys(variants).length <= 16, { message: 'at most 16 variants' })
        .exactOptional(),
      {
        title: 'Variants',
        description:
          'Other wordings: each run takes one, by weight. The prompt above stands in when none is on.',
        field: 'map',
      },
    ),
  })
  .refine((given) => hasOneSource(given) || (!hasAnySource(given) && chosen(given).length > 0), {
    message: 'needs either a prompt, blocks, or a variant that is on',
    path: ['prompt'],
  })

type Source = { readonly prompt?: unknown; readonly blocks?: unknown }
type Config = z.output<typeof config>

function hasOneSource(given: Source): boolean {
  return (given.prompt === undefined) !== (given.blocks === undefined)
}

function hasAnySource(given: Source): boolean {
  return given.prompt !== undefined || given.blocks !== undefined
}

function chosen({
  variants,
}: {
  variants?: Readonly<Record<string, { on: boolean; weight: number }>> | undefined
}) {
  return Object.entries(variants ?? {}).filter(([, { on, weight }]) => on && weight > 0)
}

/** Everything that a run may take: the variants that are on, else the prompt itself. */
function choices(given: Config): readonly Pick<Config, 'blocks' | 'variables'>[] {
  const variants = chosen(given).map(([name]) => given.variants?.[name] ?? {})
  return variants.length > 0 ? variants : [given]
}

export const prompt = defineNode({
  type: 'prompt',
  version: 1,
  family: 'prompt',
  title: 'Prompt',
  summary: 'Makes the messages for a model out of a prompt and its variables.',
  config,
  inputs: (given) => {
    const variables = choices(given).flatMap(({ blocks, variables: declared = {} }) =>
      (blocks ?? []).flatMap(({ text }) =>
        templateVariables(text).map(({ name, required }) => ({
          name,
          required: required && declared[name]?.default === undefined,
        })),
      ),
    )
    return templateInlets(
      variables,
      Object.assign({}, ...choices(given).map((choice) => withoutDefaults(choice.variables))),
    )
  },
  outputs: { messages: outlet('messages') },
  card: ['prompt', 'blocks'],
  effects: 'pure',
  fences: true,
  prompts: ({ prompt: own, variants }) => [
    ...(own === undefined ? [] : [{ ref: own, field: 'prompt' }]),
    ...Object.entries(variants ?? {}).flatMap(([name, { prompt: ref }]) =>
      ref === undefined ? [] : [{ ref, field: `variants.${name}.prompt` }],
    ),
  ],
  link: ({ variants = {}, ...own }, resolve) => {
    const wordings = Object.entries(variants).map(([name, given]) => [name, linked(given, resolve)] as const)
    return {
      ...linked(own, resolve),
      ...(wordings.length === 0 ? {} : { variants: Object.fromEntries(wordings) }),
    }
  },
  systemInlets: (given) => [
    ...new Set(
      choices(given).flatMap(({ blocks }) =>
        (blocks ?? [])
          .filter(({ role }) => role === 'system' || role === 'assistant')
          .flatMap(({ text }) => templateVariables(text).map(({ name }) => name)),
      ),
    ),
  ],
  arms: (given) => chosen(given).map(([name]) => name),
  check: (given) => [
    ...unused(given, ''),
    ...Object.entries(given.variants ?? {}).flatMap(([name, variant]) =>
      unused(variant, `variants.${name}.`),
    ),
  ],
  sample: {
    blocks: [
      {
        role: 'system',
        text: 'You help customers of a parcel service. Be {{ tone | default: "friendly" }} and brief.',
      },
      { role: 'user', text: '{{ question }}' },
    ],
  },
})

type Linkable = Pick<Config, 'prompt' | 'blocks' | 'variables'>

/** The blocks of a referenced prompt stand in for the reference; its samples are for the studio. */
function linked<Given extends Linkable>(given: Given, resolve: (ref: string) => Prompt): Given {
  if (given.prompt === undefined) return given
  const { prompt: ref, ...rest } = given
  const found = resolve(ref)
  const variables = Object.fromEntries(
    Object.entries(found.variables).map(([name, { type, default: value, description }]) => [
      name,
      {
        type: showable.find((known) => known === type) ?? 'json',
        ...(value === undefined ? {} : { default: value }),
        ...(description === undefined ? {} : { description }),
      },
    ]),
  )
  return { ...rest, blocks: [...found.blocks], variables } as unknown as Given
}

function withoutDefaults(
  variables: Config['variables'],
): Record<string, { type: PortType; description?: string }> {
  return Object.fromEntries(
    Object.entries(variables ?? {}).map(([name, { default: _default, ...declared }]) => [name, declared]),
  )
}

function unused({ variables, blocks }: Pick<Config, 'variables' | 'blocks'>, at: string) {
  if (blocks === undefined) return []
  const used = new Set(blocks.flatMap(({ text }) => templateVariables(text).map(({ name }) => name)))
  return Object.keys(variables ?? {})
    .filter((name) => !used.has(name))
    .map((name) => ({ field: `${at}variables.${name}`, message: `no block uses "${name}"` }))
}
