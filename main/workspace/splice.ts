// Single cuts into a YAML text: one value replaced, one entry added, one taken out, and nothing else touched.
import { lineEnd, lineStart } from './positions.ts'
import type { Shape } from './shapes.ts'
import { quoted, singleQuoted } from './yaml-scalar.ts'
import {
  type DocumentPath,
  entryAt,
  nodeAt,
  type YamlItem,
  type YamlList,
  type YamlMap,
  type YamlNode,
  type YamlPair,
} from './yaml-tree.ts'
import { flowText, keyText, valueLines, type Written } from './yaml-write.ts'

type Entry = YamlPair | YamlItem
type Holder = YamlMap | YamlList

/** An entry and what it stands in. */
interface Site {
  readonly holder: Holder
  readonly entry: Entry
  readonly index: number
}

function siteOf(root: YamlNode, path: DocumentPath): Site | undefined {
  const holder = nodeAt(root, path.slice(0, -1))
  const entry = entryAt(root, path)
  if (entry === undefined || holder === undefined || holder.kind === 'scalar') return undefined
  const entries: readonly Entry[] = holder.kind === 'map' ? holder.pairs : holder.items
  return { holder, entry, index: entries.indexOf(entry) }
}

export function* replaceValue(
  text: string,
  root: YamlNode,
  path: DocumentPath,
  value: Written,
): Generator<string> {
  const site = siteOf(root, path)
  if (site === undefined) return
  const { entry, holder } = site
  const old = entry.value
  if (holder.flow) {
    yield splice(
      text,
      old.start,
      old.end,
      separated(text, entry, styled(old, value, true) ?? flowText(value)),
    )
    return
  }
  const own = styled(old, value, false)
  if (own !== undefined) yield inPlace(text, entry, [` ${own}`])
  yield inPlace(
    text,
    entry,
    valueLines(value, column(text, entry.start), afterHead(entry) - lineStart(text, entry.start)),
  )
  yield inPlace(text, entry, [` ${flowText(value)}`])
}

/** The value text with what must stand before it where there was no value yet. */
function separated(text: string, entry: Entry, value: string): string {
  if (!isEmpty(entry.value)) return value
  if (!('key' in entry)) return value
  return entry.colonEnd === entry.keyEnd
    ? `: ${value}`
    : text[entry.colonEnd - 1] === ':'
      ? ` ${value}`
      : value
}

/** Replaces a value in a block map or list: `lines` as of `valueLines`. Comments on its first line stay. */
function inPlace(text: string, entry: Entry, lines: readonly string[]): string {
  const { value } = entry
  const [first = '', ...rest] = lines
  const head = afterHead(entry)
  const spread = value.kind === 'scalar' ? value.style === 'literal' || value.style === 'folded' : !value.flow
  const below = rest.map((line) => `\n${line}`).join('')
  if (isEmpty(value)) {
    const end = lineEnd(text, head)
    return text.slice(0, head) + first + text.slice(head, end) + below + text.slice(end)
  }
  if (!spread) {
    const end = lineEnd(text, value.end)
    const gap = first === '' ? '' : text.slice(head, value.start) + first.slice(1)
    return text.slice(0, head) + gap + text.slice(value.end, end) + below + text.slice(end)
  }
  const headLine = text.slice(head, Math.min(lineEnd(text, head), text.length))
  const comment = /(?:^|\s)(#.*)$/.exec(headLine)?.[1]
  return (
    text.slice(0, head) +
    first +
    (comment === undefined ? '' : ` ${comment.trimEnd()}`) +
    below +
    text.slice(value.end)
  )
}

/** Text in the quotes that it had before, where they can hold it in one line. */
function styled(old: YamlNode, value: Written, inFlow: boolean): string | undefined {
  if (old.kind !== 'scalar' || value.kind !== 'scalar' || typeof value.value !== 'string') return undefined
  if (value.value.includes('\n') && !inFlow) return undefined
  if (old.style === 'double') return quoted(value.value)
  return old.style === 'single' ? singleQuoted(value.value) : undefined
}

export interface Addition {
  /** Of the map or list. */
  readonly path: DocumentPath
  /** For a list the index to stand at; its length adds at the end. */
  readonly key: string | number
  readonly value: Written
  /** Of the map or list. */
  readonly shape: Shape
}

export function* addEntry(
  text: string,
  root: YamlNode,
  { path, key, value, shape }: Addition,
): Generator<string> {
  const holder = nodeAt(root, path)
  if (holder === undefined) return
  const count = holder.kind === 'map' ? holder.pairs.length : holder.kind === 'list' ? holder.items.length : 0
  if (holder.kind === 'scalar' || count === 0) {
    const whole: Written =
      typeof key === 'number'
        ? { kind: 'list', entries: [{ key: '', value }] }
        : { kind: 'map', entries: [{ key, value }] }
    yield* replaceValue(text, root, path, shape.block ? { ...whole, block: true } : whole)
    return
  }
  const entries: readonly Entry[] = holder.kind === 'map' ? holder.pairs : holder.items
  const at = typeof key === 'number' ? Math.min(key, count) : placeOf(holder, key, shape)
  const before = entries[at - 1]
  const next = entries[at]
  if (holder.flow) {
    const piece =
      holder.kind === 'map' ? `${keyText(String(key), true)}: ${flowText(value)}` : flowText(value)
    if (next !== undefined) yield splice(text, next.start, next.start, `${piece}, `)
    else if (before !== undefined) yield splice(text, before.end, before.end, `, ${piece}`)
    return
  }
  const first = entries[0] as Entry
  const indent = column(text, first.start)
  const head = holder.kind === 'map' ? `${keyText(String(key), false)}:` : '-'
  const [line = '', ...rest] = valueLines(value, indent, indent + head.length)
  const space = ' '.repeat(indent)
  const lines = [head + line, ...rest.map((each) => each.slice(indent))]
  const whole = lines.map((each) => (each === '' ? '' : space + each)).join('\n')
  if (before !== undefined) {
    const end = lineEnd(text, before.end)
    yield splice(text, end, end, `\n${whole}`)
    return
  }
  const owner = path.length === 0 ? undefined : entryAt(root, path)
  const headEnd = owner === undefined ? -1 : lineEnd(text, afterHead(owner))
  if (headEnd !== -1 && headEnd < first.start) yield splice(text, headEnd, headEnd, `\n${whole}`)
  else yield splice(text, first.start, first.start, `${whole.slice(indent)}\n${space}`)
}

/** Where a new key belongs: in order where there is one, else at the end. */
function placeOf(holder: Holder, key: string, { sorted, fields }: Shape): number {
  const keys = holder.kind === 'map' ? holder.pairs.map((pair) => pair.key) : []
  if (sorted) {
    const inOrder = keys.every((each, index) => index === 0 || (keys[index - 1] as string) < each)
    const at = keys.findIndex((each) => each > key)
    return inOrder && at !== -1 ? at : keys.length
  }
  const order = Object.keys(fields ?? {})
  const rank = order.indexOf(key)
  if (rank === -1) return keys.length
  return keys.findLastIndex((each) => order.includes(each) && order.indexOf(each) < rank) + 1 || keys.length
}

export function* removeEntry(text: string, root: YamlNode, path: DocumentPath): Generator<string> {
  const site = siteOf(root, path)
  if (site === undefined) return
  const { holder, entry, index } = site
  const entries: readonly Entry[] = holder.kind === 'map' ? holder.pairs : holder.items
  if (entries.length === 1) {
    const nothing: Written = { kind: holder.kind, entries: [] }
    yield* replaceValue(text, root, path.slice(0, -1), nothing)
    return
  }
  if (holder.flow) {
    yield removeFromFlow(text, entry, entries[index - 1])
    return
  }
  const start = lineStart(text, entry.start)
  const end = lineEnd(text, entry.end)
  const alone = text.slice(start, entry.start).replace('?', '').trim() === ''
  if (!alone) {
    // The first key on the line of a dash: what follows takes its place.
    const rest = text.slice(end).search(/\S/)
    yield splice(text, entry.start, rest === -1 ? end : end + rest, '')
  } else if (end < text.length) yield splice(text, start, end + 1, '')
  else yield splice(text, start - 1, end, '')
}

function removeFromFlow(text: string, entry: Entry, before: Entry | undefined): string {
  const start = lineStart(text, entry.start)
  const opens = text.slice(start, entry.start).trim() === ''
  const comma = /^\s*,/.exec(text.slice(entry.end))
  if (comma !== null) {
    const end = entry.end + comma[0].length
    const rest = text.slice(end, lineEnd(text, end))
    if (opens && /^\s*(#.*)?$/.test(rest)) return splice(text, start, lineEnd(text, end) + 1, '')
    const gap = /^[ \t]*(?=[^\s#])/.exec(rest)?.[0].length ?? 0
    const from = gap === 0 ? trimLeft(text, entry.start) : entry.start
    return splice(text, from, end + gap, '')
  }
  if (before === undefined) return text
  const comment = text.slice(before.end, entry.start).includes('#')
  if (!comment) return splice(text, before.end, entry.end, '')
  const at = text.indexOf(',', before.end)
  const rest = text.slice(entry.end, lineEnd(text, entry.end))
  const cut =
    opens && rest.trim() === ''
      ? splice(text, start, lineEnd(text, entry.end) + 1, '')
      : splice(text, entry.start, entry.end, '')
  return splice(cut, at, at + 1, '')
}

function trimLeft(text: string, offset: number): number {
  let at = offset
  while (text[at - 1] === ' ') at -= 1
  return at
}

export function renameKey(text: string, pair: YamlPair, to: string, inFlow: boolean): string {
  return splice(text, pair.start, pair.keyEnd, keyText(to, inFlow))
}

/** Behind the colon or the dash. */
function afterHead(entry: Entry): number {
  return 'key' in entry ? entry.colonEnd : entry.start + 1
}

function column(text: string, offset: number): number {
  return offset - lineStart(text, offset)
}

function isEmpty(value: YamlNode): boolean {
  return value.kind === 'scalar' && value.style === 'empty'
}

function splice(text: string, start: number, end: number, piece: string): string {
  return text.slice(0, start) + piece + text.slice(end)
}
