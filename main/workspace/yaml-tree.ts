// A YAML text as a plain tree with offsets. Reading, canonical form and editing all work on this one; the `yaml`
// package is seen only here and in `yaml-rules.ts`.
import {
  Composer,
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  Parser,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import type { ProblemCode } from '#shared/flow/diagnostics.ts'
import type { Json } from '#shared/json.ts'
import { lineStart, type Position, positionsOf } from './positions.ts'
import { type Comment, checkTokens, type TextProblem, textRules } from './yaml-rules.ts'

export type YamlNode = YamlScalar | YamlMap | YamlList

export interface YamlScalar {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  readonly style: 'plain' | 'single' | 'double' | 'literal' | 'folded' | 'empty'
  readonly start: number
  /** Behind the last character; trailing line breaks that a block scalar does not keep are not part of it. */
  readonly end: number
}
export interface YamlMap {
  readonly kind: 'map'
  readonly flow: boolean
  readonly pairs: readonly YamlPair[]
  readonly start: number
  readonly end: number
}
export interface YamlPair {
  readonly key: string
  /** Of the key as written; a `?` before it is outside. */
  readonly start: number
  readonly keyEnd: number
  /** Behind the colon; equals `keyEnd` where a flow map has a key alone. */
  readonly colonEnd: number
  readonly explicit: boolean
  readonly value: YamlNode
  readonly end: number
}
export interface YamlList {
  readonly kind: 'list'
  readonly flow: boolean
  readonly items: readonly YamlItem[]
  readonly start: number
  readonly end: number
}
export interface YamlItem {
  /** Of the dash in a block list, else of the value. */
  readonly start: number
  readonly value: YamlNode
  readonly end: number
}

export interface YamlText {
  readonly text: string
  /** Undefined when the text has no structure to speak of. */
  readonly root: YamlNode | undefined
  readonly data: Json | undefined
  readonly problems: readonly TextProblem[]
  readonly comments: readonly Comment[]
  /** The structure is as its author meant it, so a schema may judge the data. */
  readonly sound: boolean
  position(offset: number): Position
}

/** Block and flow nesting together; the same as the limit for JSON bodies. */
const maxDepth = 64

export function parseYaml(text: string): YamlText {
  const position = positionsOf(text)
  const problems: TextProblem[] = textRules(text)
  const note = (code: ProblemCode, offset: number, message: string) =>
    problems.push({ code, offset, message })
  const done = (root: YamlNode | undefined, sound: boolean): YamlText => ({
    text,
    root,
    data: root === undefined ? undefined : dataOf(root),
    problems: problems.sort((a, b) => a.offset - b.offset),
    comments: check.comments,
    sound,
    position,
  })

  const tokens = [...new Parser().parse(text)]
  const check = checkTokens(tokens, text, maxDepth)
  problems.push(...check.problems)
  if (check.tooDeep) return done(undefined, false)

  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    stringKeys: true,
    uniqueKeys: false,
    keepSourceTokens: true,
    prettyErrors: false,
    logLevel: 'silent',
  })
  const [document] = [...composer.compose(tokens, true, text.length)] as Document[]
  if (document === undefined) return done(undefined, false)
  const broken = structureErrors(document, text, check.quotes)
  problems.push(...broken)
  const sound = broken.length === 0 && !check.unsound
  const root = buildTree(document, text, note)
  return done(root, sound)
}

/** Mistakes that spoil nothing behind them. After any other the rest of the text is read askew. */
const local: ReadonlySet<string> = new Set([
  'TAB_AS_INDENT',
  'BAD_SCALAR_START',
  'BAD_DQ_ESCAPE',
  'NON_STRING_KEY',
  'KEY_OVER_1024_CHARS',
])

/** The first error of each line, and the first that breaks the structure: what follows is their echo. */
function structureErrors(
  document: Document,
  text: string,
  quotes: ReadonlyMap<number, number>,
): TextProblem[] {
  const position = positionsOf(text)
  const lines = new Set<number>()
  const found: TextProblem[] = []
  let askew = false
  for (const { code, message, pos } of document.errors.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    if (code === 'MULTIPLE_DOCS' || (askew && !local.has(code))) continue
    let [offset] = pos
    // A quote that is never closed is reported at the end of the text; its author looks for where it opens.
    if (code === 'MISSING_CHAR') offset = quotes.get(offset) ?? offset
    // Indentation is reported where the line before ended; what is wrong with it is the next thing in the text.
    if (code !== 'TAB_AS_INDENT') offset += /^(?:[ \n]|#.*\n)*/.exec(text.slice(offset))?.[0].length ?? 0
    const { line } = position(offset)
    if (lines.has(line)) continue
    lines.add(line)
    const tab = text[offset] === '\t' && text.slice(lineStart(text, offset), offset).trim() === ''
    askew ||= tab || !local.has(code)
    found.push({ code: 'syntax', offset, message: sentence(tab ? 'TAB_AS_INDENT' : code, message) })
  }
  return found
}

/** The parser's findings in the words of somebody who writes files. */
function sentence(code: string, message: string): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'a tab cannot indent; use spaces'
    case 'BLOCK_AS_IMPLICIT_KEY':
      return message.startsWith('Nested')
        ? 'two colons in one line; quote the text or begin a new line'
        : 'a list or map cannot be a key; is a line break or a space missing?'
    case 'MULTILINE_IMPLICIT_KEY':
      return 'a key without colon, or a text that goes on without quotes'
    case 'BAD_INDENT':
      if (message.startsWith('Flow')) return `a "${message.includes('map') ? '{' : '['}" above is not closed`
      return 'the indentation fits nothing above; keys of one map start in the same column'
    case 'MISSING_CHAR':
      return message.startsWith('Missing closing') ? 'this quote is never closed' : lower(message)
    case 'NON_STRING_KEY':
      return 'a key must be a plain text'
    case 'BAD_SCALAR_START':
      return `a text that begins with ${message.slice(-1)} needs quotes`
    case 'UNEXPECTED_TOKEN':
      return 'this cannot stand here; is a quote, a comma or a line break missing?'
    case 'BLOCK_IN_FLOW':
      return 'inside of { } and [ ] everything is separated by commas'
    default:
      return lower(message)
  }
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}

type Note = (code: ProblemCode, offset: number, message: string) => void

function buildTree(document: Document, text: string, note: Note): YamlNode {
  const start = text.search(/\S/)
  const root = document.contents
  if (root === null) return empty(start === -1 ? 0 : start)
  return build(root, 0)

  function build(node: unknown, from: number): YamlNode {
    if (isMap(node)) return buildMap(node)
    if (isSeq(node)) return buildList(node)
    if (isScalar(node)) return buildScalar(node as never, from)
    return empty(from)
  }

  function buildScalar(
    node: { value: unknown; type?: string; source?: string; range?: [number, number, number] | null },
    from: number,
  ): YamlScalar {
    const [at, valueEnd] = node.range ?? [from, from]
    const style = styleOf(node.type, at === valueEnd)
    if (style === 'empty') return empty(from)
    const value = checkedValue(node, at)
    const block = style === 'literal' || style === 'folded'
    return { kind: 'scalar', value, style, start: at, end: block ? blockEnd(text, at, valueEnd) : valueEnd }
  }

  function checkedValue(node: { value: unknown; source?: string }, at: number): YamlScalar['value'] {
    const { value } = node
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) {
        note('wrong_value', at, `${node.source ?? 'this'} is no number that JSON can hold`)
        return null
      }
      if (
        /^[-+]?\d{16,}$/.test(node.source ?? '') &&
        BigInt(value) !== BigInt((node.source ?? '').replace('+', ''))
      ) {
        note(
          'wrong_value',
          at,
          `${node.source} is too large to be kept exactly; write it as a text in quotes`,
        )
      }
      return value === 0 ? 0 : value
    }
    return typeof value === 'string' || typeof value === 'boolean' ? value : null
  }

  function buildMap(node: YAMLMap): YamlMap {
    const keys = new Set<string>()
    const pairs: YamlPair[] = []
    for (const item of node.items) {
      const pair = isPair(item) ? buildPair(item) : undefined
      if (pair === undefined) continue
      if (keys.has(pair.key)) note('syntax', pair.start, `the key "${pair.key}" stands twice in this map`)
      else if (pair.key === '<<')
        note('syntax', pair.start, 'merge keys are not allowed; write the fields out')
      else if (reachesPrototype(pair)) note('syntax', pair.start, `"${pair.key}" cannot be a key here`)
      keys.add(pair.key)
      pairs.push(pair)
    }
    return { kind: 'map', flow: node.flow === true, pairs, ...extent(node, pairs) }
  }

  function buildPair(item: Pair): YamlPair | undefined {
    const { key, value } = item
    if (!isScalar(key) || key.range === null || key.range === undefined) return undefined
    const source = item.srcToken
    const colon = source?.sep?.find((token) => token.type === 'map-value-ind')
    const keyEnd = key.range[1]
    const colonEnd = colon && 'offset' in colon ? colon.offset + 1 : keyEnd
    const node = build(value, colonEnd)
    return {
      key: String(key.value),
      start: key.range[0],
      keyEnd,
      colonEnd,
      explicit: source?.start?.some((token) => token.type === 'explicit-key-ind') ?? false,
      value: node,
      end: Math.max(node.end, colonEnd),
    }
  }

  function buildList(node: YAMLSeq): YamlList {
    const dashes: number[] = []
    const source = node.srcToken
    if (source?.type === 'block-seq') {
      for (const item of source.items) {
        const dash = item.start.find((token) => token.type === 'seq-item-ind')
        if (dash && 'offset' in dash) dashes.push(dash.offset)
      }
    }
    const items = node.items.map((item, index): YamlItem => {
      const dash = dashes[index]
      // `[a: 1]` is a list with a map of one pair; its braces are only thought.
      const value = isPair(item) ? pairAsMap(item) : build(item, dash === undefined ? 0 : dash + 1)
      const at = dash ?? value.start
      return { start: at, value, end: Math.max(value.end, at + (dash === undefined ? 0 : 1)) }
    })
    return { kind: 'list', flow: node.flow === true, items, ...extent(node, items) }
  }

  function pairAsMap(item: Pair): YamlNode {
    const pair = buildPair(item)
    if (pair === undefined) return empty(0)
    return { kind: 'map', flow: true, pairs: [pair], start: pair.start, end: pair.end }
  }

  /** A flow collection ends at its bracket, a block collection with its last entry. */
  function extent(node: YAMLMap | YAMLSeq, entries: readonly { start: number; end: number }[]) {
    const [at, valueEnd] = node.range ?? [0, 0]
    if (node.flow) return { start: at, end: valueEnd }
    return { start: entries[0]?.start ?? at, end: entries.at(-1)?.end ?? at }
  }
}

/** Keys by which a careless join of maps would reach what all objects share. */
function reachesPrototype({ key, value }: YamlPair): boolean {
  if (key === '__proto__') return true
  return key === 'constructor' && value.kind === 'map' && value.pairs.some((pair) => pair.key === 'prototype')
}

function empty(at: number): YamlScalar {
  return { kind: 'scalar', value: null, style: 'empty', start: at, end: at }
}

function styleOf(type: string | undefined, nothing: boolean): YamlScalar['style'] {
  switch (type) {
    case 'QUOTE_SINGLE':
      return 'single'
    case 'QUOTE_DOUBLE':
      return 'double'
    case 'BLOCK_LITERAL':
      return 'literal'
    case 'BLOCK_FOLDED':
      return 'folded'
    default:
      return nothing ? 'empty' : 'plain'
  }
}

/** With `+` every blank line belongs to the text, else it ends with the last line that says something. */
function blockEnd(text: string, start: number, valueEnd: number): number {
  const header = text.slice(start, valueEnd).split('\n', 1)[0] as string
  let end = valueEnd
  if (/^[|>]\d?\+/.test(header)) return text[end - 1] === '\n' ? end - 1 : end
  while (end > start && (text[end - 1] === '\n' || text[end - 1] === ' ')) end -= 1
  return Math.max(end, start + header.trimEnd().length)
}

export function dataOf(node: YamlNode): Json {
  switch (node.kind) {
    case 'scalar':
      return node.value
    case 'list':
      return node.items.map((item) => dataOf(item.value))
    case 'map': {
      const data: Record<string, Json> = {}
      for (const pair of node.pairs)
        if (pair.key !== '__proto__' && !Object.hasOwn(data, pair.key)) data[pair.key] = dataOf(pair.value)
      return data
    }
  }
}

export type DocumentPath = readonly (string | number)[]

/** The entry (pair or item) at a path; undefined where the document has none. */
export function entryAt(root: YamlNode | undefined, path: DocumentPath): YamlPair | YamlItem | undefined {
  let node: YamlNode | undefined = root
  let entry: YamlPair | YamlItem | undefined
  for (const step of path) {
    entry = node === undefined ? undefined : childOf(node, step)
    if (entry === undefined) return undefined
    node = entry.value
  }
  return entry
}

export function childOf(node: YamlNode, step: string | number): YamlPair | YamlItem | undefined {
  if (node.kind === 'map') return node.pairs.find((pair) => pair.key === String(step))
  if (node.kind === 'list') return node.items[Number(step)]
  return undefined
}

export function nodeAt(root: YamlNode | undefined, path: DocumentPath): YamlNode | undefined {
  return path.length === 0 ? root : entryAt(root, path)?.value
}

/**
 * The offset to point at for a path: its key or its value. What is missing is shown at the nearest thing that is there,
 * by its key; an empty value is shown at its key too.
 */
export function offsetOf(
  root: YamlNode | undefined,
  path: DocumentPath,
  kind: 'key' | 'value' = 'value',
): number {
  for (let length = path.length; length > 0; length -= 1) {
    const entry = entryAt(root, path.slice(0, length))
    if (entry === undefined) continue
    const { value } = entry
    const hollow = value.kind === 'scalar' && value.style === 'empty'
    const atKey = length < path.length || kind === 'key' || hollow
    return atKey && 'key' in entry ? entry.start : hollow ? entry.start : value.start
  }
  return root?.start ?? 0
}

/** The path of the innermost entry that an offset stands in. */
export function pathAt(root: YamlNode | undefined, offset: number): DocumentPath {
  const path: (string | number)[] = []
  for (let node = root; node !== undefined && node.kind !== 'scalar'; ) {
    const entries: readonly (YamlPair | YamlItem)[] = node.kind === 'map' ? node.pairs : node.items
    const index = entries.findIndex((entry) => entry.start <= offset && offset < entry.end)
    const entry = entries[index]
    if (entry === undefined) break
    path.push('key' in entry ? entry.key : index)
    node = entry.value
  }
  return path
}
