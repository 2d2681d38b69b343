// Seeded random flows. `randomFlow` gives documents that the schema accepts (files, hashes, compiling); `garbageFlow`
// gives anything at all. The same seed gives the same flow on every machine.

import { conversion, type PortType } from '#shared/flow/ports.ts'
import type { Flow, FlowNode, Policy } from '#shared/flow/types.ts'
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'

/** 0 ≤ x < 1 */
export type Random = () => number

/** mulberry32 */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T
}

export function whole(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1))
}

/** A node type as the generator needs to know it. */
export interface Kind {
  readonly type: string
  readonly config: (random: Random) => JsonObject | undefined
  readonly inlets: (config: JsonObject) => Readonly<Record<string, KindInlet>>
  readonly outlets: (config: JsonObject) => Readonly<Record<string, PortType>>
}

export interface KindInlet {
  readonly type: PortType
  readonly required: boolean
  /** Several edges may end here. */
  readonly many?: boolean
}

export interface RandomFlowOptions {
  readonly kinds?: readonly Kind[]
  /** `sound`: inlets are fed by earlier, fitting outlets. `wild`: any edges, and configs that may be junk. */
  readonly wiring?: 'sound' | 'wild'
  readonly maxNodes?: number
}

/** A flow document that `flowSchema` accepts. */
export function randomFlow(seed: number, options: RandomFlowOptions = {}): Flow {
  const random = seeded(seed)
  const kinds = options.kinds ?? commonKinds
  const wild = options.wiring === 'wild'
  const built = buildNodes(random, kinds, { wild, count: whole(random, 2, options.maxNodes ?? 12) })
  const edges = wild ? wildEdges(random, built) : soundEdges(random, built)
  const order = shuffled(random, built)
  return {
    format: 'sluice/flow@1',
    name: text(random).replace(/\s+/g, ' ').trim().slice(0, 80) || 'Flow',
    slug: `flow-${seed}`,
    ...maybe(random, 0.4, () => ({ description: text(random) })),
    ...maybe(random, 0.3, () => ({ tags: ['a', text(random).trim() || 'b'] })),
    nodes: Object.fromEntries(order.map(({ id, node }) => [id, node])),
    edges: shuffled(random, edges),
    ...maybe(random, 0.3, () => ({
      examples: { first: { input: { question: text(random) }, metadata: { user_id: 'u-1' } } },
    })),
  }
}

interface Built {
  readonly id: string
  readonly node: FlowNode
  readonly inlets: ReturnType<Kind['inlets']>
  readonly outlets: ReturnType<Kind['outlets']>
}

const ids = [
  'ask',
  'model',
  'answer',
  'constructor',
  'tostring',
  'valueof',
  'prototype',
  'when',
  'error',
  'x',
  'n_1',
  'null',
]

function buildNodes(random: Random, kinds: readonly Kind[], how: { wild: boolean; count: number }): Built[] {
  const taken = new Set<string>()
  const first = kinds[0] as Kind
  const last = kinds.at(-1) as Kind
  return Array.from({ length: how.count }, (_, index) => {
    const kind = index === 0 ? first : index === how.count - 1 ? last : pick(random, kinds.slice(1))
    let id = pick(random, ids)
    while (taken.has(id)) id = `${pick(random, ids)}_${whole(random, 2, 99)}`
    taken.add(id)
    const config = how.wild && random() < 0.3 ? (junk(random, 3, true) as JsonObject) : kind.config(random)
    const type = how.wild && random() < 0.08 ? pick(random, ['chat-modle', 'constructor', 'x']) : kind.type
    const node: FlowNode = {
      type,
      ...maybe(random, how.wild ? 0.1 : 0, () => ({ v: whole(random, 1, 3) })),
      ...maybe(random, 0.2, () => ({ title: text(random).slice(0, 80) })),
      ...maybe(random, 0.2, () => ({ note: text(random) })),
      ...maybe(random, 0.1, () => ({ tags: ['t'] })),
      ...maybe(random, how.wild ? 0.05 : 0, () => ({ scope: pick(random, ids) })),
      ...maybe(random, 0.1, () => ({ mode: pick(random, ['on', 'off', 'bypass'] as const) })),
      ...(config === undefined ? {} : { config }),
      ...maybe(random, 0.2, () => ({ policy: policy(random, how.wild) })),
      ...maybe(random, how.wild ? 0.05 : 0, () => ({ stub: junk(random, 2, true) as JsonObject })),
    }
    return { id, node, inlets: kind.inlets(config ?? {}), outlets: kind.outlets(config ?? {}) }
  })
}

function policy(random: Random, wild: boolean): Policy {
  return {
    ...maybe(random, 0.5, () => ({ timeout_ms: whole(random, 1, 3_600_000) })),
    ...maybe(random, 0.3, () => ({
      retry: { tries: whole(random, 1, 5), on: ['transient'], jitter: random() < 0.5 },
    })),
    ...maybe(random, wild ? 0.2 : 0, () => ({ first_token_ms: 3_000, idle_ms: 1_000 })),
    ...maybe(random, wild ? 0.2 : 0, () => ({
      on_error: 'default' as const,
      default: { text: 'x', value: 1 },
    })),
    ...maybe(random, wild ? 0.1 : 0, () => ({ cache: { ttl_s: 60 } })),
    ...maybe(random, wild ? 0.2 : 0, () => ({ redact: ['text'] })),
    ...maybe(random, 0.2, () => ({ concurrency: whole(random, 1, 8) })),
  }
}

function soundEdges(random: Random, built: readonly Built[]): string[] {
  const edges: string[] = []
  built.forEach((to, index) => {
    for (const [inlet, { type, required, many }] of Object.entries(to.inlets)) {
      if (!required && random() < 0.6) continue
      const fitting = built.slice(0, index).flatMap((from) =>
        Object.entries(from.outlets)
          .filter(([, outlet]) => conversion(outlet, type) !== undefined)
          .map(([outlet]) => `${from.id}.${outlet}`),
      )
      // The nearest producers first, so that long paths come about and not only stars around the input.
      const near = fitting.slice(-6)
      for (let more = near.length > 0; more; more = many === true && random() < 0.5) {
        edges.push(`${pick(random, near)} -> ${to.id}.${inlet}`)
      }
    }
    if (index > 1 && random() < 0.1) edges.push(`${(built[index - 1] as Built).id}.error -> ${to.id}.when`)
  })
  return [...new Set(edges)]
}

function wildEdges(random: Random, built: readonly Built[]): string[] {
  const edges = new Set(soundEdges(random, built).filter(() => random() < 0.8))
  const end = (side: 'inlets' | 'outlets') => {
    const { id, [side]: own } = pick(random, built)
    const ports = [...Object.keys(own), 'when', 'error', 'value', 'constructor', '__proto__']
    return `${random() < 0.03 ? 'nobody' : id}.${pick(random, ports)}`
  }
  for (let extra = whole(random, 0, built.length * 2); extra > 0; extra -= 1) {
    edges.add(`${end('outlets')} -> ${end('inlets')}`)
  }
  return [...edges]
}

const texts = [
  'Where is my parcel?',
  '',
  'two\nlines\n',
  '  leading and trailing  ',
  '# no comment',
  'key: value',
  '- item',
  "it's \"quoted\" 'twice'",
  '{{ question }} and {% if tone %}kind{% endif %}',
  'yes',
  'null',
  '~',
  '1e3',
  '0x1F',
  '2026-11-20',
  '*anchor &alias !tag',
  'ünïcödé 漢字 🙂 \u00a0\u200b',
  'tab\there',
  '=== user',
  '---\n...\n',
  '@at `tick` %percent |pipe >fold',
]

function text(random: Random): string {
  const first = pick(random, texts)
  return random() < 0.2 ? `${first} ${pick(random, texts)}` : first
}

/** Random JSON, at the most `depth` levels. */
export function junk(random: Random, depth: number, mapOnly = false): Json {
  const kind = mapOnly ? 6 : whole(random, 0, depth > 0 ? 7 : 4)
  switch (kind) {
    case 0:
      return null
    case 1:
      return random() < 0.5
    case 2:
      return pick(random, [0, -1, 1, 0.5, 1e21, 2 ** 53, whole(random, -1_000, 1_000)])
    case 3:
    case 4:
      return text(random)
    case 5:
      return Array.from({ length: whole(random, 0, 3) }, () => junk(random, depth - 1))
    default: {
      const keys = [
        'text',
        'value',
        'fields',
        'targets',
        'constructor',
        'toString',
        'tries',
        'type',
        'a b',
        '',
        '1',
      ]
      return Object.fromEntries(
        Array.from({ length: whole(random, 0, 4) }, () => [pick(random, keys), junk(random, depth - 1)]),
      )
    }
  }
}

/** Anything at all where a flow should be: what a hand, a merge or an attacker may leave in a file. */
export function garbageFlow(seed: number, options: RandomFlowOptions = {}): unknown {
  const random = seeded(seed ^ 0x5bd1e995)
  const flow: unknown = JSON.parse(JSON.stringify(randomFlow(seed, { wiring: 'wild', ...options })))
  for (let hits = whole(random, 1, 6); hits > 0; hits -= 1) damage(random, flow)
  return random() < 0.03 ? junk(random, 2) : flow
}

function damage(random: Random, root: unknown): void {
  let at: unknown = root
  for (let depth = whole(random, 0, 5); typeof at === 'object' && at !== null; depth -= 1) {
    const keys = Object.keys(at)
    const key = keys.length === 0 ? 'x' : pick(random, keys)
    const record = at as Record<string, unknown>
    if (depth > 0 && typeof record[key] === 'object' && record[key] !== null) {
      at = record[key]
      continue
    }
    const kind = random()
    if (kind < 0.2) delete record[key]
    else if (kind < 0.3)
      Object.defineProperty(record, '__proto__', {
        value: {},
        enumerable: true,
        configurable: true,
        writable: true,
      })
    else if (kind < 0.5) record[pick(random, ['Extra', 'a b', 'constructor', '9'])] = junk(random, 2)
    else record[key] = kind < 0.6 ? Number.NaN : kind < 0.65 ? undefined : junk(random, 3)
    return
  }
}

function maybe<T extends object>(random: Random, chance: number, make: () => T): T | Record<string, never> {
  return random() < chance ? make() : {}
}

export function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const copy = [...list]
  for (let at = copy.length - 1; at > 0; at -= 1) {
    const other = whole(random, 0, at)
    ;[copy[at], copy[other]] = [copy[other] as T, copy[at] as T]
  }
  return copy
}

const none = () => ({})
const need = (type: PortType) => ({ type, required: true })
const take = (type: PortType) => ({ type, required: false })

/** Types of the product with configs as people write them; the first is the source, the last the sink. */
export const commonKinds: readonly Kind[] = [
  {
    type: 'input',
    config: (random) => ({
      fields: {
        question: { type: 'text', ...maybe(random, 0.5, () => ({ sample: text(random) })) },
        ...maybe(random, 0.5, () => ({ rows: { type: 'json', required: false, local_only: true } })),
      },
    }),
    inlets: none,
    outlets: (config) => ({
      question: 'text',
      ...(isJsonObject(config.fields) && Object.hasOwn(config.fields, 'rows') ? { rows: 'json' } : {}),
    }),
  },
  {
    type: 'prompt',
    config: (random) => ({
      blocks: [
        { role: 'system', text: `Be kind.\n${text(random).replaceAll(/[{}]/g, '')}` },
        { role: 'user', text: '{{ question }}' },
      ],
    }),
    inlets: () => ({ question: need('text') }),
    outlets: () => ({ messages: 'messages' }),
  },
  {
    type: 'template',
    config: (random) => ({ text: `${text(random).replaceAll(/[{}]/g, '')} {{ value }}` }),
    inlets: () => ({ value: need('any') }),
    outlets: () => ({ text: 'text' }),
  },
  {
    type: 'chat-model',
    config: (random) => ({
      targets: [pick(random, ['demo/echo', 'openai/gpt-5-mini'])],
      ...maybe(random, 0.5, () => ({ temperature: whole(random, 0, 20) / 10 })),
      ...maybe(random, 0.5, () => ({ max_tokens: whole(random, 1, 4_000) })),
    }),
    inlets: () => ({ messages: need('messages'), system: take('text') }),
    outlets: () => ({ text: 'text', message: 'messages', usage: 'json' }),
  },
  {
    type: 'guard-pii',
    config: (random) => (random() < 0.5 ? undefined : { kinds: ['email', 'phone'] }),
    inlets: () => ({ value: need('text') }),
    outlets: () => ({ pass: 'text', verdict: 'json' }),
  },
  {
    type: 'if',
    config: (random) => ({ test: pick(random, ['$length(value) > 3', 'value = "x"']) }),
    inlets: () => ({ value: need('any') }),
    outlets: () => ({ true: 'any', false: 'any' }),
  },
  {
    type: 'coalesce',
    config: (random) => (random() < 0.5 ? undefined : { count: 2 }),
    inlets: () => ({ in_1: need('text'), in_2: take('text') }),
    outlets: () => ({ value: 'text' }),
  },
  {
    type: 'fallback',
    config: (random) => ({ tries: 2, ...maybe(random, 0.5, () => ({ first_token_ms: 3_000 })) }),
    inlets: () => ({ try_1: need('text'), try_2: need('text') }),
    outlets: () => ({ value: 'text', which: 'number' }),
  },
  {
    type: 'output',
    config: (random) => (random() < 0.5 ? undefined : { field: 'answer', type: 'text' }),
    inlets: () => ({ value: { ...need('text'), many: true } }),
    outlets: none,
  },
]
