// From the nodes of the `yaml` package to our tree.
import { type Document, isMap, isPair, isScalar, isSeq, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'
import type { ProblemCode } from '#shared/flow/diagnostics.ts'
import type { YamlItem, YamlList, YamlMap, YamlNode, YamlPair, YamlScalar } from './yaml-tree.ts'

export type Note = (code: ProblemCode, offset: number, message: string) => void

/** `note` hears of what is YAML and yet not allowed. */
export function buildTree(document: Document, text: string, note: Note): YamlNode {
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
    const { value, source = '' } = node
    if (typeof value !== 'number')
      return typeof value === 'string' || typeof value === 'boolean' ? value : null
    if (!Number.isFinite(value)) {
      note('wrong_value', at, `${source} is no number that JSON can hold`)
      return null
    }
    if (/^[-+]?\d{16,}$/.test(source) && BigInt(value) !== BigInt(source.replace('+', ''))) {
      note('wrong_value', at, `${source} is too large to be kept exactly; write it as a text in quotes`)
    }
    // -0 and 0 are one number in JSON.
    return value === 0 ? 0 : value
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
