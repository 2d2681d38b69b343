// The page docs/nodes.md, from the definitions of the nodes. `npm run registry` writes it.
import { z } from 'zod'
import { definitions } from '#nodes/definitions.ts'
import type { AnyNodeDefinition } from '#shared/flow/definition.ts'
import type { Inlet, Outlet } from '#shared/flow/ports.ts'

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, FieldSchema>>
  readonly required?: readonly string[]
}

interface FieldSchema extends ObjectSchema {
  readonly title?: string
  readonly description?: string
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly anyOf?: readonly FieldSchema[]
  readonly items?: FieldSchema
  readonly additionalProperties?: FieldSchema | boolean
  readonly field?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
}

const families = {
  interface: 'Interface',
  prompt: 'Prompt',
  model: 'Models',
  routing: 'Routing and reliability',
  guardrail: 'Guards',
  control: 'Control and data',
  context: 'Context window',
  tool: 'Tools',
  test: 'Test nodes',
} as const

export function nodeDocs(nodes: readonly AnyNodeDefinition[] = definitions): string {
  const sections = Object.entries(families).flatMap(([family, title]) => {
    const members = nodes.filter((node) => node.family === family)
    return members.length === 0 ? [] : [`## ${title}`, ...members.map(section)]
  })
  return `${[
    '<!-- Written by build/node-docs.ts (npm run registry) from the definitions in nodes/. -->',
    '# Nodes',
    [
      'Ports are those of the sample; many follow the config. `*` marks what is required. Every node but the inputs and',
      'outputs also has the inlet `when` (it runs only if that has a value) and the outlet `error`. How to write a node of',
      'your own: [adding a node](adding-a-node.md).',
    ].join('\n'),
    ...sections,
  ].join('\n\n')}\n`
}

function section(node: AnyNodeDefinition): string {
  const config: unknown = node.config.parse(node.sample ?? {})
  const inputs = typeof node.inputs === 'function' ? node.inputs(config) : node.inputs
  const outputs = typeof node.outputs === 'function' ? node.outputs(config) : node.outputs
  const effects = typeof node.effects === 'function' ? node.effects(config) : node.effects
  return [
    `### ${node.type}`,
    node.summary,
    [
      `- In: ${ports(inputs, inletText)}`,
      `- Out: ${ports(outputs, outletText)}`,
      `- Effects: ${typeof node.effects === 'function' ? `by config (here ${effects})` : effects}`,
    ].join('\n'),
    fieldTable(node),
    `\`\`\`json\n${JSON.stringify({ type: node.type, config: node.sample ?? {} })}\n\`\`\``,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function ports<Port>(
  all: Readonly<Record<string, Port>>,
  text: (name: string, port: Port) => string,
): string {
  const parts = Object.entries(all).map(([name, port]) => text(name, port))
  return parts.length === 0 ? '–' : parts.join(', ')
}

function inletText(name: string, { type, required }: Inlet): string {
  return `\`${name}\`${required ? '*' : ''} (${type})`
}

function outletText(name: string, { type, sameAs, streams }: Outlet): string {
  const kind = sameAs === undefined ? type : `as \`${sameAs}\``
  return `\`${name}\` (${kind}${streams === undefined ? '' : ', streams'})`
}

function fieldTable(node: AnyNodeDefinition): string {
  const rows = [...fieldRows(z.toJSONSchema(node.config, { io: 'input' }) as ObjectSchema, '')]
  return rows.length === 0 ? '' : ['| Field | Type | Default | |', '|---|---|---|---|', ...rows].join('\n')
}

function* fieldRows({ properties = {}, required = [] }: ObjectSchema, path: string): Iterable<string> {
  for (const [name, field] of Object.entries(properties)) {
    const about = [field.title, field.description].filter((text) => text !== undefined).join('. ')
    const otherwise = field.default === undefined ? '' : code(JSON.stringify(field.default))
    const star = required.includes(name) ? '*' : ''
    yield `| \`${path}${name}\`${star} | ${cell(kind(field))} | ${otherwise} | ${cell(about)} |`
    if (path === '') yield* innerRows(field, name)
  }
}

/** What the entries of a map or a list hold. */
function* innerRows({ additionalProperties: entry, items }: FieldSchema, name: string): Iterable<string> {
  const [inner, path] = items ? [items, `${name}[].`] : [entry, `${name}.<name>.`]
  if (typeof inner !== 'object') return
  for (const one of inner.anyOf ?? [inner]) if (one.properties) yield* fieldRows(one, path)
}

function kind(field: FieldSchema): string {
  const { anyOf, const: only, enum: words, field: shown, items, type } = field
  if (words) return words.map((word) => code(String(word))).join(' / ')
  if (only !== undefined) return code(String(only))
  if (anyOf) return [...new Set(anyOf.map(kind))].join(' or ')
  if (type === 'array')
    return `list${items?.enum ? ` of ${kind(items)}` : ''}${range(field.minItems, field.maxItems)}`
  const own = ['schema', 'expression', 'template', 'regex', 'map'].includes(shown ?? '') ? shown : undefined
  if (type === 'string') return `${own ?? 'text'}${range(field.minLength, field.maxLength)}`
  if (type === 'integer') return `whole number${range(field.minimum, field.maximum)}`
  if (type === 'number') return `number${range(field.minimum, field.maximum)}`
  return own ?? (type === 'object' || type === undefined ? 'json' : type)
}

function range(low: number | undefined, high: number | undefined): string {
  const bound = (limit: number | undefined) =>
    limit === undefined || Math.abs(limit) >= Number.MAX_SAFE_INTEGER ? undefined : limit
  const [from, to] = [bound(low), bound(high)]
  if (from === undefined && to === undefined) return ''
  if (to === undefined) return from === 0 ? '' : ` from ${from}`
  return from === undefined ? ` up to ${to}` : ` ${from} to ${to}`
}

function code(text: string): string {
  return `\`${cell(text)}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
