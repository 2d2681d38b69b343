// The rules of guard-rule as they stand in a flow file. Read by the node, built by main/guards.
import { z } from 'zod'

const host = z
  .string()
  .max(253)
  .regex(/^(?:\*\.)?[^\s/:@]+$/, 'a host name such as example.org')
const hosts = z.array(host).max(1_000)
const words = z.array(z.string().min(1).max(200)).max(1_000)
/** Written by people, so lower case and as ISO 639-1. */
const languages = z.array(z.string().regex(/^[a-z]{2}$/, 'a two-letter language code such as en')).max(40)

const pattern = z.strictObject({
  kind: z.literal('pattern'),
  pattern: z.string().min(1).max(4_000).meta({ title: 'Pattern', field: 'regex' }),
  ignore_case: z.boolean().default(false),
  when: z
    .enum(['found', 'missing'])
    .default('found')
    .meta({ description: 'missing: hits where nothing matches.' }),
  exact: z
    .boolean()
    .default(false)
    .meta({ description: 'Look only at the text as written, not behind disguises.' }),
})
const contains = z.strictObject({
  kind: z.literal('contains'),
  words: words.min(1),
  whole_words: z.boolean().default(true),
  exact: z
    .boolean()
    .default(false)
    .meta({ description: 'Look only at the text as written, not behind disguises.' }),
})
const length = z.strictObject({
  kind: z.literal('length'),
  min: z.number().int().min(0).optional(),
  max: z.number().int().min(0).optional(),
  unit: z.enum(['chars', 'words', 'lines']).default('chars'),
})
const language = z.strictObject({
  kind: z.literal('language'),
  allow: languages.optional(),
  deny: languages.optional(),
})
const url = z.strictObject({
  kind: z.literal('url'),
  allow: hosts.default([]).meta({ description: 'Hosts (and those below them) that may stand in the text.' }),
  deny: hosts.optional().meta({ description: 'Only these hosts are hits; allow is then not needed.' }),
})
const link = z.strictObject({
  kind: z.literal('link'),
  allow: hosts.default([]).meta({ description: 'Hosts that links and images may lead to.' }),
  images_only: z.boolean().default(false),
})
const code = z.strictObject({
  kind: z.literal('code'),
  languages: z.array(z.string().min(1).max(40)).max(100).optional().meta({
    description: 'Only fences marked with one of these names; left out: every piece of marked code.',
  }),
})
const secret = z.strictObject({
  kind: z.literal('secret'),
  generic: z.enum(['auto', 'on', 'off']).default('auto').meta({
    description:
      'Passwords and tokens known only by the name beside them. auto: on for answers and tool results.',
  }),
})
const canary = z.strictObject({
  kind: z.literal('canary'),
  protect: z.string().min(8).max(100_000).meta({ description: 'The text that must not leak.' }),
  words: z
    .number()
    .int()
    .min(4)
    .max(50)
    .default(8)
    .meta({ description: 'A run of so many of its words is a leak.' }),
})
const profanity = z.strictObject({
  kind: z.literal('profanity'),
  languages: languages.min(1),
  words: words.default([]).meta({ description: 'Further words.' }),
  except: words.default([]).meta({ description: 'Words of the list that are allowed.' }),
})
const jsonKeys = z.strictObject({
  kind: z.literal('json_keys'),
  required: words.default([]).meta({ description: 'Dotted paths that must be there.' }),
  forbidden: words.default([]).meta({ description: 'Key names that may stand nowhere.' }),
})

export const ruleSchema = z.discriminatedUnion('kind', [
  pattern, contains, length, language, url, link, code, secret, canary, profanity, jsonKeys,
]) // biome-ignore format: one list
export type Rule = z.output<typeof ruleSchema>
export type RuleOf<Kind extends Rule['kind']> = Extract<Rule, { kind: Kind }>

/** Rules that judge the text as a whole: they have no place in it that could be rewritten or held back. */
export function judgesWhole(rule: Rule): boolean {
  return (
    rule.kind === 'length' ||
    rule.kind === 'language' ||
    rule.kind === 'json_keys' ||
    (rule.kind === 'pattern' && rule.when === 'missing')
  )
}

/** Languages the product can tell apart, and those it has a list of profanity for. */
export const knownLanguages = [
  'ar', 'bg', 'cs', 'da', 'de', 'el', 'en', 'es', 'fi', 'fr', 'he', 'hi', 'hu', 'id', 'it', 'ja', 'ko', 'nl', 'no',
  'pl', 'pt', 'ro', 'ru', 'sv', 'th', 'tr', 'uk', 'vi', 'zh',
] as const // biome-ignore format: one list
export const profanityLanguages = ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'pl'] as const

/** What a schema cannot say about a rule, or undefined. */
export function ruleProblem(rule: Rule): string | undefined {
  switch (rule.kind) {
    case 'length':
      if (rule.min === undefined && rule.max === undefined) return 'length needs min or max.'
      return rule.min !== undefined && rule.max !== undefined && rule.min > rule.max
        ? `length can never be met: min ${rule.min} is above max ${rule.max}.`
        : undefined
    case 'language':
      return languageProblem(rule)
    case 'profanity':
      return unknown(rule.languages, profanityLanguages, 'profanity has no list for')
    case 'json_keys':
      return rule.required.length + rule.forbidden.length === 0
        ? 'json_keys needs required or forbidden.'
        : undefined
    case 'url':
      return rule.deny && rule.allow.length > 0 ? 'url takes allow or deny, not both.' : undefined
    default:
      return undefined
  }
}

function languageProblem({ allow, deny }: RuleOf<'language'>): string | undefined {
  if ((allow === undefined) === (deny === undefined)) return 'language takes either allow or deny.'
  return unknown(allow ?? deny ?? [], knownLanguages, 'language cannot recognise')
}

function unknown(asked: readonly string[], known: readonly string[], sentence: string): string | undefined {
  const missing = asked.filter((code) => !known.includes(code))
  return missing.length === 0
    ? undefined
    : `${sentence} ${missing.join(', ')}; known are ${known.join(', ')}.`
}
