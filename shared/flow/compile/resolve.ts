// Pass 2: configs are parsed, Prompts put in, and each node says which ports it has and what it needs.
import type { Effects, Ports } from '../definition.ts'
import type { Problem } from '../diagnostics.ts'
import type { FlowEdit } from '../edit.ts'
import type { Inlet, Outlet } from '../ports.ts'
import { portNamePattern } from '../schema.ts'
import { parseConfig, unusable } from './config.ts'
import type { CompileEnv } from './env.ts'
import { frozenCopy } from './frozen.ts'
import type { GraphNode } from './graph.ts'
import type { LiftedNode } from './migrate.ts'
import { checkPolicy, policyOf } from './policy.ts'
import { error, fieldOf, pathIn, type Report } from './report.ts'
import { checkTargets } from './targets.ts'

/** Null when its ports cannot be known; then the reason was reported. */
export function resolve(lifted: LiftedNode, env: CompileEnv, report: Report): GraphNode | null {
  const parsed = parseConfig(lifted, report)
  if (!parsed) return null
  try {
    const linked = link(lifted, parsed.config, env, report)
    return linked && describe(lifted, frozenCopy(linked.config), env, report)
  } catch (thrown) {
    report(unusable(lifted, thrown))
    return null
  }
}

/** Null when a Prompt is missing: the ports depend on its text. */
function link(
  lifted: LiftedNode,
  config: unknown,
  env: CompileEnv,
  report: Report,
): { readonly config: unknown } | null {
  const { id, definition } = lifted
  const wanted: readonly { readonly ref: string; readonly field: string }[] =
    definition.prompts?.(config) ?? []
  const found = new Map(wanted.map(({ ref }) => [ref, env.prompt(ref)]))
  let missing = false
  for (const { ref, field } of wanted) {
    if (found.get(ref)) continue
    missing = true
    const at = fieldOf(id, ['config', ...pathIn(lifted.config, field)])
    const message = `node "${id}" names the prompt "${ref}", and there is no such prompt version`
    report(error('reference_unresolved', { at, message }))
  }
  if (missing) return null
  if (!definition.link) return { config }
  const prompt = (ref: string) => {
    const one = found.get(ref) ?? env.prompt(ref)
    if (!one) throw new Error(`the prompt "${ref}" is not there`)
    return one
  }
  return { config: definition.link(config, prompt) }
}

function describe(lifted: LiftedNode, config: unknown, env: CompileEnv, report: Report): GraphNode | null {
  const { id, node, definition } = lifted
  const common = definition.common ?? { when: true, error: true }
  const inlets = portsOf<Inlet>(definition.inputs, config)
  const outlets = portsOf<Outlet>(definition.outputs, config)
  const wrong = wrongPort(inlets, common.when && 'when') ?? wrongPort(outlets, common.error && 'error')
  if (wrong !== undefined) {
    const why =
      wrong === 'when' || wrong === 'error'
        ? `every ${node.type} node has a "${wrong}" already`
        : 'it is no name'
    const message = `"${id}" cannot have a port "${wrong}": ${why}`
    report(error('config_invalid', { at: { node: id, port: wrong, path: ['nodes', id, 'config'] }, message }))
    return null
  }
  if (node.scope !== undefined) report(scoped(lifted))
  const effects: Effects =
    typeof definition.effects === 'function' ? definition.effects(config) : definition.effects
  const mode = modeOf(lifted, inlets, outlets, report)
  const graphNode: GraphNode = {
    id,
    node,
    definition,
    raw: lifted.config,
    config,
    inlets,
    outlets,
    common,
    mode,
    policy: policyOf(frozenCopy(node.policy ?? {}), definition, effects),
    effects: mode === 'on' ? effects : 'pure',
    exclusive: definition.exclusive?.(config) ?? [],
    tries: mode === 'on' ? frozenCopy(definition.tries?.(config) ?? null) : null,
    request: frozenCopy(definition.request?.(config) ?? null),
    answer: frozenCopy(definition.answer?.(config) ?? null),
    targets: definition.targets?.(config) ?? [],
    hosts: definition.hosts?.(config) ?? [],
    systemInlets: definition.systemInlets?.(config) ?? [],
    unhandled: new Map(
      Object.entries(definition.unhandled ?? {}).map(([outlet, code]) => [
        outlet,
        { input: code(config, 'input'), output: code(config, 'output') },
      ]),
    ),
  }
  checkPolicy(graphNode, effects, report)
  checkTargets(graphNode, env, report)
  return graphNode
}

function portsOf<P>(
  ports: Ports<P> | ((config: unknown) => Ports<P>),
  config: unknown,
): ReadonlyMap<string, P> {
  return new Map(Object.entries(typeof ports === 'function' ? ports(config) : ports))
}

/** Ports that may not be called what they are called. */
function wrongPort(ports: ReadonlyMap<string, unknown>, reserved: string | false): string | undefined {
  return [...ports.keys()].find((name) => name === reserved || !portNamePattern.test(name))
}

function modeOf(
  { id, node }: LiftedNode,
  inlets: ReadonlyMap<string, Inlet>,
  outlets: ReadonlyMap<string, Outlet>,
  report: Report,
): GraphNode['mode'] {
  if (node.mode !== 'bypass') return node.mode ?? 'on'
  const [first] = inlets
  const like = [...outlets].find(
    ([, outlet]) =>
      first && (outlet.sameAs === first[0] || (!outlet.sameAs && outlet.type === first[1].type)),
  )
  if (first && like) return { from: first[0], to: like[0] }
  const reason = first ? `no outlet has the type of its first inlet "${first[0]}"` : 'it has no inlet'
  const edits: FlowEdit[] = [{ op: 'unset', path: ['nodes', id, 'mode'] }]
  report(
    error('config_invalid', {
      at: fieldOf(id, ['mode']),
      message: `"${id}" cannot be bypassed: ${reason}`,
      fix: { title: `Switch ${id} on`, edits },
    }),
  )
  return 'on'
}

function scoped({ id, node }: LiftedNode): Problem {
  const edits: FlowEdit[] = [{ op: 'unset', path: ['nodes', id, 'scope'] }]
  return error('config_invalid', {
    at: fieldOf(id, ['scope']),
    message: `"${id}" stands inside of "${node.scope}", but no node type of this version holds other nodes`,
    fix: { title: `Take ${id} out of ${node.scope}`, edits },
  })
}
