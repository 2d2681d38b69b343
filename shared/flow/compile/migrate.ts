// Pass 1: finds the definition of each node and lifts an old config to the version of today.
import type { JsonObject } from '../../json.ts'
import type { AnyNodeDefinition } from '../definition.ts'
import { didYouMean } from '../diagnostics.ts'
import type { FlowNode } from '../types.ts'
import type { CompileEnv } from './env.ts'
import { error, hint, type Report } from './report.ts'
import type { ShapedFlow } from './shape.ts'

export interface LiftedNode {
  readonly id: string
  readonly node: FlowNode
  readonly definition: AnyNodeDefinition
  /** As the current version of the type writes it. */
  readonly config: JsonObject
}

/** Null stands for a node that cannot be understood; it was reported. */
export function migrate(
  flow: ShapedFlow,
  env: CompileEnv,
  report: Report,
): ReadonlyMap<string, LiftedNode | null> {
  return new Map(flow.nodes.map(({ id, node }) => [id, node && lift(id, node, env, report)]))
}

function lift(id: string, node: FlowNode, env: CompileEnv, report: Report): LiftedNode | null {
  const definition = env.definitions.get(node.type)
  if (!definition) {
    report(unknownType(id, node, env))
    return null
  }
  const version = node.v ?? 1
  const path = ['nodes', id, 'v']
  if (version > definition.version) {
    const message = `node "${id}" has version ${version} of ${node.type} config; this Sluice knows up to ${definition.version}, a later one is needed`
    report(error('newer_format', { at: { node: id, field: 'v', path }, message }))
    return null
  }
  let config = node.config ?? {}
  for (let next = version + 1; next <= definition.version; next += 1) {
    const step = definition.migrate?.[next]
    if (!step) continue
    try {
      config = step(config)
    } catch {
      const message = `the ${node.type} config of "${id}" cannot be lifted from version ${next - 1} to ${next}`
      report(error('config_invalid', { at: { node: id, path: ['nodes', id, 'config'] }, message }))
      return null
    }
  }
  return { id, node, definition, config }
}

function unknownType(id: string, node: FlowNode, env: CompileEnv) {
  const close = didYouMean(node.type, env.definitions.keys())
  const path = ['nodes', id, 'type']
  return error('unknown_type', {
    at: { node: id, field: 'type', path },
    message: `unknown node type "${node.type}"${hint(node.type, env.definitions.keys())}`,
    ...(close === undefined
      ? {}
      : { fix: { title: `Change it to ${close}`, edits: [{ op: 'set', path, value: close }] } }),
  })
}
