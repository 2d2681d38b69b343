// The text whose SHA-256 names a Version (flow-file 8). Two flows have the same text exactly when they do the same.
//
// What counts: of each node `type`, `v`, `tags`, `scope`, `mode`, `config`, `policy` and `stub`, as they are written
// (defaults are not filled in, old configs not lifted, so a later release finds the same hash); and the edges.
// A Prompt reference counts as the hash of the Prompt it names, so `answer@3` and `answer@production` are the same
// while the Label points to 3.
//
// What does not count: `title` and `note` of nodes, `name`, `description`, `tags` and `examples` of the flow, layout,
// comments, formatting, the order of keys and edges. The order of keys counts only in config maps that the node's
// schema marks with `.meta({ ordered: true })`: there it decides what happens (`switch.cases`).
import { z } from 'zod'
import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import { shapeOf } from '../project/walk.ts'
import { pathIn } from './compile/report.ts'
import type { AnyNodeDefinition } from './definition.ts'
import type { FlowContent, FlowNode, Prompt } from './types.ts'

/**
 * @param promptHash the content hash of a Prompt by reference; undefined leaves the reference as it is written
 * @example hash = `sha256:${sha256(contentText(content, promptHash, definitions))}`
 */
export function contentText(
  content: Pick<FlowContent, 'nodes' | 'edges'>,
  promptHash: (ref: string) => string | undefined,
  definitions: ReadonlyMap<string, AnyNodeDefinition>,
): string {
  const nodes = Object.entries(content.nodes).map(([id, node]): [string, Json] => {
    const { title: _title, note: _note, ...counted } = node
    if (node.config === undefined) return [id, counted as unknown as Json]
    const definition = definitions.get(node.type)
    const config = definition ? replaceReferences(node, definition, promptHash) : node.config
    return [
      id,
      { ...counted, config: definition ? pairOrderedMaps(config, definition) : config } as unknown as Json,
    ]
  })
  return canonicalText({ edges: content.edges.toSorted(), nodes: Object.fromEntries(nodes) })
}

/** What of a Prompt reaches a model: its blocks, and of each variable the type and the default. */
export function promptText(prompt: Pick<Prompt, 'blocks' | 'variables'>): string {
  const variables = Object.entries(prompt.variables).map(([name, variable]): [string, Json] => [
    name,
    { type: variable.type, ...(variable.default === undefined ? {} : { default: variable.default }) },
  ])
  const blocks = prompt.blocks.map(({ role, text }) => ({ role, text }))
  return canonicalText({ blocks, variables: Object.fromEntries(variables) })
}

/** JSON with keys in code unit order and no spaces. */
export function canonicalText(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((each: Json) => canonicalText(each)).join(',')}]`
  const entries = Object.entries(value as JsonObject).filter(([, each]) => each !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonicalText(each)}`).join(',')}}`
}

function replaceReferences(
  node: FlowNode,
  definition: AnyNodeDefinition,
  promptHash: (ref: string) => string | undefined,
): JsonObject {
  const config = node.config ?? {}
  if (!definition.prompts) return config
  return referencesIn(config, node.v ?? 1, definition).reduce<JsonObject>((changed, { ref, field }) => {
    const hash = promptHash(ref)
    return hash === undefined
      ? changed
      : (replaceText(changed, pathIn(changed, field), ref, hash) as JsonObject)
  }, config)
}

/** A draft may hold anything: what cannot be read has no references. */
function referencesIn(config: JsonObject, version: number, definition: AnyNodeDefinition) {
  try {
    let lifted = config
    for (let next = version + 1; next <= definition.version; next += 1) {
      lifted = definition.migrate?.[next]?.(lifted) ?? lifted
    }
    const read = definition.config.safeParse(lifted)
    return (read.success && definition.prompts?.(read.data)) || []
  } catch {
    return []
  }
}

function replaceText(value: Json, path: readonly (string | number)[], text: string, by: string): Json {
  const [key, ...rest] = path
  if (key === undefined) return value === text ? by : value
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return value
  if (Array.isArray(value))
    return value.with(Number(key), replaceText(value[Number(key)] as Json, rest, text, by))
  const map = value as JsonObject
  return { ...map, [key]: replaceText(map[key] as Json, rest, text, by) }
}

/** `{ b: 1, a: 2 }` as `[["b", 1], ["a", 2]]`, so that sorting keys does not hide their order. */
function pairOrderedMaps(config: JsonObject, definition: AnyNodeDefinition): JsonObject {
  const fields = Object.entries(shapeOf(definition.config) ?? {})
  const ordered = new Set(fields.flatMap(([field, schema]) => (isOrdered(schema) ? [field] : [])))
  if (ordered.size === 0) return config
  return Object.fromEntries(
    Object.entries(config).map(([field, value]) => [
      field,
      ordered.has(field) && isJsonObject(value) ? Object.entries(value) : value,
    ]),
  )
}

function isOrdered(schema: z.core.$ZodType): boolean {
  if (z.globalRegistry.get(schema)?.ordered === true) return true
  const { innerType } = schema._zod.def as { readonly innerType?: z.core.$ZodType }
  return innerType !== undefined && isOrdered(innerType)
}
