import { expect, test } from 'vitest'
import type { z } from 'zod'
import type { Json, JsonObject } from '../json.ts'
import {
  type flowContentSchema,
  flowNodeSchema,
  flowSchema,
  layoutSchema,
  maxNodes,
  type policySchema,
  promptHeadSchema,
  promptRefPattern,
  type promptVariableSchema,
  versionSchema,
} from './schema.ts'
import type { Flow, FlowContent, FlowNode, Layout, Policy, PromptVariable, Version } from './types.ts'

// What the schemas read is what the types say, both ways: a field that stands on one side only does not compile.
type Frozen<T> = [Json] extends [T] ? T : OpenMap<T> extends true ? T : T extends object ? Deep<T> : T
type OpenMap<T> = string extends keyof T ? ([Json] extends [T[keyof T]] ? true : false) : false
type Deep<T> = { readonly [Key in keyof T]: Frozen<T[Key]> }
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
type Reads<Read, T> = Same<Frozen<Read>, Filled<T>>
type Filled<T> = { readonly [Key in keyof T]: Exclude<T[Key], undefined> }
type AllTrue<T extends readonly true[]> = T

type Parity = AllTrue<
  [
    Reads<z.output<typeof flowNodeSchema>, FlowNode>,
    Reads<z.output<typeof flowSchema>, Flow>,
    Reads<z.output<typeof flowContentSchema>, FlowContent>,
    Reads<z.output<typeof layoutSchema>, Layout>,
    Reads<z.output<typeof policySchema>, Policy>,
    Reads<z.output<typeof promptVariableSchema>, PromptVariable>,
    Reads<
      z.output<typeof versionSchema>,
      Omit<Version, 'content'> & { readonly content: Filled<FlowContent> }
    >,
  ]
>

const flow = {
  format: 'sluice/flow@1',
  name: 'Support answer',
  slug: 'support-answer',
  nodes: { ask: { type: 'input' } },
  edges: ['ask.question -> ask_2.value'],
}
const node = (fields: object) => ({ ...flow, nodes: { ask: { type: 'input', ...fields } } })
const policy = (fields: object) => node({ policy: fields })

function issues(schema: z.ZodType, value: unknown) {
  const result = schema.safeParse(value)
  return result.success ? [] : result.error.issues.map((issue) => `${issue.code} /${issue.path.join('/')}`)
}

test('schemas and types name the same fields', () => {
  const parity: Parity = [true, true, true, true, true, true, true]
  expect(parity).toHaveLength(7)
})

test('reads a whole flow document and changes nothing in it', () => {
  const whole = {
    ...flow,
    description: 'x',
    tags: ['a'],
    nodes: {
      ask: {
        type: 'input',
        v: 2,
        title: 't',
        note: 'n',
        tags: ['b'],
        scope: 'each',
        mode: 'bypass',
        config: { fields: { question: { type: 'text' } }, list: [1, null, true, { deep: 'x' }] },
        policy: {
          timeout_ms: 1,
          first_token_ms: 3_600_000,
          idle_ms: 5,
          retry: {
            tries: 5,
            on: ['transient', 'any', 'no_value'],
            backoff_ms: 0,
            max_backoff_ms: 1,
            jitter: false,
          },
          cache: { ttl_s: 2_592_000, scope: 'key', key: ['text'], match: 'similar', threshold: 0.8 },
          on_error: 'default',
          default: { text: 'sorry' },
          concurrency: 1_024,
          redact: ['text'],
        },
        stub: { value: 1 },
      },
    },
    examples: { parcel: { input: { question: 'Where?' }, metadata: { user_id: 'u' } } },
  }
  expect(flowSchema.parse(whole)).toEqual(whole)
})

const refused: readonly [string, unknown, string][] = [
  ['an unknown field of the document', { ...flow, nods: {} }, 'unrecognized_keys /'],
  ['an unknown field of a node', node({ cofig: {} }), 'unrecognized_keys /nodes/ask'],
  ['an unknown policy', policy({ timeout: 1 }), 'unrecognized_keys /nodes/ask/policy'],
  ['a newer format', { ...flow, format: 'sluice/flow@2' }, 'invalid_value /format'],
  ['a slug in capitals', { ...flow, slug: 'Support' }, 'invalid_format /slug'],
  ['a name of 81 characters', { ...flow, name: 'x'.repeat(81) }, 'too_big /name'],
  ['a description of 2,001', { ...flow, description: 'x'.repeat(2_001) }, 'too_big /description'],
  ['a node id in capitals', { ...flow, nodes: { Ask: { type: 'input' } } }, 'invalid_key /nodes/Ask'],
  ['a title of 81 characters', node({ title: 'x'.repeat(81) }), 'too_big /nodes/ask/title'],
  ['a note of 4,001', node({ note: 'x'.repeat(4_001) }), 'too_big /nodes/ask/note'],
  ['an unknown mode', node({ mode: 'sleep' }), 'invalid_value /nodes/ask/mode'],
  ['a config that is a list', node({ config: [] }), 'invalid_type /nodes/ask/config'],
  ['a number that JSON has not', node({ config: { a: [Number.NaN] } }), 'custom /nodes/ask/config/a/0'],
  ['a time of zero', policy({ timeout_ms: 0 }), 'too_small /nodes/ask/policy/timeout_ms'],
  ['six tries', policy({ retry: { tries: 6 } }), 'too_big /nodes/ask/policy/retry/tries'],
  [
    'a code that does not exist',
    policy({ retry: { on: ['slow'] } }),
    'invalid_value /nodes/ask/policy/retry/on/0',
  ],
  ['a cache without a time', policy({ cache: {} }), 'invalid_type /nodes/ask/policy/cache/ttl_s'],
  [
    'a likeness below 0.8',
    policy({ cache: { ttl_s: 1, threshold: 0.7 } }),
    'too_small /nodes/ask/policy/cache/threshold',
  ],
  ['1,025 at once', policy({ concurrency: 1_025 }), 'too_big /nodes/ask/policy/concurrency'],
  ['an edge without spaces', { ...flow, edges: ['a.b->c.d'] }, 'invalid_format /edges/0'],
  ['the same edge twice', { ...flow, edges: ['a.b -> c.d', 'a.b -> c.d'] }, 'custom /edges/1'],
]

test.each(refused)('refuses %s', (_what, value, issue) => {
  expect(issues(flowSchema, value)).toEqual([issue])
})

test('refuses more nodes than a flow may have', () => {
  const nodes = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, { type: 'input' }]))
  expect(issues(flowSchema, { ...flow, nodes: nodes(maxNodes) })).toEqual([])
  expect(issues(flowSchema, { ...flow, nodes: nodes(maxNodes + 1) })).toEqual(['custom /nodes'])
})

test('keeps config keys that objects inherit as ordinary names', () => {
  const config = JSON.parse('{"constructor":1,"toString":{"valueOf":[]}}') as JsonObject
  expect(flowNodeSchema.parse({ type: 'x', config })).toEqual({ type: 'x', config })
})

test('survives values that hold themselves or nest without end', () => {
  const loop: Record<string, unknown> = {}
  loop.again = [loop]
  let deep: unknown = 1
  for (let level = 0; level < 100_000; level += 1) deep = [deep]
  expect(issues(flowNodeSchema, { type: 'x', config: loop })).toHaveLength(1)
  expect(issues(flowNodeSchema, { type: 'x', config: { deep } })).toHaveLength(1)
})

test('reads layouts in whole numbers only', () => {
  const layout = {
    format: 'sluice/layout@1',
    nodes: {
      answer: { at: [960, -120] },
      each: { at: [1, 2], size: [520, 300], folded: true, colour: 'red' },
    },
    bends: { 'model.text -> restore.value': [[720, 160]] },
    notes: { n1: { at: [0, 400], size: [240, 120], text: 'Check', colour: 'yellow' } },
    frames: { f1: { at: [180, 60], size: [400, 260], title: 'Protection' } },
  }
  expect(layoutSchema.parse(layout)).toEqual(layout)
  expect(issues(layoutSchema, { ...layout, nodes: { a: { at: [1.5, 2] } } })).toEqual([
    'invalid_type /nodes/a/at/0',
  ])
  expect(issues(layoutSchema, { ...layout, zoom: 2 })).toEqual(['unrecognized_keys /'])
})

test('reads the head of a prompt', () => {
  const head = {
    format: 'sluice/prompt@1',
    description: 'Friendly',
    variables: { question: { type: 'text', sample: 'Where?' }, rows: { type: 'list<json>', default: [] } },
    settings: { temperature: 0.3 },
  }
  expect(promptHeadSchema.parse(head)).toEqual(head)
  expect(issues(promptHeadSchema, { ...head, variables: { a: { type: 'string' } } })).toEqual([
    'invalid_value /variables/a/type',
  ])
})

test('reads a version', () => {
  const version = {
    format: 'sluice/version@1',
    flow: 'support-answer',
    number: 12,
    hash: `sha256:${'0a'.repeat(32)}`,
    created_at: '2026-11-20T09:00:00Z',
    author: 'Kim',
    app: '1.0.0',
    models: { model: 'openai/gpt-5-mini-2026-08-07' },
    references: { prompts: { answer: 3, 'help/tone': 1 }, flows: {} },
    content: { nodes: {}, edges: [] },
  }
  expect(versionSchema.parse(version)).toEqual(version)
  expect(issues(versionSchema, { ...version, hash: 'sha256:9f2c' })).toEqual(['invalid_format /hash'])
  expect(issues(versionSchema, { ...version, number: 0 })).toEqual(['too_small /number'])
})

test.each(['answer@3', 'answer@production', 'help/tone@12'])('takes %s as a prompt reference', (ref) => {
  expect(ref).toMatch(promptRefPattern)
})

test.each(['answer', 'answer@0', '../answer@1', 'answer@', '/a@1', 'a//b@1', 'a@B'])(
  'refuses %s as a reference',
  (ref) => {
    expect(ref).not.toMatch(promptRefPattern)
  },
)
