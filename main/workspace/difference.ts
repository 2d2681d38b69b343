// What must change in a document for another value to stand at a place: as few and as small changes as there are.
import { isJsonObject, type Json } from '#shared/json.ts'
import type { Change } from './change.ts'
import { type DocumentPath, dataOf, type YamlList, type YamlNode } from './yaml-tree.ts'

/** Nothing where the value stands already. */
export function difference(node: YamlNode, value: Json, path: DocumentPath): Change[] {
  const present = dataOf(node)
  if (identical(present, value)) return []
  const whole = [{ path, value }]
  if (node.kind === 'map' && isJsonObject(value)) {
    const { pairs } = node
    const keys = Object.keys(value)
    const kept = pairs.filter((pair) => Object.hasOwn(value, pair.key))
    const fresh = keys.filter((key) => !pairs.some((pair) => pair.key === key))
    const moved = identical([...kept.map((pair) => pair.key), ...fresh], keys) === false
    // In a config the order of keys may have a meaning (`switch.cases`), so there it is kept exactly.
    if (pairs.length === 0 || keys.length === 0 || (moved && path.includes('config'))) return whole
    const gone = pairs.filter((pair) => !Object.hasOwn(value, pair.key))
    return [
      ...kept.flatMap((pair) => difference(pair.value, value[pair.key] as Json, [...path, pair.key])),
      // Additions first: a map that loses all its keys in between would lose its form.
      ...fresh.map((key) => ({ path: [...path, key], value: value[key] })),
      ...gone.map((pair) => ({ path: [...path, pair.key], value: undefined })),
    ]
  }
  if (node.kind === 'list' && Array.isArray(value) && node.items.length > 0 && value.length > 0) {
    return listDifference(node, value as readonly Json[], path)
  }
  return whole
}

/** Equal, the order of keys included. */
export function identical(a: Json, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Equal items at both ends stay; what lies between is changed in place, then cut off or added to. */
function listDifference(node: YamlList, value: readonly Json[], path: DocumentPath): Change[] {
  const present = node.items.map((item) => dataOf(item.value))
  let head = 0
  while (
    head < present.length &&
    head < value.length &&
    identical(present[head] as Json, value[head] as Json)
  )
    head += 1
  let tail = 0
  const room = Math.min(present.length, value.length) - head
  while (tail < room && identical(present.at(-1 - tail) as Json, value.at(-1 - tail) as Json)) tail += 1
  const old = present.length - tail
  const fresh = value.length - tail
  const edits: Change[] = []
  for (let i = head; i < Math.min(old, fresh); i += 1) {
    const item = node.items[i]
    if (item) edits.push(...difference(item.value, value[i] as Json, [...path, i]))
  }
  for (let i = old - 1; i >= fresh; i -= 1) edits.push({ path: [...path, i], value: undefined })
  for (let i = old; i < fresh; i += 1) edits.push({ path: [...path, i], value: value[i], insert: true })
  return edits
}
