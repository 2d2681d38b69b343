import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field } from '#shared/flow/fields.ts'
import { inlet, outlet, type PortType } from '#shared/flow/ports.ts'
import { expressionProblem, maxExpressionChars } from '#shared/text/expression.ts'
import { regexProblem } from '#shared/text/regex.ts'

const modes = ['expression', 'parse_json', 'to_json', 'xml_to_json', 'json_to_xml', 'pattern'] as const
type Mode = (typeof modes)[number]

const types = [
  'text',
  'json',
  'number',
  'boolean',
  'messages',
  'vector',
  'target',
  'list<text>',
  'list<json>',
  'list<number>',
  'list<boolean>',
] as const satisfies readonly PortType[]

/** What a mode gives, its usual type first. */
const given: Readonly<Record<Mode, readonly (typeof types)[number][]>> = {
  expression: ['json', ...types],
  parse_json: [
    'json',
    'list<json>',
    'list<text>',
    'list<number>',
    'list<boolean>',
    'number',
    'boolean',
    'vector',
  ],
  to_json: ['text'],
  xml_to_json: ['json'],
  json_to_xml: ['text'],
  pattern: ['json', 'text', 'list<json>', 'list<text>'],
}

export const transform = defineNode({
  type: 'transform',
  version: 1,
  family: 'control',
  title: 'Transform',
  summary: 'Computes a value, reads or writes JSON and XML, or picks text by a pattern.',
  config: z
    .strictObject({
      mode: field(z.enum(modes).default('expression'), { title: 'Mode', field: 'choice' }),
      expression: field(z.string().min(1).max(maxExpressionChars).exactOptional(), {
        title: 'Expression or pattern',
        description: 'An expression that sees "value" and "vars"; in mode pattern a regular expression.',
        field: 'expression',
      }),
      type: field(z.enum(types).exactOptional(), {
        title: 'Type',
        description:
          'Of the outlet. With a pattern: json is the first match with its groups, text its first group.',
        field: 'type',
      }),
    })
    .superRefine(({ mode, expression, type }, context) => {
      const issue = (path: string, message: string) =>
        context.addIssue({ code: 'custom', path: [path], message })
      const written = mode === 'expression' || mode === 'pattern'
      if (written && expression === undefined) issue('expression', 'is required')
      if (!written && expression !== undefined) issue('expression', `means nothing in mode ${mode}`)
      const problem = mode === 'expression' ? expressionProblem : regexProblem
      const message = written && expression !== undefined ? problem(expression) : undefined
      if (message !== undefined) issue('expression', message)
      if (type !== undefined && !given[mode].includes(type))
        issue('type', `mode ${mode} does not give ${type}`)
    }),
  inputs: {
    value: inlet('any'),
    vars: inlet('json', { required: false, description: 'Further values, seen as "vars".' }),
  },
  outputs: ({ mode, type }) => ({ value: outlet(type ?? given[mode][0] ?? 'json') }),
  card: ['mode', 'expression'],
  effects: 'pure',
  sample: { expression: '$uppercase(value)', type: 'text' },
})
