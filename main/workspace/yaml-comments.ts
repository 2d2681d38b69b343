// Finds for each comment the entry it speaks of, so that the canonical form can move both together.

import { lineStart } from './positions.ts'
import type { YamlText } from './yaml-parse.ts'
import type { Comment } from './yaml-rules.ts'
import type { YamlItem, YamlNode, YamlPair } from './yaml-tree.ts'
import type { Written, WrittenEntry } from './yaml-write.ts'

type Entry = YamlPair | YamlItem
interface Notes {
  above?: string[]
  beside?: string
  below?: string[]
}

/** The document with its comments. */
export function withComments({ root, text, comments }: YamlText): Written {
  if (root === undefined) return { kind: 'scalar', value: null }
  const notes = new Map<Entry, Notes>()
  const entries = inOrder(root)
  for (const comment of comments) attach(comment, { entries, text, notes })
  return written(root, notes)
}

function written(node: YamlNode, notes: ReadonlyMap<Entry, Notes>): Written {
  if (node.kind === 'scalar') return { kind: 'scalar', value: node.value }
  const list: readonly Entry[] = node.kind === 'map' ? node.pairs : node.items
  const entries = list.map(
    (entry): WrittenEntry => ({
      key: 'key' in entry ? entry.key : '',
      value: written(entry.value, notes),
      ...notes.get(entry),
    }),
  )
  return { kind: node.kind, entries }
}

/** Every entry before the entries inside it: by start, outer ones first. */
function inOrder(root: YamlNode): Entry[] {
  const found: Entry[] = []
  const walk = (node: YamlNode): void => {
    if (node.kind === 'scalar') return
    for (const entry of node.kind === 'map' ? node.pairs : node.items) {
      found.push(entry)
      walk(entry.value)
    }
  }
  walk(root)
  return found
}

interface Scene {
  readonly entries: readonly Entry[]
  readonly text: string
  readonly notes: Map<Entry, Notes>
}

function attach(comment: Comment, scene: Scene): void {
  const { entries, text, notes } = scene
  const start = lineStart(text, comment.offset)
  const next = firstFrom(entries, comment.offset)
  if (text.slice(start, comment.offset).trim() !== '') {
    const owner = besideOf(comment.offset, start, entries.slice(0, next))
    if (owner !== undefined && notesOf(owner, notes).beside === undefined) {
      notesOf(owner, notes).beside = comment.text
      return
    }
  }
  const column = comment.offset - start
  const following = entries[next]
  const indent = following === undefined ? -1 : following.start - lineStart(text, following.start)
  const previous = indent < column ? lastAt(column, entries.slice(0, next), text) : undefined
  const owner = previous ?? following ?? entries.findLast((entry) => entry.start < comment.offset)
  if (owner === undefined) return
  const mine = notesOf(owner, notes)
  const side = owner === following && previous === undefined ? 'above' : 'below'
  mine[side] = [...(mine[side] ?? []), comment.text]
}

function notesOf(entry: Entry, notes: Map<Entry, Notes>): Notes {
  const found = notes.get(entry) ?? {}
  notes.set(entry, found)
  return found
}

/** Index of the first entry that starts at or after the offset. */
function firstFrom(entries: readonly Entry[], offset: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entries[middle] as Entry).start < offset) low = middle + 1
    else high = middle
  }
  return low
}

/** At the end of a line: what ended last on it, the outermost that began there; else what began last. */
function besideOf(offset: number, start: number, before: readonly Entry[]): Entry | undefined {
  const ended = before.filter((entry) => entry.end <= offset && entry.end > start)
  const last = Math.max(...ended.map((entry) => entry.end))
  const latest = ended.filter((entry) => entry.end === last)
  return (
    latest.find((entry) => entry.start >= start) ??
    latest.at(-1) ??
    before.findLast((entry) => entry.start >= start)
  )
}

/** The last entry in this column, if nothing further left came after it. */
function lastAt(column: number, before: readonly Entry[], text: string): Entry | undefined {
  for (let i = before.length - 1; i >= 0; i -= 1) {
    const entry = before[i] as Entry
    const at = entry.start - lineStart(text, entry.start)
    if (at < column) return undefined
    if (at === column && text.slice(lineStart(text, entry.start), entry.start).trim() === '') return entry
  }
  return undefined
}
