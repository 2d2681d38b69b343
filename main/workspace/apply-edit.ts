// One change of a YAML document, as the smallest cut into its text. Every cut is read back; if a text is too odd to be cut
// precisely, what holds the place is written anew.
import { isDeepStrictEqual } from 'node:util'
import { AppError } from '#shared/errors.ts'
import type { Json } from '#shared/json.ts'
import { type Change, changedTree, wrapped, writtenAt } from './change.ts'
import { difference, identical } from './difference.ts'
import { arrange, type Shape } from './shapes.ts'
import { addEntry, removeEntry, replaceValue } from './splice.ts'
import { withComments } from './yaml-comments.ts'
import { parseYaml, type YamlText } from './yaml-parse.ts'
import { type DocumentPath, dataOf, entryAt, nodeAt, type YamlNode } from './yaml-tree.ts'
import { documentLines, fromData, inlineText, lineWidth, toData, type Written } from './yaml-write.ts'

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
  if (present === undefined && value === undefined) return document
  if (value !== undefined && present !== undefined && !insert) {
    const steps = difference(present, value, path)
    if (steps.length !== 1 || steps[0]?.path.length !== path.length) {
      return steps.reduce((current, step) => applyEdit(current, step, shape), document)
    }
  }
  return exact(document, change, cuts(document, root, change, shape))
}

/** Candidates from the smallest cut to the whole document written anew, with its comments. */
function* cuts(document: YamlText, root: YamlNode, change: Change, shape: Shape): Generator<string> {
  const { text } = document
  const { path } = change
  const small = [...smallest(text, root, change, shape)]
  if (small[0] !== undefined && outgrows(text, small[0])) yield* unfolded(text, root, change, shape)
  yield* small
  const changed = changedTree(withComments(document), change)
  for (let length = path.length - 1; length > 0; length -= 1) {
    const holder = writtenAt(changed, path.slice(0, length))
    if (holder !== undefined) yield* replaceValue(text, root, path.slice(0, length), holder)
  }
  yield `${documentLines(changed).join('\n')}\n`
}

/** In canonical order and without what says nothing; exactly as given, where that matters. */
function* smallest(text: string, root: YamlNode, change: Change, shape: Shape): Generator<string> {
  const { path, value, insert } = change
  const present = entryAt(root, path) !== undefined && !insert
  if (value === undefined) {
    yield* removeEntry(text, root, path)
    return
  }
  const written = fromData(value)
  if (present) {
    yield* replaceValue(text, root, path, arrange(written, shapeAt(shape, path)))
    yield* replaceValue(text, root, path, written)
  } else yield* addMissing(text, root, { path, value: written }, shape)
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
    const whole = changedTree(fromData(dataOf(node)), { ...change, path: change.path.slice(length) })
    yield* replaceValue(text, root, path, arrange(whole, shapeAt(shape, path)))
    return
  }
}

/** Adds at the deepest map or list that is there; what is missing below it comes along with the value. */
function* addMissing(
  text: string,
  root: YamlNode,
  { path, value }: { readonly path: DocumentPath; readonly value: Written },
  shape: Shape,
): Generator<string> {
  let depth = 0
  while (depth < path.length - 1 && nodeAt(root, path.slice(0, depth + 1)) !== undefined) depth += 1
  const key = path[depth]
  if (key === undefined) return
  const nested = path.slice(depth + 1).reduceRight<Written>((inner, step) => wrapped(step, inner), value)
  const place = { path: path.slice(0, depth), key, shape: shapeAt(shape, path.slice(0, depth)) }
  yield* addEntry(text, root, { ...place, value: arrange(nested, shapeAt(shape, path.slice(0, depth + 1))) })
  yield* addEntry(text, root, { ...place, value: nested })
}

function shapeAt(shape: Shape, path: DocumentPath): Shape {
  return path.reduce<Shape>((level, key) => {
    const own = level.fields && Object.hasOwn(level.fields, key) ? level.fields[String(key)] : undefined
    return own ?? level.each ?? {}
  }, shape)
}

/** The first candidate that reads back as what was wanted. */
function exact(before: YamlText, change: Change, candidates: Iterable<string>): YamlText {
  const wanted = withValue(before.data ?? null, change)
  for (const candidate of candidates) {
    const after = parseYaml(candidate)
    const clean = after.sound && after.problems.length <= before.problems.length
    if (clean && isDeepStrictEqual(after.data, wanted) && keepsOrder(after, change)) return after
  }
  throw new AppError('internal', { message: 'The edit could not be written.' })
}

function keepsOrder({ root }: YamlText, { path, value }: Change): boolean {
  const node = value === undefined ? undefined : nodeAt(root, path)
  return node === undefined || !path.includes('config') || identical(dataOf(node), value as Json)
}

function withValue(data: Json, change: Change): Json {
  return toData(changedTree(fromData(data), change))
}
