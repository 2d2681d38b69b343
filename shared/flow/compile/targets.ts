// What a node contacts: models behind Connections, and hosts.
import type { Capability } from '../definition.ts'
import { didYouMean } from '../diagnostics.ts'
import type { FlowEdit } from '../edit.ts'
import type { CompileEnv, ConnectionFacts } from './env.ts'
import type { GraphNode } from './graph.ts'
import { error, fieldOf, findText, hint, type Path, type Report, warning } from './report.ts'

export function connectionOf(target: string, env: CompileEnv): ConnectionFacts | undefined {
  const slash = target.indexOf('/')
  const name = slash < 0 ? target : target.slice(0, slash)
  return Object.hasOwn(env.connections, name) ? env.connections[name] : undefined
}

/** Where a target stands in the config of its node. */
export function targetPath(node: GraphNode, target: string): Path {
  return ['config', ...(findText(node.raw, target) ?? [])]
}

export function checkTargets(node: GraphNode, env: CompileEnv, report: Report): void {
  if (node.mode !== 'on') return
  for (const target of new Set(node.targets)) checkTarget(node, target, env, report)
  requireOf(node, node.definition.needs?.(node.config) ?? [], env, report)
  const { hosts } = env.policies
  for (const host of hosts ? new Set(node.hosts) : []) {
    if (hosts?.some((allowed) => matchesHost(host, allowed))) continue
    const at = fieldOf(node.id, ['config'])
    const message = `"${node.id}" contacts ${host}, which policies.hosts of the project does not allow; such calls end with policy_denied`
    report(warning('config_invalid', { at, message }))
  }
}

function checkTarget(node: GraphNode, target: string, env: CompileEnv, report: Report): void {
  const path = targetPath(node, target)
  const at = fieldOf(node.id, path)
  const connection = connectionOf(target, env)
  if (!connection) {
    const name = target.split('/', 1)[0] ?? ''
    const close = didYouMean(name, Object.keys(env.connections))
    const value = `${close}${target.slice(name.length)}`
    const edits: FlowEdit[] = [{ op: 'set', path: ['nodes', node.id, ...path], value }]
    report(
      error('reference_unresolved', {
        at,
        message: `node "${node.id}" names the connection "${name}", which the project does not have${hint(name, Object.keys(env.connections))}`,
        ...(close !== undefined && path.length > 1 ? { fix: { title: `Change it to ${value}`, edits } } : {}),
      }),
    )
    return
  }
  const { models } = env.policies
  if (models && !models.some((glob) => matchesGlob(target, glob))) {
    const message = `policies.models of the project does not allow "${target}"`
    report(error('model_not_allowed', { at, message, ...withoutTarget(node, path) }))
  }
  const facts = env.model(target)
  if (!facts && (connection.catalogue ?? !connection.local)) {
    const message = `the model of "${target}" is not known for ${connection.provider}; it is used as it is written`
    report(warning('unknown_model', { at, message }))
  }
  if (!connection.local && !facts?.priced) {
    report(
      warning('price_unknown', {
        at,
        message: `the price of "${target}" is not known, so its cost is not counted`,
      }),
    )
  }
}

/** Each target of the node must be able to do this, as far as anything is known about it. */
export function requireOf(
  node: GraphNode,
  needs: readonly Capability[],
  env: CompileEnv,
  report: Report,
): void {
  if (node.mode !== 'on') return
  for (const target of new Set(node.targets)) {
    for (const need of needs) {
      if (env.model(target)?.[need] !== false) continue
      const path = targetPath(node, target)
      const message = `"${node.id}" needs ${words[need]}, which "${target}" cannot do`
      report(
        error('capability_missing', { at: fieldOf(node.id, path), message, ...withoutTarget(node, path) }),
      )
    }
  }
}

const words = {
  tools: 'tool calls',
  images: 'images as input',
  schema: 'answers that follow a schema',
  json: 'answers in JSON',
} as const satisfies Record<Capability, string>

/** The fix that leaves out one of several targets of a list. */
function withoutTarget(node: GraphNode, path: Path) {
  const list = path
    .slice(1, -1)
    .reduce<unknown>((level, key) => (level as Readonly<Record<string, unknown>>)[key], node.raw)
  if (!Array.isArray(list) || list.length < 2) return {}
  const edits: FlowEdit[] = [{ op: 'unset', path: ['nodes', node.id, ...path] }]
  return { fix: { title: `Leave out ${String(list[Number(path.at(-1))])}`, edits } }
}

/** `*` stands for any text. Linear: on a mismatch only the last star is tried longer. */
export function matchesGlob(text: string, glob: string): boolean {
  let at = 0
  let star = -1
  let mark = 0
  let position = 0
  while (position < text.length) {
    if (glob[at] === '*') {
      star = at
      mark = position
      at += 1
    } else if (glob[at] === text[position]) {
      at += 1
      position += 1
    } else if (star >= 0) {
      mark += 1
      at = star + 1
      position = mark
    } else return false
  }
  while (glob[at] === '*') at += 1
  return at === glob.length
}

function matchesHost(host: string, allowed: string): boolean {
  const [given, listed] = [host.toLowerCase(), allowed.toLowerCase()]
  return listed.startsWith('*.')
    ? given.endsWith(listed.slice(1))
    : given === listed || given.split(':')[0] === listed
}

/** This machine: nothing that goes there leaves it. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost\.?|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$|^::1$/i.test(host)
}
