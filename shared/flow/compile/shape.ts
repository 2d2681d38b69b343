// Before the passes: takes a flow as it comes, names everything that is no flow and goes on with the rest, so that one
// wrong policy does not hide the problems of the other nodes.
import type { z } from 'zod'
import { readIssues } from '../../project/issues.ts'
import type { FlowEdit } from '../edit.ts'
import { edgePattern } from '../edit.ts'
import { jsonFault } from '../json-fault.ts'
import { flowNodeSchema, maxEdges, maxNodes, nodeIdPattern } from '../schema.ts'
import type { FlowNode } from '../types.ts'
import { error, type Path, type Report } from './report.ts'

export interface ShapedFlow {
  readonly slug: string
  /** Sorted by id; a node without a usable type has null. */
  readonly nodes: readonly { readonly id: string; readonly node: FlowNode | null }[]
  /** Sorted by text; `at` is the index in the document. */
  readonly edges: readonly { readonly text: string; readonly at: number }[]
}

export function shape(flow: unknown, report: Report): ShapedFlow {
  const { slug, nodes, edges } = isMap(flow) ? flow : {}
  return {
    slug: typeof slug === 'string' ? slug : '',
    nodes: shapeNodes(nodes, report),
    edges: shapeEdges(edges, report),
  }
}

function shapeNodes(nodes: unknown, report: Report): ShapedFlow['nodes'] {
  if (!isMap(nodes)) {
    report(
      error('wrong_value', { at: { path: ['nodes'] }, message: '"nodes" must be a map from id to node' }),
    )
    return []
  }
  const ids = Object.keys(nodes).sort()
  if (ids.length > maxNodes) {
    const message = `${ids.length} nodes; a flow has ${maxNodes} at the most`
    report(error('file_limit', { at: { path: ['nodes'] }, message }))
    return []
  }
  return ids.flatMap((id) => {
    if (nodeIdPattern.test(id)) return [{ id, node: shapeNode(id, nodes[id], report) }]
    const message = `"${id}" is no node id: a small letter, then up to 39 of a-z, 0-9 and _`
    report(error('wrong_value', { at: { path: ['nodes', id] }, message }))
    return []
  })
}

function shapeNode(id: string, node: unknown, report: Report): FlowNode | null {
  const path: Path = ['nodes', id]
  const fault = jsonFault(node)
  if (fault) {
    report(error('wrong_value', { at: { node: id, path: [...path, ...fault.path] }, message: fault.message }))
    return null
  }
  const read = flowNodeSchema.safeParse(node)
  if (read.success) return read.data
  for (const issue of readIssues(flowNodeSchema, read.error, node, `node "${id}"`)) {
    const at = { node: id, field: issue.path.join('.'), path: [...path, ...issue.path] }
    const edits: FlowEdit[] = [{ op: 'unset', path: at.path }]
    const fix = { title: `Remove "${issue.path.join('.')}"`, edits }
    const removable = issue.path.length > 0 && issue.path[0] !== 'type'
    report(error(issue.code, { at, message: issue.message, ...(removable ? { fix } : {}) }))
  }
  return isMap(node) ? salvage(node) : null
}

/** The fields of a node that are right on their own. */
function salvage(node: Readonly<Record<string, unknown>>): FlowNode | null {
  const schemas: Readonly<Record<string, z.ZodType>> = flowNodeSchema.shape
  const right = Object.entries(schemas).flatMap(([key, schema]) => {
    if (!Object.hasOwn(node, key)) return []
    const read = schema.safeParse(node[key])
    return read.success ? [[key, read.data] as const] : []
  })
  const fields = Object.fromEntries(right)
  return typeof fields.type === 'string' ? (fields as unknown as FlowNode) : null
}

function shapeEdges(edges: unknown, report: Report): ShapedFlow['edges'] {
  if (!Array.isArray(edges)) {
    report(error('wrong_value', { at: { path: ['edges'] }, message: '"edges" must be a list of texts' }))
    return []
  }
  if (edges.length > maxEdges) {
    const message = `${edges.length} edges; a flow has ${maxEdges} at the most`
    report(error('file_limit', { at: { path: ['edges'] }, message }))
    return []
  }
  const seen = new Set<string>()
  const fitting = Array.from(edges as readonly unknown[]).flatMap((text, at) => {
    const path: Path = ['edges', at]
    if (typeof text !== 'string' || !edgePattern.test(text)) {
      report(malformed(text, path))
      return []
    }
    if (!seen.has(text)) {
      seen.add(text)
      return [{ text, at }]
    }
    const edits: FlowEdit[] = [
      { op: 'remove-edge', edge: text },
      { op: 'add-edge', edge: text },
    ]
    const fix = { title: 'Keep it once', edits }
    report(
      error('wrong_value', { at: { edge: text, path }, message: `the edge "${text}" is there twice`, fix }),
    )
    return []
  })
  return fitting.sort((a, b) => (a.text < b.text ? -1 : 1))
}

const looseEdge = /^\s*([\w-]+\s*\.\s*[\w-]+)\s*(?:-+>|=+>|→)\s*([\w-]+\s*\.\s*[\w-]+)\s*$/

function malformed(text: unknown, path: Path) {
  const [, from, to] = (typeof text === 'string' && text.length < 300 && looseEdge.exec(text)) || []
  const meant = from && to ? `${from.replace(/\s/g, '')} -> ${to.replace(/\s/g, '')}` : ''
  const shown = typeof text === 'string' ? JSON.stringify(text.slice(0, 120)) : 'this'
  const edits: FlowEdit[] = [{ op: 'set', path, value: meant }]
  return error('wrong_value', {
    at: { ...(typeof text === 'string' ? { edge: text } : {}), path },
    message: `${shown} is no edge; write "node.port -> node.port"`,
    ...(edgePattern.test(meant) ? { fix: { title: `Write "${meant}"`, edits } } : {}),
  })
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
