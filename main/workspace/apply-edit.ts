// One change of a YAML document, as the smallest cut into its text. Every cut is read back; if a text is too odd to be cut
// precisely, what holds the place is written anew.
import { isDeepStrictEqual } from 'node:util'
import { AppError } from '#shared/errors.ts'
import { isJsonObject, type Json } from '#shared/json.ts'
import { arrange, type Shape } from './shapes.ts'
import { addEntry, removeEntry, replaceValue } from './splice.ts'
import {
  type DocumentPath,
  dataOf,
  entryAt,
  nodeAt,
  parseYaml,
  type YamlNode,
  type YamlText,
} from './yaml-tree.ts'
import { documentLines, fromData, inlineText, lineWidth } from './yaml-write.ts'

export interface Change {
  readonly path: DocumentPath
  /** Undefined removes what stands there. */
  readonly value: Json | undefined
  /** The item goes before the one that has this index now. */
  readonly insert?: true
}

/** The document after one change; a map or list in place of another is cut down to what differs between them. */
export function applyEdit(document: YamlText, change: Change, shape: Shape): YamlText {
  const { path, value, insert } = change
  const { root, data, sound } = document
  if (root === undefined || data === undefined || !sound) {
    throw new AppError('invalid_request', {
      message: 'The file cannot be edited before its errors are mended.',
    })
  }
  const present = nodeAt(root, path)
  if (value !== undefined && present !== undefined && !insert) {
    const steps = difference(present, value, path)
    if (steps.length !== 1 || !isDeepStrictEqual(steps[0]?.path, path)) {
      return steps.reduce((current, step) => applyEdit(current, step, shape), document)
    }
  }
  const wanted = withValue(data, change)
  if (isDeepStrictEqual(wanted, data)) return document
  return exact(document, wanted, cuts(document.text, root, change, shape))
}

/** What must change at `path` for `value` to stand there; nothing where it stands already. */
function difference(node: YamlNode, value: Json, path: DocumentPath): Change[] {
  const present = dataOf(node)
  if (isDeepStrictEqual(present, value)) return []
  if (
    isJsonObject(present) &&
    isJsonObject(value) &&
    node.kind === 'map' &&
    node.pairs.length > 0 &&
    Object.keys(value).length > 0
  ) {
    const gone = Object.keys(present).filter((key) => !Object.hasOwn(value, key))
    const kept = Object.keys(present).filter((key) => Object.hasOwn(value, key))
    const fresh = Object.keys(value).filter((key) => !Object.hasOwn(present, key))
    return [
      ...kept.flatMap((key) => {
        const child = entryIn(node, key)
        return child ? difference(child, value[key] as Json, [...path, key]) : []
      }),
      // Additions first: a map that loses all its keys in between would lose its form.
      ...fresh.map((key) => ({ path: [...path, key], value: value[key] })),
      ...gone.map((key) => ({ path: [...path, key], value: undefined })),
    ]
  }
  if (
    Array.isArray(present) &&
    Array.isArray(value) &&
    node.kind === 'list' &&
    present.length > 0 &&
    value.length > 0
  ) {
    return listDifference(node, value as readonly Json[], path)
  }
  return [{ path, value }]
}

function entryIn(node: YamlNode, key: string): YamlNode | undefined {
  return node.kind === 'map' ? node.pairs.find((pair) => pair.key === key)?.value : undefined
}

/** Equal items at both ends stay; what lies between is changed in place, then cut off or added to. */
function listDifference(
  node: YamlNode & { kind: 'list' },
  value: readonly Json[],
  path: DocumentPath,
): Change[] {
  const present = node.items.map((item) => dataOf(item.value))
  let head = 0
  while (head < present.length && head < value.length && isDeepStrictEqual(present[head], value[head]))
    head += 1
  let tail = 0
  const room = Math.min(present.length, value.length) - head
  while (tail < room && isDeepStrictEqual(present.at(-1 - tail), value.at(-1 - tail))) tail += 1
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

/** Candidates from the smallest cut to the whole document. */
function* cuts(text: string, root: YamlNode, change: Change, shape: Shape): Generator<string> {
  const { path } = change
  const small = [...smallest(text, root, change, shape)]
  if (small[0] !== undefined && outgrows(text, small[0])) yield* unfolded(text, root, change, shape)
  yield* small
  for (let length = path.length - 1; length > 0; length -= 1) {
    const holder = nodeAt(root, path.slice(0, length))
    if (holder === undefined) continue
    const whole = withValue(dataOf(holder), { ...change, path: path.slice(length) })
    yield* replaceValue(text, root, path.slice(0, length), fromData(whole))
  }
  yield `${documentLines(fromData(withValue(dataOf(root), change))).join('\n')}\n`
}

function* smallest(text: string, root: YamlNode, change: Change, shape: Shape): Generator<string> {
  const { path, value, insert } = change
  const present = entryAt(root, path) !== undefined && !insert
  if (value === undefined) yield* removeEntry(text, root, path)
  else if (present) yield* replaceValue(text, root, path, arrange(fromData(value), shapeAt(shape, path)))
  else yield* addMissing(text, root, change, shape)
}

/** Did a line that kept to the width of the canonical form lose it? */
function outgrows(before: string, after: string): boolean {
  const [old, fresh] = [before.split('\n'), after.split('\n')]
  const at = fresh.findIndex((line, index) => line !== old[index])
  return (fresh[at]?.length ?? 0) > lineWidth && (old[at]?.length ?? 0) <= lineWidth
}

/** The outermost `{ … }` around the place, if it was written in canonical form, opened up into lines of its own. */
function* unfolded(text: string, root: YamlNode, change: Change, shape: Shape): Generator<string> {
  for (let length = 1; length < change.path.length; length += 1) {
    const path = change.path.slice(0, length)
    const node = nodeAt(root, path)
    if (node === undefined || node.kind === 'scalar' || !node.flow) continue
    if (text.slice(node.start, node.end) !== inlineText(fromData(dataOf(node)))) return
    const whole = withValue(dataOf(node), { ...change, path: change.path.slice(length) })
    yield* replaceValue(text, root, path, arrange(fromData(whole), shapeAt(shape, path)))
    return
  }
}

/** Adds at the deepest map or list that is there; what is missing below it comes along with the value. */
function* addMissing(text: string, root: YamlNode, { path, value }: Change, shape: Shape): Generator<string> {
  let depth = 0
  while (depth < path.length - 1 && nodeAt(root, path.slice(0, depth + 1)) !== undefined) depth += 1
  const key = path[depth]
  if (key === undefined || value === undefined) return
  const nested = path
    .slice(depth + 1)
    .reduceRight<Json>((inner, step) => (typeof step === 'number' ? [inner] : { [step]: inner }), value)
  const holder = path.slice(0, depth)
  yield* addEntry(text, root, { path: holder, key, value: nested, shape: shapeAt(shape, holder) })
}

function shapeAt(shape: Shape, path: DocumentPath): Shape {
  return path.reduce<Shape>((level, key) => {
    const own = level.fields && Object.hasOwn(level.fields, key) ? level.fields[String(key)] : undefined
    return own ?? level.each ?? {}
  }, shape)
}

/** The first candidate that reads back as what was wanted. */
function exact(before: YamlText, wanted: Json, candidates: Iterable<string>): YamlText {
  for (const candidate of candidates) {
    const after = parseYaml(candidate)
    const clean = after.sound && after.problems.length <= before.problems.length
    if (clean && isDeepStrictEqual(after.data, wanted)) return after
  }
  throw new AppError('internal', { message: 'The edit could not be written.' })
}

/** The data after the change; whatever stands in the way of the path gives way to it. */
function withValue(data: Json, { path, value, insert }: Change): Json {
  const [key, ...rest] = path
  if (key === undefined) return value ?? null
  const below = (child: Json | undefined): Json =>
    withValue(child ?? null, { path: rest, value, ...(insert && { insert }) })
  const last = rest.length === 0
  if (Array.isArray(data) || (typeof key === 'number' && !isJsonObject(data))) {
    const copy = Array.isArray(data) ? [...(data as readonly Json[])] : []
    const index = Math.min(Number(key), copy.length)
    if (last && value === undefined) copy.splice(index, 1)
    else if (last && insert) copy.splice(index, 0, value as Json)
    else copy[index] = below(copy[index])
    return copy
  }
  const record = isJsonObject(data) ? data : {}
  const name = String(key)
  const own = Object.hasOwn(record, name) ? record[name] : undefined
  if (value === undefined && own === undefined) return data
  if (last && value === undefined) {
    const { [name]: _, ...others } = record
    return others
  }
  return { ...record, [name]: below(own) }
}
