// Writes data as YAML the way people do: any quoting, any spacing, blank lines, comments, blocks beside braces.
import { plainText, quoted, singleQuoted } from '#main/workspace/yaml-scalar.ts'
import { literal } from '#main/workspace/yaml-write.ts'
import type { Json, JsonObject } from '#shared/json.ts'
import { pick, type Random, shuffled } from '../random/flow.ts'

/** What one author does throughout a file. */
interface Habits {
  readonly indent: number
  /** Columns that the dashes of a list stand right of its key. */
  readonly dash: number
  readonly comments: number
  readonly blanks: number
  readonly quotes: 'plain' | 'single' | 'double' | 'mixed'
  readonly braces: number
}

export function handWritten(random: Random, data: JsonObject): string {
  const habits: Habits = {
    indent: pick(random, [2, 2, 2, 4, 3]),
    dash: pick(random, [0, 2]),
    comments: pick(random, [0, 0.1, 0.3]),
    blanks: pick(random, [0, 0.05, 0.2]),
    quotes: pick(random, ['plain', 'single', 'double', 'mixed']),
    braces: pick(random, [0.1, 0.5, 0.9]),
  }
  const { format, ...rest } = data
  const lines: string[] = random() < 0.3 ? ['# Written by hand', ''] : []
  block({ format: format as Json, ...Object.fromEntries(shuffled(random, Object.entries(rest))) }, 0, {
    random,
    habits,
    lines,
  })
  if (random() < habits.comments) lines.push('# the end')
  return `${lines.join('\n')}\n`
}

interface Pen {
  readonly random: Random
  readonly habits: Habits
  readonly lines: string[]
}

function block(data: Json, column: number, pen: Pen): void {
  const { random, habits, lines } = pen
  const space = ' '.repeat(column)
  const entries: readonly (readonly [string | null, Json])[] = Array.isArray(data)
    ? (data as readonly Json[]).map((value) => [null, value] as const)
    : Object.entries(data as JsonObject)
  entries.forEach(([key, value], index) => {
    if (index > 0 && random() < habits.blanks) lines.push('')
    if (random() < habits.comments) lines.push(`${space}# about ${key ?? 'this'}: ${pick(random, words)}`)
    entry(
      `${space}${key === null ? '-' : `${keyText(key, false, pen)}:`}`,
      value,
      { column, listItem: key === null },
      pen,
    )
  })
}

function entry(head: string, value: Json, place: { column: number; listItem: boolean }, pen: Pen): void {
  const { random, habits, lines } = pen
  const gap = ' '.repeat(random() < 0.1 ? 2 + Math.floor(random() * 3) : 1)
  const beside = random() < habits.comments ? `${gap}  # ${pick(random, words)}` : ''
  if (typeof value !== 'object' || value === null) {
    const text =
      typeof value === 'string' && value.includes('\n') && random() < 0.7
        ? literal(value, place.column + habits.indent)
        : undefined
    // The indicator of the writer counts two columns.
    if (text !== undefined && !/\d/.test(text.header))
      lines.push(`${head}${gap}${text.header}${beside}`, ...text.lines)
    else if (value === null && random() < 0.5) lines.push(head + beside)
    else lines.push(`${head}${gap}${scalar(value, false, pen)}${beside}`)
    return
  }
  const empty = Object.keys(value).length === 0
  if (empty || random() < habits.braces) {
    const inline = flow(value, pen)
    if (empty || inline.length < 120) {
      lines.push(`${head}${gap}${inline}${beside}`)
      return
    }
  }
  if (!Array.isArray(value) && random() < 0.1) {
    const parts = Object.entries(value).map(
      ([key, each]) =>
        `${' '.repeat(place.column + habits.indent)}${keyText(key, true, pen)}: ${flow(each, pen)}`,
    )
    lines.push(
      `${head}${gap}{`,
      parts.join(random() < 0.5 ? ',\n' : ',   # next\n'),
      `${' '.repeat(place.column + 1)}}${beside}`,
    )
    return
  }
  const list = Array.isArray(value)
  const step = list && !place.listItem ? habits.dash : habits.indent
  lines.push(head + beside)
  block(value as Json, place.column + step, pen)
}

function flow(value: Json, pen: Pen): string {
  const { random } = pen
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((item) => flow(item, pen))
    return random() < 0.2 && items.length > 0
      ? `[ ${items.join(' , ')} ]`
      : `[${items.join(', ')}${random() < 0.1 && items.length > 0 ? ',' : ''}]`
  }
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(
      ([key, each]) => `${keyText(key, true, pen)}: ${flow(each as Json, pen)}`,
    )
    return random() < 0.3 ? `{${pairs.join(',')}}` : `{ ${pairs.join(', ')} }`
  }
  return scalar(value as string, true, pen)
}

function scalar(value: string | number | boolean | null, inFlow: boolean, { random, habits }: Pen): string {
  if (value === null) return pick(random, ['null', '~'])
  if (typeof value !== 'string') return JSON.stringify(value)
  const style =
    habits.quotes === 'mixed' ? pick(random, ['plain', 'single', 'double'] as const) : habits.quotes
  if (style === 'plain' && plainText(value, { inFlow, key: false })) return value
  return (style === 'single' ? singleQuoted(value) : undefined) ?? quoted(value)
}

function keyText(key: string, inFlow: boolean, { random, habits }: Pen): string {
  if (plainText(key, { inFlow, key: true }) && !(habits.quotes === 'mixed' && random() < 0.1)) return key
  return quoted(key)
}

const words = [
  'ask Kim',
  'was 0.3 before',
  'see the ticket: #12',
  "don't touch",
  'TODO in spring',
  '{ old: 1 }',
  '"quoted"',
] as const
