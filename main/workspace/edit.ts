// Edits that touch only the lines of what is edited (flow-file.md 1.5): comments, order, quoting and spacing elsewhere
// stay byte for byte.
import { edgeText, type FlowEdit, parseEdge } from '#shared/flow/edit.ts'
import type { FlowNode } from '#shared/flow/types.ts'
import { isJsonObject, type Json } from '#shared/json.ts'
import { applyEdit } from './apply-edit.ts'
import { arrange, type DocumentKind, shapeFor } from './shapes.ts'
import { renameKey } from './splice.ts'
import { parseYaml, type YamlText } from './yaml-parse.ts'
import { type DocumentPath, entryAt, nodeAt } from './yaml-tree.ts'
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
  return edits.reduce((document, edit) => applyEdit(document, edit, shape), parseYaml(text)).text
}

/** Flow edits on the text of a `*.flow.yaml`; those that name what is not there change nothing. */
export function editFlowText(text: string, edits: readonly FlowEdit[]): string {
  return edits.reduce(applyFlowEdit, parseYaml(text)).text
}

function applyFlowEdit(document: YamlText, edit: FlowEdit): YamlText {
  switch (edit.op) {
    case 'add-node':
      return set(document, ['nodes', edit.id], canonicalNode(edit.node))
    case 'remove-node':
      return removeEdges(set(document, ['nodes', edit.id], undefined), (edge) => touches(edge, edit.id))
    case 'rename-node':
      return renameNode(document, edit)
    case 'add-edge':
      return addEdge(document, edit.edge)
    case 'remove-edge':
      return removeEdges(document, (edge) => edge === edit.edge)
    case 'set':
      return set(document, edit.path, edit.value)
    case 'unset':
      return set(document, edit.path, undefined)
  }
}

function set(document: YamlText, path: DocumentPath, value: Json | undefined): YamlText {
  return applyEdit(document, { path, value }, shapeFor('flow'))
}

function canonicalNode(node: FlowNode): Json {
  const each = shapeFor('flow').fields?.nodes?.each ?? {}
  return toData(arrange(fromData(node as unknown as Json), each))
}

function edgesOf({ data }: YamlText): readonly string[] {
  const edges = isJsonObject(data) ? data.edges : undefined
  return Array.isArray(edges) ? edges.map(String) : []
}

/** In its place where the edges stand in order, else at the end. */
function addEdge(document: YamlText, edge: string): YamlText {
  const edges = edgesOf(document)
  if (edges.includes(edge)) return document
  const sorted = edges.every((each, index) => index === 0 || (edges[index - 1] as string) < each)
  const at = sorted ? edges.findIndex((each) => each > edge) : -1
  const path = ['edges', at === -1 ? edges.length : at]
  return applyEdit(document, { path, value: edge, insert: true }, shapeFor('flow'))
}

function removeEdges(document: YamlText, which: (edge: string) => boolean): YamlText {
  const indices = edgesOf(document).flatMap((edge, index) => (which(edge) ? [index] : []))
  return indices.reverse().reduce((current, index) => set(current, ['edges', index], undefined), document)
}

function touches(edge: string, id: string): boolean {
  const ends = parseEdge(edge)
  return ends?.from.node === id || ends?.to.node === id
}

function renameNode(document: YamlText, { id, to }: { readonly id: string; readonly to: string }): YamlText {
  const { text, root, data } = document
  const nodes = isJsonObject(data) ? data.nodes : undefined
  const holder = nodeAt(root, ['nodes'])
  const pair = entryAt(root, ['nodes', id])
  if (!isJsonObject(nodes) || pair === undefined || !('key' in pair) || Object.hasOwn(nodes, to))
    return document
  let current = parseYaml(renameKey(text, pair, to, holder?.kind === 'map' && holder.flow))
  for (const [name, node] of Object.entries(nodes)) {
    if (!isJsonObject(node) || node.scope !== id) continue
    current = set(current, ['nodes', name === id ? to : name, 'scope'], to)
  }
  edgesOf(document).forEach((edge, index) => {
    const ends = parseEdge(edge)
    if (!ends || !touches(edge, id)) return
    const end = (side: typeof ends.from) => (side.node === id ? { ...side, node: to } : side)
    current = set(current, ['edges', index], edgeText({ from: end(ends.from), to: end(ends.to) }))
  })
  return current
}
