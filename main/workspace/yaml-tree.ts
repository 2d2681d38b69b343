// A YAML text as a plain tree with offsets: what reading, canonical form and editing work on.
import type { Json } from '#shared/json.ts'

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
