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
import { judgesWhole, type Rule, ruleProblem, ruleSchema } from '#shared/guards/rule-config.ts'
import { regexProblem } from '#shared/text/regex.ts'

const config = z.strictObject({
  rules: z.array(ruleSchema).min(1).max(50).meta({ title: 'Rules', field: 'rules' }),
  match: z
    .enum(['any', 'all'])
    .default('any')
    .meta({ title: 'Match', field: 'choice', description: 'How many rules must hit.' }),
  action: z.enum(['block', 'rewrite', 'note']).default('block').meta({
    title: 'Action',
    field: 'choice',
    description: 'block stops the value, rewrite masks the hits, note only writes the verdict.',
  }),
  ...guardFields,
})

export const guardRule = defineNode({
  type: 'guard-rule',
  version: 1,
  family: 'guardrail',
  title: 'Rule guard',
  summary: 'Checks a text with rules that need no model: patterns, words, secrets, links, length and more.',
  config,
  sample: { rules: [{ kind: 'contains', words: ['internal use only'] }] },
  inputs: ({ on_stream }) => ({
    value: inlet('text', { also: ['messages'], reads: on_stream === 'window' ? 'early' : 'whole' }),
  }),
  outputs: ({ on_stream }) =>
    guardOutlets(outlet('text', { sameAs: 'value', ...(on_stream === 'window' ? { streams: 'pass' } : {}) })),
  exclusive: () => guardExclusive,
  unhandled: guardUnhandled,
  card: ['rules', 'action'],
  effects: 'pure',
  check: (settings) => [
    ...guardIssues(settings),
    ...settings.rules.flatMap(ruleIssues),
    ...combined(settings),
  ],
})

function ruleIssues(rule: Rule, index: number): readonly ConfigIssue[] {
  const message =
    ruleProblem(rule) ??
    (rule.kind === 'pattern' ? regexProblem(rule.pattern, rule.ignore_case ? 'i' : '') : undefined)
  return message === undefined ? [] : [{ field: `rules.${index}`, message }]
}

/** What rules about the text as a whole cannot do: they have no place in it. */
function combined({ rules, match, action, on_stream }: z.output<typeof config>): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = []
  rules.forEach((rule, index) => {
    if (!judgesWhole(rule)) return
    const field = `rules.${index}`
    const name = rule.kind === 'pattern' ? 'pattern with when: missing' : rule.kind
    if (action === 'rewrite')
      issues.push({
        field,
        message: `${name} cannot be rewritten: it judges the text as a whole. Use block or note.`,
      })
    if (on_stream === 'window')
      issues.push({ field, message: `${name} needs the whole text: set on_stream to whole.` })
  })
  if (match === 'all' && rules.length > 1 && on_stream === 'window')
    issues.push({
      field: 'match',
      message:
        'all needs the whole text: the first hit would have left before the last one is seen. Set on_stream to whole.',
    })
  return issues
}
