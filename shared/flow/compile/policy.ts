// Policies of a node: what holds when nothing is said (nodes.md 1.6), and which of them could never act.
import type { codeGroups } from '../../errors.ts'
import type { Json } from '../../json.ts'
import type { AnyNodeDefinition, Effects } from '../definition.ts'
import type { StepPolicy } from '../plan.ts'
import type { PortType } from '../ports.ts'
import type { Policy } from '../types.ts'
import type { GraphNode } from './graph.ts'
import { error, fieldOf, hint, type Report, warning } from './report.ts'

const defaultTimeouts = { model: 60_000, http: 30_000, other: 10_000 } as const

export function policyOf(policy: Policy, definition: AnyNodeDefinition, effects: Effects): StepPolicy {
  const { upstream } = definition
  const retry = policy.retry ?? {}
  return {
    timeoutMs: policy.timeout_ms ?? defaultTimeouts[upstream ?? 'other'],
    firstTokenMs: policy.first_token_ms ?? 20_000,
    idleMs: policy.idle_ms ?? 30_000,
    retry: {
      tries: retry.tries ?? (upstream !== undefined && effects === 'reads' ? 2 : 1),
      on: retry.on ?? (['transient'] satisfies (keyof typeof codeGroups)[]),
      backoffMs: retry.backoff_ms ?? 500,
      maxBackoffMs: retry.max_backoff_ms ?? 8_000,
      jitter: retry.jitter ?? true,
    },
    onError: policy.on_error ?? 'fail',
    default: policy.default ?? null,
    concurrency: policy.concurrency ?? null,
    redact: policy.redact ?? [],
  }
}

/** `effects` are those of the node when it is on. */
export function checkPolicy(node: GraphNode, effects: Effects, report: Report): void {
  const { policy = {}, stub } = node.node
  if (policy.cache) refuse(node, 'cache', 'caching answers is not part of this version', report)
  if (node.definition.upstream !== 'model') {
    for (const name of ['first_token_ms', 'idle_ms'] as const) {
      if (policy[name] !== undefined) refuse(node, name, 'only model nodes have parts to wait for', report)
    }
  }
  if (policy.on_error === 'default' && policy.default === undefined) {
    refuse(node, 'on_error', 'policy.default must say which outlets get which value', report)
  }
  if (policy.default !== undefined && policy.on_error !== 'default') {
    refuse(node, 'default', 'it acts only with on_error: default', report)
  }
  if (policy.default !== undefined) checkValues(node, ['policy', 'default'], policy.default, report)
  policy.redact?.forEach((port, index) => {
    if (node.inlets.has(port) || node.outlets.has(port)) return
    const message = `"${node.id}" has no port "${port}" to redact${hint(port, [...node.inlets.keys(), ...node.outlets.keys()])}`
    const edits = [{ op: 'unset', path: ['nodes', node.id, 'policy', 'redact', index] }] as const
    report(
      error('config_invalid', {
        at: fieldOf(node.id, ['policy', 'redact', index]),
        message,
        fix: { title: `Remove "${port}"`, edits },
      }),
    )
  })
  if (stub !== undefined) checkStub(node, stub, effects, report)
  if (effects === 'writes' && (policy.retry?.tries ?? 1) > 1) {
    report(
      warning('retry_repeats_write', {
        at: fieldOf(node.id, ['policy', 'retry', 'tries']),
        message: `"${node.id}" may change something outside; a retry may change it twice`,
        fix: {
          title: 'Do not retry',
          edits: [{ op: 'unset', path: ['nodes', node.id, 'policy', 'retry', 'tries'] }],
        },
      }),
    )
  }
}

function refuse(node: GraphNode, name: string, why: string, report: Report): void {
  const path = ['policy', name]
  const edits = [{ op: 'unset', path: ['nodes', node.id, ...path] }] as const
  const message = `policy.${name} of "${node.id}" would have no effect: ${why}`
  report(
    error('config_invalid', {
      at: fieldOf(node.id, path),
      message,
      fix: { title: `Remove policy.${name}`, edits },
    }),
  )
}

function checkStub(
  node: GraphNode,
  stub: { readonly [outlet: string]: Json },
  effects: Effects,
  report: Report,
): void {
  checkValues(node, ['stub'], stub, report)
  if (effects === 'writes') return
  report(
    warning('not_enforced', {
      at: fieldOf(node.id, ['stub']),
      message: `the stub of "${node.id}" is never used: only nodes that change something outside are stubbed`,
      fix: { title: 'Remove the stub', edits: [{ op: 'unset', path: ['nodes', node.id, 'stub'] }] },
    }),
  )
}

/** Values by outlet, as `policy.default` and `stub` give them, must be ones that the node itself could give. */
function checkValues(
  node: GraphNode,
  path: readonly string[],
  values: { readonly [outlet: string]: Json },
  report: Report,
): void {
  const tell = (outlet: string, message: string) => {
    const edits = [{ op: 'unset', path: ['nodes', node.id, ...path, outlet] }] as const
    const at = { ...fieldOf(node.id, [...path, outlet]), port: outlet }
    report(error('config_invalid', { at, message, fix: { title: `Remove "${outlet}"`, edits } }))
  }
  const name = path.join('.')
  for (const [outlet, value] of Object.entries(values)) {
    const port = node.outlets.get(outlet)
    if (!port)
      tell(
        outlet,
        `${name} names "${outlet}", which is no outlet of "${node.id}"${hint(outlet, node.outlets.keys())}`,
      )
    else if (port.secret)
      tell(outlet, `the outlet "${outlet}" of "${node.id}" is secret and takes no fixed value`)
    else if (!fits(value, port.type))
      tell(
        outlet,
        `${name}: the outlet "${outlet}" of "${node.id}" is of type ${port.type}, this value is not`,
      )
  }
  for (const group of node.exclusive) {
    const [first, second] = group.filter((outlet) => Object.hasOwn(values, outlet))
    if (second !== undefined) tell(second, `${name}: only one of "${first}" and "${second}" can have a value`)
  }
}

function fits(value: Json, type: PortType): boolean {
  switch (type) {
    case 'any':
    case 'json':
      return true
    case 'text':
    case 'number':
    case 'boolean':
      return typeof value === (type === 'text' ? 'string' : type)
    case 'messages':
    case 'vector':
    case 'target':
      return Array.isArray(value)
    case 'image':
    case 'audio':
    case 'file':
    case 'tools':
    case 'error':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    default:
      return Array.isArray(value)
  }
}
