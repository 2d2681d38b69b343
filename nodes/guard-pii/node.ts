import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'
import {
  type ConfigIssue,
  guardExclusive,
  guardFields,
  guardIssues,
  guardOutlets,
  guardUnhandled,
} from '#shared/guards/config.ts'
import {
  defaultPiiKinds,
  defaultPiiRegions,
  piiChecksums,
  piiKinds,
  piiRegions,
} from '#shared/guards/pii-config.ts'
import { builtInTokens, compact } from '#shared/guards/tokens.ts'
import { regexProblem } from '#shared/text/regex.ts'

const custom = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z](?:[a-z_]{0,38}[a-z])?$/, 'small letters and _ only, as in customer_number')
    .meta({ description: 'Names the token: customer_number gives [CUSTOMER_NUMBER_1].' }),
  pattern: z.string().min(1).max(4_000).meta({ field: 'regex' }),
  checksum: z.enum(piiChecksums).optional(),
  context: z.array(z.string().min(1).max(100)).max(200).optional().meta({
    description: 'One of these words must stand within five words of the hit.',
  }),
})

const config = z.strictObject({
  kinds: z
    .array(z.enum(piiKinds))
    .max(piiKinds.length)
    .default([...defaultPiiKinds])
    .meta({
      title: 'Kinds',
      field: 'list',
      description: 'What to look for. Names and addresses need a model and are not covered.',
    }),
  regions: z
    .array(z.enum(piiRegions))
    .max(piiRegions.length)
    .default([...defaultPiiRegions])
    .meta({
      title: 'Regions',
      field: 'list',
      description: 'Countries whose phone numbers and national ids are known.',
    }),
  custom: z.array(custom).max(50).default([]).meta({ title: 'Own kinds', field: 'list' }),
  reversible: z.boolean().default(true).meta({
    title: 'Reversible',
    field: 'boolean',
    description: 'Gives the map with which unmask puts the originals back.',
  }),
  action: z.enum(['block', 'rewrite', 'note']).default('rewrite').meta({
    title: 'Action',
    field: 'choice',
    description: 'rewrite puts a token in place of each item.',
  }),
  ...guardFields,
})

export const guardPii = defineNode({
  type: 'guard-pii',
  version: 1,
  family: 'guardrail',
  title: 'Personal data guard',
  summary: 'Replaces mail addresses, phone, card and account numbers and other personal data by tokens.',
  config,
  inputs: ({ on_stream }) => ({
    value: inlet('text', { also: ['messages'], reads: on_stream === 'window' ? 'early' : 'whole' }),
  }),
  outputs: ({ on_stream, action, reversible }) => ({
    ...guardOutlets(
      outlet('text', { sameAs: 'value', ...(on_stream === 'window' ? { streams: 'pass' } : {}) }),
    ),
    ...(action === 'rewrite' && reversible
      ? {
          map: outlet('json', {
            secret: true,
            description: 'Tokens and what they stand for; only for unmask.',
          }),
        }
      : {}),
  }),
  exclusive: () => guardExclusive,
  unhandled: guardUnhandled,
  card: ['kinds', 'action'],
  effects: 'pure',
  check: (settings) => [...guardIssues(settings), ...kindIssues(settings), ...customIssues(settings)],
})

type Config = z.output<typeof config>

function kindIssues({ kinds, custom: own }: Config): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = []
  if (kinds.includes('name'))
    issues.push({ field: 'kinds', message: 'name is not covered: names and addresses need a model.' })
  if (kinds.includes('custom') && own.length === 0)
    issues.push({ field: 'custom', message: 'custom is asked for, but no pattern is given.' })
  if (kinds.length === 0 && own.length === 0)
    issues.push({
      field: 'kinds',
      message: 'The guard looks for nothing: name a kind or a pattern of your own.',
    })
  return issues
}

function customIssues({ custom: own }: Config): readonly ConfigIssue[] {
  const taken = new Set(builtInTokens.map(compact))
  return own.flatMap(({ name, pattern }, index): readonly ConfigIssue[] => {
    const field = `custom.${index}`
    const problem = regexProblem(pattern)
    if (problem !== undefined) return [{ field: `${field}.pattern`, message: problem }]
    const token = compact(name)
    if (taken.has(token))
      return [{ field: `${field}.name`, message: `"${name}" is already the name of a kind.` }]
    taken.add(token)
    return []
  })
}
