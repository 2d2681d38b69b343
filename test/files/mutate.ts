// Makes one known mistake in a correct flow file and says where a reader must find it.
import { type Position, positionsOf } from '#main/workspace/positions.ts'
import { parseYaml } from '#main/workspace/yaml-parse.ts'
import {
  type DocumentPath,
  nodeAt,
  type YamlItem,
  type YamlMap,
  type YamlNode,
  type YamlPair,
} from '#main/workspace/yaml-tree.ts'
import type { ProblemCode } from '#shared/flow/diagnostics.ts'
import { pick, type Random } from '../random/flow.ts'

export interface Mutant {
  readonly mistake: string
  readonly text: string
  readonly code: ProblemCode
  readonly at: Position
}

interface Mutation {
  readonly text: string
  /** In the new text. */
  readonly offset: number
  readonly code: ProblemCode
}
type Mutate = (file: GoodFile) => Mutation | undefined

interface GoodFile {
  readonly text: string
  readonly root: YamlNode
  readonly random: Random
  /** Every pair and item with its path and whether it stands in a block. */
  readonly entries: readonly Place[]
}
interface Place {
  readonly path: DocumentPath
  readonly entry: YamlPair | YamlItem
  readonly holder: YamlNode
  readonly block: boolean
}

export function mutate(text: string, mistake: Mistake, random: Random): Mutant | undefined {
  const { root } = parseYaml(text)
  if (root === undefined) return undefined
  const made = mutations[mistake]({ text, root, random, entries: placesOf(root, [], true) })
  if (made === undefined) return undefined
  return { mistake, text: made.text, code: made.code, at: positionsOf(made.text)(made.offset) }
}

function placesOf(node: YamlNode, path: DocumentPath, block: boolean): Place[] {
  if (node.kind === 'scalar') return []
  const own = block && !node.flow
  const entries: readonly (YamlPair | YamlItem)[] = node.kind === 'map' ? node.pairs : node.items
  return entries.flatMap((entry, index) => {
    const below = [...path, 'key' in entry ? entry.key : index]
    return [{ path: below, entry, holder: node, block: own }, ...placesOf(entry.value, below, own)]
  })
}

const splice = (text: string, start: number, end: number, piece: string) =>
  text.slice(0, start) + piece + text.slice(end)
const lineOf = (text: string, offset: number) => text.lastIndexOf('\n', offset - 1) + 1
const lineEnd = (text: string, offset: number) => (text.indexOf('\n', offset) + 1 || text.length + 1) - 1
const opensLine = (text: string, offset: number) => text.slice(lineOf(text, offset), offset).trim() === ''

function isPair(place: Place): place is Place & { readonly entry: YamlPair } {
  return 'key' in place.entry
}

/** Values in one line, which can be replaced by any other text. */
function inline({ text, entries }: GoodFile): Place[] {
  return entries.filter(({ entry: { value, start } }) => {
    if (value.kind !== 'scalar' || value.style === 'empty' || value.end === value.start) return false
    return !text.slice(start, value.end).includes('\n')
  })
}

/** Replaces the value at a path that ends so, where one stands. */
function replaced(ends: readonly (string | RegExp)[], by: readonly string[]): Mutate {
  return (file) => {
    const found = inline(file).filter(({ path }) => matches(path, ends))
    if (found.length === 0) return undefined
    const { start, end } = pick(file.random, found).entry.value
    return { text: splice(file.text, start, end, pick(file.random, by)), offset: start, code: 'wrong_value' }
  }
}

function matches(path: DocumentPath, pattern: readonly (string | RegExp)[]): boolean {
  return (
    path.length === pattern.length &&
    pattern.every((each, index) =>
      typeof each === 'string' ? each === path[index] : each.test(String(path[index])),
    )
  )
}

const any = /^/
const node = ['nodes', any] as const

/** Fields that the file schema knows, by where they stand. */
const knownFields: readonly (readonly (string | RegExp)[])[] = [
  [/^(name|slug|description|tags|nodes|edges|examples)$/],
  [...node, /^(type|title|note|tags|mode|config|policy)$/],
  [...node, 'policy', /^(timeout_ms|retry|on_error|concurrency)$/],
  [...node, 'policy', 'retry', /^(tries|backoff_ms|max_backoff_ms|jitter)$/],
]

const mutations = {
  'a misspelt field': (file) => {
    const found = file.entries
      .filter(isPair)
      .filter(({ path }) => knownFields.some((each) => matches(path, each)))
    const { entry } = pick(file.random, found)
    const plain = file.text.slice(entry.start, entry.keyEnd) === entry.key
    const wrong = pick(file.random, [
      `${entry.key}s`,
      entry.key.slice(1),
      `${entry.key[1]}${entry.key[0]}${entry.key.slice(2)}`,
    ])
    const key = plain ? wrong : JSON.stringify(wrong)
    return {
      text: splice(file.text, entry.start, entry.keyEnd, key),
      offset: entry.start,
      code: 'unknown_field',
    }
  },
  'a wrong type': replaced(['nodes', any, /^(type|title|mode)$/], ['[1]', '{ a: 1 }', '7', 'true']),
  'a text for a number': replaced(
    [...node, 'policy', /^(timeout_ms|concurrency)$/],
    ['soon', '"5"', '[5]', '1.5'],
  ),
  'a number out of range': replaced(
    [...node, 'policy', /^(timeout_ms|concurrency)$/],
    ['0', '-1', '3600001', '1e9'],
  ),
  'too many tries': replaced([...node, 'policy', 'retry', 'tries'], ['0', '6', '-2', '2.5']),
  'an unknown mode': replaced([...node, 'mode'], ['onn', 'sleep', '"Off"']),
  'an unknown policy': replaced([...node, 'policy', 'on_error'], ['faill', 'retry']),
  'a flag that is a text': replaced([...node, 'policy', 'retry', 'jitter'], ['yes', '"true"', 'on']),
  'an unknown code': replaced([...node, 'policy', 'retry', 'on', any], ['transiend', 'slow', '5']),
  'another slug': replaced(['slug'], ['other-slug']),
  'a slug in capitals': replaced(['slug'], ['Support', 'a_b', '"a b"']),
  'a newer format': (file) => {
    const made = replaced(['format'], ['sluice/flow@2', '"sluice/flow@10"'])(file)
    return made && { ...made, code: 'newer_format' }
  },
  'another kind of file': replaced(['format'], ['sluice/layout@1', 'flow', '1']),
  'an edge without spaces': replaced(['edges', any], ['a.b->c.d', 'a.b -> c', '"a -> b"', 'nonsense', '5']),
  'an edge twice': (file) => {
    const edges = nodeAt(file.root, ['edges'])
    const last = edges?.kind === 'list' ? edges.items.at(-1) : undefined
    if (edges?.kind !== 'list' || last === undefined) return undefined
    const again = JSON.stringify(last.value.kind === 'scalar' ? last.value.value : '')
    if (edges.flow)
      return {
        text: splice(file.text, last.end, last.end, `, ${again}`),
        offset: last.end + 2,
        code: 'wrong_value',
      }
    const end = lineEnd(file.text, last.end)
    const head = `\n${' '.repeat(last.start - lineOf(file.text, last.start))}- `
    return { text: splice(file.text, end, end, head + again), offset: end + head.length, code: 'wrong_value' }
  },
  'a node id in capitals': (file) => {
    const { entry } = pick(
      file.random,
      file.entries.filter(isPair).filter(({ path }) => matches(path, node)),
    )
    return {
      text: splice(file.text, entry.start, entry.keyEnd, 'Ask'),
      offset: entry.start,
      code: 'wrong_value',
    }
  },
  'a node without a type': (file) => {
    const nodes = nodeAt(file.root, ['nodes'])
    if (nodes?.kind !== 'map' || nodes.flow) return undefined
    const found = nodes.pairs.filter(
      ({ value }) => value.kind === 'map' && !value.flow && value.pairs.length > 1,
    )
    const owner = found.length === 0 ? undefined : pick(file.random, found)
    const type = (owner?.value as YamlMap | undefined)?.pairs.find((pair) => pair.key === 'type')
    if (owner === undefined || type === undefined || !opensLine(file.text, type.start)) return undefined
    const start = lineOf(file.text, type.start)
    return {
      text: splice(file.text, start, lineEnd(file.text, type.end) + 1, ''),
      offset: owner.start,
      code: 'wrong_value',
    }
  },
  'a key twice': (file) => {
    const { text } = file
    const { entry, holder } = pick(
      file.random,
      file.entries.filter(isPair).filter(({ path }) => path[0] !== 'format'),
    )
    if (holder.kind !== 'map') return undefined
    const key = text.slice(entry.start, entry.keyEnd)
    const last = holder.pairs.at(-1) as YamlPair
    if (holder.flow) {
      const comma = /^\s*,/.test(text.slice(last.end)) ? undefined : ', '
      return (
        comma && {
          text: splice(text, last.end, last.end, `${comma}${key}: 1`),
          offset: last.end + 2,
          code: 'syntax',
        }
      )
    }
    const end = lineEnd(text, last.end)
    const head = `\n${' '.repeat(entry.start - lineOf(text, entry.start))}`
    return { text: splice(text, end, end, `${head}${key}: 1`), offset: end + head.length, code: 'syntax' }
  },
  'a tab': (file) => {
    const found = file.entries.filter(
      (place) =>
        isPair(place) && place.block && place.path.length > 1 && opensLine(file.text, place.entry.start),
    )
    if (found.length === 0) return undefined
    const { start } = pick(file.random, found).entry
    const line = lineOf(file.text, start)
    return { text: splice(file.text, line, start, '\t'), offset: line, code: 'syntax' }
  },
  'a line too far left': (file) => {
    const found = file.entries.filter(
      ({ path, block, holder, entry }) =>
        block &&
        path.length > 1 &&
        holder.kind === 'map' &&
        holder.pairs[0] !== entry &&
        opensLine(file.text, entry.start),
    )
    if (found.length === 0) return undefined
    const { start } = pick(file.random, found).entry
    return { text: splice(file.text, start - 1, start, ''), offset: start - 1, code: 'syntax' }
  },
  'an anchor': inserted('&kept '),
  'a tag': inserted('!!str '),
  'an alias': (file) => {
    const found = inline(file).filter(({ path }) => path.length > 1)
    const { start, end } = pick(file.random, found).entry.value
    return { text: splice(file.text, start, end, '*kept'), offset: start, code: 'syntax' }
  },
  'a merge key': (file) => {
    const maps = file.entries.filter(
      ({ entry: { value } }) => value.kind === 'map' && value.flow && value.pairs.length > 0,
    )
    if (maps.length === 0) return undefined
    const map = pick(file.random, maps).entry.value as YamlMap
    const { start } = map.pairs[0] as YamlPair
    return { text: splice(file.text, start, start, '<<: {}, '), offset: start, code: 'syntax' }
  },
  'a quote that stays open': (file) => {
    const found = inline(file).filter(({ entry }) => !file.text.slice(entry.end).includes("'"))
    if (found.length === 0) return undefined
    const { start, end } = pick(file.random, found).entry.value
    return { text: splice(file.text, start, end, "'open"), offset: start, code: 'syntax' }
  },
  'two colons': (file) => {
    const found = inline(file).filter((place) => place.block && isPair(place))
    if (found.length === 0) return undefined
    const { start, end } = pick(file.random, found).entry.value
    return { text: splice(file.text, start, end, 'a: b'), offset: start, code: 'syntax' }
  },
  'a second document': (file) => ({
    text: `${file.text}---\na: 1\n`,
    offset: file.text.length,
    code: 'syntax',
  }),
  'a byte order mark': (file) => ({ text: `\uFEFF${file.text}`, offset: 0, code: 'syntax' }),
  'CR LF': (file) => {
    const at = file.text.indexOf('\n', Math.floor(file.random() * (file.text.length - 1)))
    return { text: splice(file.text, at, at, '\r'), offset: at, code: 'syntax' }
  },
  'a control character': (file) => {
    const found = inline(file)
    const { start, end } = pick(file.random, found).entry.value
    return { text: splice(file.text, start, end, '"a\u0000b"'), offset: start + 2, code: 'syntax' }
  },
  'a number that JSON has not': (file) => {
    const found = inline(file).filter(({ path }) => path.includes('config'))
    if (found.length === 0) return undefined
    const { start, end } = pick(file.random, found).entry.value
    return { text: splice(file.text, start, end, '.nan'), offset: start, code: 'wrong_value' }
  },
  'a key of all objects': (file) => {
    const found = file.entries
      .filter(isPair)
      .filter(({ path }) => path.includes('config') && path.at(-1) !== 'config')
    if (found.length === 0) return undefined
    const { entry } = pick(file.random, found)
    return {
      text: splice(file.text, entry.start, entry.keyEnd, '__proto__'),
      offset: entry.start,
      code: 'syntax',
    }
  },
  'format in second place': (file) => {
    const format = file.entries.find(({ path }) => path[0] === 'format')?.entry
    const name = file.entries.find(({ path }) => matches(path, ['name']))?.entry
    if (!format || !name || !opensLine(file.text, name.start) || name.value.end - name.start > 200)
      return undefined
    if (lineOf(file.text, name.start) !== lineOf(file.text, name.value.end)) return undefined
    const line = `${file.text.slice(lineOf(file.text, name.start), lineEnd(file.text, name.end))}\n`
    const cut = splice(file.text, lineOf(file.text, name.start), lineEnd(file.text, name.end) + 1, '')
    if (name.start < format.start) return undefined
    return {
      text: splice(cut, format.start, format.start, line),
      offset: format.start + line.length,
      code: 'wrong_value',
    }
  },
} as const satisfies Record<string, Mutate>

export type Mistake = keyof typeof mutations
export const mistakes = Object.keys(mutations) as readonly Mistake[]

function inserted(piece: string): Mutate {
  return (file) => {
    const { start } = pick(file.random, inline(file)).entry.value
    return { text: splice(file.text, start, start, piece), offset: start, code: 'syntax' }
  }
}
