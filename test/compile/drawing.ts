// Short ways to write flows and to ask the compiler about them.
import { compile } from '#shared/flow/compile/compile.ts'
import type { CompileEnv } from '#shared/flow/compile/env.ts'
import type { AnyNodeDefinition } from '#shared/flow/definition.ts'
import type { Problem, ProblemCode } from '#shared/flow/diagnostics.ts'
import { applyEdits } from '#shared/flow/edit.ts'
import type { Plan, PlanStep } from '#shared/flow/plan.ts'
import type { Flow, FlowNode, Prompt } from '#shared/flow/types.ts'
import { madeUp } from './definitions.ts'

export function env(
  facts: Partial<CompileEnv> & { readonly prompts?: Readonly<Record<string, Prompt>> } = {},
): CompileEnv {
  const { prompts = {}, ...rest } = facts
  return {
    definitions: byType(madeUp),
    prompt: (ref) => (Object.hasOwn(prompts, ref) ? prompts[ref] : undefined),
    connections: {
      demo: { provider: 'simulator', local: true },
      openai: { provider: 'openai', local: false },
    },
    model: (target) => (target === 'openai/unheard-of' || target === 'demo/echo' ? undefined : everything),
    policies: {},
    ...rest,
  }
}

const everything = { context: 128_000, tools: true, images: true, schema: true, json: true, priced: true }

export function byType(definitions: readonly AnyNodeDefinition[]): ReadonlyMap<string, AnyNodeDefinition> {
  return new Map(definitions.map((definition) => [definition.type, definition]))
}

/** Nodes as `id: 'type'` or `id: { type, … }`, edges one per line. */
export function drawing(nodes: Readonly<Record<string, string | FlowNode>>, edges = ''): Flow {
  return {
    format: 'sluice/flow@1',
    name: 'Drawing',
    slug: 'drawing',
    nodes: Object.fromEntries(
      Object.entries(nodes).map(([id, node]) => [
        id,
        typeof node === 'string' ? (shorthand[node] ?? { type: node }) : node,
      ]),
    ),
    edges: edges
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  }
}

const shorthand: Readonly<Record<string, FlowNode>> = {
  input: { type: 'input', config: { fields: { question: { type: 'text' } } } },
  'chat-model': { type: 'chat-model', config: { targets: ['demo/echo'] } },
  prompt: { type: 'prompt', config: { blocks: [{ role: 'user', text: '{{ question }}' }] } },
  template: { type: 'template', config: { text: 'Please try again later.' } },
}

/** `code place` of each problem, in order. */
export function told(flow: Flow, facts: CompileEnv = env()): readonly string[] {
  return compile(flow, facts).problems.map(short)
}

export function short({ code, at }: Problem): string {
  const place = at.edge ?? [at.node, at.port ?? at.field].filter((part) => part !== undefined).join('.')
  return place === '' ? code : `${code} ${place}`
}

export function problem(flow: Flow, code: ProblemCode, facts: CompileEnv = env()): Problem {
  const found = compile(flow, facts).problems.find((each) => each.code === code)
  if (!found) throw new Error(`no ${code}, but ${told(flow, facts).join(', ') || 'nothing'}`)
  return found
}

export function plan(flow: Flow, facts: CompileEnv = env()): Plan {
  const { plan: made, problems } = compile(flow, facts)
  if (!made) throw new Error(problems.map(({ code, message }) => `${code}: ${message}`).join('\n'))
  return made
}

export function step(made: Plan, id: string): PlanStep {
  const found = made.steps.find((each) => each.id === id)
  if (!found) throw new Error(`no step ${id}`)
  return found
}

/** The flow after the fix of this problem. */
export function fixed(flow: Flow, { fix }: Problem): Flow {
  if (!fix) throw new Error('no fix')
  return applyEdits(flow, fix.edits)
}
