// Edits that touch only the lines of what is edited (flow-file.md 1.5): comments, order, quoting and spacing elsewhere
// stay byte for byte.
import { edgeText, type FlowEdit, parseEdge } from '#shared/flow/edit.ts'
import type { FlowNode } from '#shared/flow/types.ts'
import { isJsonObject, type Json } from '#shared/json.ts'
import { applyEdit } from './apply-edit.ts'
import { arrange, type DocumentKind, type Shape, shapeFor } from './shapes.ts'
import { renameKey } from './splice.ts'
import { type DocumentPath, entryAt, nodeAt, parseYaml } from './yaml-tree.ts'
import { fromData, toData } from './yaml-write.ts'

export interface YamlEdit {
  readonly path: DocumentPath
  /** Undefined removes what stands there. */
  readonly value: Json | undefined
}

/** @example editYamlText(text, [{ path: ['endpoints', 'support-answer', 'labels', 'production'], value: 13 }]) */
export function editYamlText(
  text: string,
  edits: readonly YamlEdit[],
  kind: DocumentKind = 'project',
): string {
  const shape = shapeFor(kind)
  return edits.reduce((current, edit) => applyEdit(current, edit, shape), text)
}

/** Flow edits on the text of a `*.flow.yaml`; those that name what is not there change nothing. */
export function editFlowText(text: string, edits: readonly FlowEdit[]): string {
  const shape = shapeFor('flow')
  return edits.reduce((current, edit) => applyFlowEdit(current, edit, shape), text)
}

function applyFlowEdit(text: string, edit: FlowEdit, shape: Shape): string {
  const set = (current: string, path: DocumentPath, value: Json | undefined) =>
    applyEdit(current, { path, value }, shape)
  switch (edit.op) {
    case 'add-node':
      return set(text, ['nodes', edit.id], canonicalNode(edit.node, shape))
    case 'remove-node':
      return removeEdges(set(text, ['nodes', edit.id], undefined), shape, (edge) => touches(edge, edit.id))
    case 'rename-node':
      return renameNode(text, edit, shape)
    case 'add-edge': {
      const edges = edgesOf(text)
      if (edges.includes(edit.edge)) return text
      const sorted = edges.every((edge, index) => index === 0 || (edges[index - 1] as string) < edge)
      const at = sorted ? edges.findIndex((edge) => edge > edit.edge) : -1
      const path = ['edges', at === -1 ? edges.length : at]
      return applyEdit(text, { path, value: edit.edge, insert: true }, shape)
    }
    case 'remove-edge':
      return removeEdges(text, shape, (edge) => edge === edit.edge)
    case 'set':
      return set(text, edit.path, edit.value)
    case 'unset':
      return set(text, edit.path, undefined)
  }
}

function canonicalNode(node: FlowNode, shape: Shape): Json {
  const each = shape.fields?.nodes?.each ?? {}
  return toData(arrange(fromData(node as unknown as Json), each))
}

function edgesOf(text: string): readonly string[] {
  const { data } = parseYaml(text)
  const edges = isJsonObject(data) ? data.edges : undefined
  return Array.isArray(edges) ? edges.map(String) : []
}

function removeEdges(text: string, shape: Shape, which: (edge: string) => boolean): string {
  let current = text
  edgesOf(text)
    .flatMap((edge, index) => (which(edge) ? [index] : []))
    .reverse()
    .forEach((index) => {
      current = applyEdit(current, { path: ['edges', index], value: undefined }, shape)
    })
  return current
}

function touches(edge: string, id: string): boolean {
  const ends = parseEdge(edge)
  return ends?.from.node === id || ends?.to.node === id
}

function renameNode(text: string, { id, to }: { id: string; to: string }, shape: Shape): string {
  const { root, data } = parseYaml(text)
  const nodes = isJsonObject(data) ? data.nodes : undefined
  const pair = entryAt(root, ['nodes', id])
  if (!isJsonObject(nodes) || pair === undefined || !('key' in pair) || Object.hasOwn(nodes, to)) return text
  const holder = nodeAt(root, ['nodes'])
  let current = renameKey(text, pair, to, holder?.kind === 'map' && holder.flow)
  for (const [name, node] of Object.entries(nodes)) {
    if (!isJsonObject(node) || node.scope !== id) continue
    current = applyEdit(current, { path: ['nodes', name === id ? to : name, 'scope'], value: to }, shape)
  }
  edgesOf(text).forEach((edge, index) => {
    const ends = parseEdge(edge)
    if (!ends || !touches(edge, id)) return
    const end = (side: typeof ends.from) => (side.node === id ? { ...side, node: to } : side)
    current = applyEdit(
      current,
      { path: ['edges', index], value: edgeText({ from: end(ends.from), to: end(ends.to) }) },
      shape,
    )
  })
  return current
}
