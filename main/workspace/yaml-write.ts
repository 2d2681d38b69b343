// Writes values in canonical form (flow-file.md 1.6): two spaces, no folding, quotes only where needed, texts with a line
// break as `|` blocks, maps that fit in one line of 100 characters.
import type { Json } from '#shared/json.ts'
import { plainText, quoted } from './yaml-scalar.ts'

/** A value with its comments; what is read from a file, put in order and written. */
export type Written = WrittenScalar | WrittenMap | WrittenList
export interface WrittenScalar {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
}
export interface WrittenMap {
  readonly kind: 'map'
  readonly entries: readonly WrittenEntry[]
  /** One entry in each line even where all would fit in one. */
  readonly block?: boolean
}
export interface WrittenList {
  readonly kind: 'list'
  readonly entries: readonly WrittenEntry[]
  readonly block?: boolean
}
export interface WrittenEntry {
  /** Empty in lists. */
  readonly key: string
  readonly value: Written
  /** Whole comment lines above, each with its `#`. */
  readonly above?: readonly string[]
  /** The comment at the end of the line, with its `#`. */
  readonly beside?: string
  /** Whole comment lines after it, where nothing follows that they could belong to. */
  readonly below?: readonly string[]
}

export const lineWidth = 100

export function fromData(data: Json): Written {
  if (Array.isArray(data)) {
    return {
      kind: 'list',
      entries: (data as readonly Json[]).map((value) => ({ key: '', value: fromData(value) })),
    }
  }
  if (typeof data === 'object' && data !== null) {
    const entries = Object.entries(data).map(([key, value]) => ({ key, value: fromData(value) }))
    return { kind: 'map', entries }
  }
  return { kind: 'scalar', value: data as WrittenScalar['value'] }
}

export function toData(value: Written): Json {
  switch (value.kind) {
    case 'scalar':
      return value.value
    case 'list':
      return value.entries.map((entry) => toData(entry.value))
    case 'map':
      return Object.fromEntries(value.entries.map((entry) => [entry.key, toData(entry.value)]))
  }
}

/** The lines of a document, without the final line break. */
export function documentLines(root: Written): string[] {
  const lines: string[] = []
  if (root.kind === 'scalar' || root.entries.length === 0) lines.push(scalarOrEmpty(root))
  else writeEntries(root, 0, lines)
  return lines
}

/** The value behind `key:` or `-` at `indent`: the rest of that line, then whole lines. */
export function valueLines(value: Written, indent: number, before: number, beside = ''): string[] {
  const lines: string[] = []
  writeValue({ value, indent, head: ' '.repeat(before), beside: beside === '' ? '' : ` ${beside}` }, lines)
  const [first = '', ...rest] = lines
  return [first.slice(before), ...rest]
}

function writeEntries(
  parent: WrittenMap | WrittenList,
  indent: number,
  lines: string[],
  firstHead?: string,
): void {
  parent.entries.forEach((entry, index) => {
    const space = ' '.repeat(indent)
    for (const comment of entry.above ?? []) lines.push(space + comment)
    const start = index === 0 && firstHead !== undefined ? firstHead : space
    const head = parent.kind === 'map' ? `${start}${keyText(entry.key, false)}:` : `${start}-`
    const beside = entry.beside === undefined ? '' : ` ${entry.beside}`
    writeValue({ value: entry.value, indent, head, beside, item: parent.kind === 'list' }, lines)
    for (const comment of entry.below ?? []) lines.push(space + comment)
  })
}

interface Line {
  readonly value: Written
  /** Column of the key or dash. */
  readonly indent: number
  /** The line up to the colon or dash. */
  readonly head: string
  /** A comment with the space before it, or nothing. */
  readonly beside: string
  readonly item?: boolean
}

function writeValue({ value, indent, head, beside, item = false }: Line, lines: string[]): void {
  if (value.kind === 'scalar') {
    const block = typeof value.value === 'string' ? literal(value.value, indent + 2) : undefined
    if (block === undefined) lines.push(`${head} ${scalarText(value.value, false)}${beside}`)
    else lines.push(`${head} ${block.header}${beside}`, ...block.lines)
    return
  }
  const inline = value.block === true && value.entries.length > 0 ? undefined : inlineText(value)
  if (inline !== undefined && (value.entries.length === 0 || head.length + 1 + inline.length <= lineWidth)) {
    lines.push(`${head} ${inline}${beside}`)
    return
  }
  // `- key: value` saves a line, but has no room for comments above the first key.
  if (item && value.kind === 'map' && beside === '' && value.entries[0]?.above === undefined) {
    writeEntries(value, indent + 2, lines, `${head} `)
    return
  }
  lines.push(head + beside)
  writeEntries(value, indent + 2, lines)
}

/** The value in one line, or undefined when it cannot be: comments, texts with line breaks, lists of one per line. */
export function inlineText(value: Written): string | undefined {
  if (value.kind === 'scalar') {
    const multiline = typeof value.value === 'string' && literal(value.value, 0) !== undefined
    return multiline ? undefined : scalarText(value.value, true)
  }
  const parts: string[] = []
  for (const entry of value.entries) {
    if (entry.above ?? entry.beside ?? entry.below) return undefined
    const { value: child } = entry
    const text =
      child.kind !== 'scalar' && child.block && child.entries.length > 0 ? undefined : inlineText(child)
    if (text === undefined) return undefined
    parts.push(value.kind === 'map' ? `${keyText(entry.key, true)}: ${text}` : text)
  }
  if (parts.length === 0) return value.kind === 'map' ? '{}' : '[]'
  return value.kind === 'map' ? `{ ${parts.join(', ')} }` : `[${parts.join(', ')}]`
}

/** Always in one line, for places inside a `{ … }`: line breaks become escapes and comments are left out. */
export function flowText(value: Written): string {
  if (value.kind === 'scalar') return scalarText(value.value, true)
  const parts = value.entries.map((entry) =>
    value.kind === 'map' ? `${keyText(entry.key, true)}: ${flowText(entry.value)}` : flowText(entry.value),
  )
  if (parts.length === 0) return value.kind === 'map' ? '{}' : '[]'
  return value.kind === 'map' ? `{ ${parts.join(', ')} }` : `[${parts.join(', ')}]`
}

function scalarOrEmpty(value: Written): string {
  return value.kind === 'scalar' ? scalarText(value.value, false) : value.kind === 'map' ? '{}' : '[]'
}

export function keyText(key: string, inFlow: boolean): string {
  return plainText(key, { inFlow, key: true }) ? key : quoted(key)
}

export function scalarText(value: WrittenScalar['value'], inFlow: boolean): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  return plainText(value, { inFlow, key: false }) ? value : quoted(value)
}

/** A text with line breaks as a `|` block at `indent`; undefined where only quotes keep it exactly. */
export function literal(text: string, indent: number): { header: string; lines: string[] } | undefined {
  if (!text.includes('\n') || !/[^\n ]/.test(text)) return undefined
  // Lines of spaces alone at either end are not kept by a block, nor are characters that only an escape can hold.
  if (
    /^\n* +\n/.test(text) ||
    /\n +\n*$/.test(text) ||
    !/^[\n\t\x20-\x7E\u00A0-\uD7FF\uE000-\uFEFE\uFF00-\uFFFD\u{10000}-\u{10FFFF}]*$/u.test(text)
  ) {
    return undefined
  }
  if (/[\u2028\u2029]/.test(text)) return undefined
  const body = text.replace(/\n+$/, '')
  const breaks = text.length - body.length
  const chomp = breaks === 0 ? '-' : breaks === 1 ? '' : '+'
  const space = ' '.repeat(indent)
  const lines = body.split('\n').map((line) => (line === '' ? '' : space + line))
  for (let i = 1; i < breaks; i += 1) lines.push('')
  return { header: `|${/^\n* /.test(text) ? '2' : ''}${chomp}`, lines }
}
