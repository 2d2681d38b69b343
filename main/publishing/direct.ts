// `connection/model` on the chat surfaces (Keys with the scope `models`): a Plan of one model, so that limits, budgets,
// logs and errors are the same as for any flow.

import { defaultLimits } from '#main/engine/effects.ts'
import type { Prepared } from '#main/engine/prepare.ts'
import type { Route, ServedVersion } from '#main/gateway/ports.ts'
import type { FlowContent } from '#shared/flow/types.ts'

const params = ['temperature', 'top_p', 'max_tokens', 'stop', 'seed', 'response_format', 'reasoning_effort']
/** Callers name models freely; only so many Plans are kept. */
const kept = 200

export interface Direct {
  readonly route: Route
  readonly version: ServedVersion
}

/** `hasConnection` is asked first: a target without a connection does not exist. */
export function directPlans(parts: {
  readonly hasConnection: (name: string) => boolean
  /** False: the model is known to take no tools, and a Plan that wires them would not compile. */
  readonly takesTools: (target: string) => boolean
  readonly prepare: (flow: string, content: FlowContent, hash: string) => Prepared
}): (target: string) => Direct | undefined {
  const known = new Map<string, Direct>()
  return (target) => {
    const found = known.get(target)
    if (found) return found
    const slash = target.indexOf('/')
    if (slash < 1 || slash === target.length - 1 || !parts.hasConnection(target.slice(0, slash)))
      return undefined
    const direct = {
      route: route(target),
      version: version(
        parts.prepare('direct', content(target, parts.takesTools(target)), `direct:${target}`),
      ),
    }
    if (known.size >= kept) for (const oldest of [...known.keys()].slice(0, kept / 2)) known.delete(oldest)
    known.set(target, direct)
    return direct
  }
}

function content(target: string, tools: boolean): FlowContent {
  return {
    name: target,
    nodes: {
      ask: { type: 'chat-input', config: { accept_tools: tools, accept_params: params } },
      model: { type: 'chat-model', config: { targets: [target] } },
      answer: { type: 'output', config: { field: 'answer', type: 'messages' } },
    },
    edges: [
      'ask.messages -> model.messages',
      'ask.params -> model.params',
      'ask.system -> model.system',
      ...(tools ? ['ask.tools -> model.tools'] : []),
      'model.message -> answer.value',
    ],
  }
}

function route(target: string): Route {
  return {
    slug: target,
    title: target,
    description: 'A model behind its connection, without a flow.',
    tags: [],
    state: 'published',
    deprecatedAt: null,
    sunset: null,
    successor: null,
    labels: new Map(),
    versions: new Map(),
    draft: null,
    surfaces: { rest: false, openai: true, anthropic: false, mcp: false },
    cors: [],
    requireMetadata: [],
    unknownFields: 'ignore',
    shareEvents: false,
    contextHeaders: [],
    limits: {},
    bodyBytes: null,
    run: defaultLimits,
    access: { approval: false },
  }
}

function version(prepared: Prepared): ServedVersion {
  return {
    number: null,
    hash: 'direct',
    state: 'published',
    sunset: null,
    successor: null,
    prepared,
    samples: [],
  }
}
