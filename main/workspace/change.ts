// One change of a document, made on the tree that is written, so that comments stay with what they speak of.
import type { Json } from '#shared/json.ts'
import type { DocumentPath } from './yaml-tree.ts'
import { fromData, type Written, type WrittenEntry } from './yaml-write.ts'

export interface Change {
  readonly path: DocumentPath
  /** Undefined removes what stands there. */
  readonly value: Json | undefined
  /** The item goes before the one that has this index now. */
  readonly insert?: true
}

/** Whatever stands in the way of the path gives way to it. */
export function changedTree(tree: Written, { path, value, insert }: Change): Written {
  const [key, ...rest] = path
  if (key === undefined) return fromData(value ?? null)
  const last = rest.length === 0
  const below = (entry: WrittenEntry | undefined, name: string): WrittenEntry => {
    const child = entry?.value ?? { kind: 'scalar', value: null }
    return {
      ...entry,
      key: name,
      value: changedTree(child, { path: rest, value, ...(insert && { insert }) }),
    }
  }
  if (tree.kind === 'list' || (typeof key === 'number' && tree.kind === 'scalar')) {
    const entries = tree.kind === 'list' ? [...tree.entries] : []
    const index = Math.min(Number(key), entries.length)
    if (last && value === undefined) entries.splice(index, 1)
    else if (last && insert) entries.splice(index, 0, below(undefined, ''))
    else entries[index] = below(entries[index], '')
    return { kind: 'list', entries }
  }
  const entries = tree.kind === 'map' ? tree.entries : []
  const name = String(key)
  const own = entries.find((entry) => entry.key === name)
  if (value === undefined && own === undefined) return tree
  if (last && value === undefined) return { kind: 'map', entries: entries.filter((entry) => entry !== own) }
  if (own === undefined) return { kind: 'map', entries: [...entries, below(undefined, name)] }
  return { kind: 'map', entries: entries.map((entry) => (entry === own ? below(own, name) : entry)) }
}

export function writtenAt(tree: Written, path: DocumentPath): Written | undefined {
  return path.reduce<Written | undefined>((level, key) => {
    if (level === undefined || level.kind === 'scalar') return undefined
    return level.kind === 'list'
      ? level.entries[Number(key)]?.value
      : level.entries.find((entry) => entry.key === String(key))?.value
  }, tree)
}

/** The value inside a map or list of its own. */
export function wrapped(step: string | number, value: Written): Written {
  return typeof step === 'number'
    ? { kind: 'list', entries: [{ key: '', value }] }
    : { kind: 'map', entries: [{ key: step, value }] }
}
