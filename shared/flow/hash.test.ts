import { expect, test } from 'vitest'
import { madeUp } from '../../test/compile/definitions.ts'
import { byType, drawing } from '../../test/compile/drawing.ts'
import { randomFlow, seeded, shuffled } from '../../test/random/flow.ts'
import { applyEdits, type FlowEdit } from './edit.ts'
import { canonicalText, contentText, promptText } from './hash.ts'
import type { Flow, FlowContent } from './types.ts'

const definitions = byType(madeUp)
const hashes: Readonly<Record<string, string>> = {
  'answer@3': 'sha256:33',
  'answer@production': 'sha256:33',
  'answer@4': 'sha256:44',
}
const text = (content: FlowContent) => contentText(content, (ref) => hashes[ref], definitions)
const edited = (flow: Flow, ...edits: FlowEdit[]) => text(applyEdits(flow, edits))

const flow = drawing(
  {
    ask: 'input',
    compose: { type: 'prompt', title: 'Compose', note: 'why', config: { prompt: 'answer@3' } },
    pick: { type: 'switch', config: { cases: { big: { equals: 1 }, small: { equals: 2 } } } },
    answer: { type: 'output', policy: { timeout_ms: 5 } },
  },
  'ask.question -> compose.question\ncompose.messages -> pick.value\npick.big -> answer.value',
)

test('is the content as JSON with sorted keys and edges', () => {
  const plain = drawing(
    { b: { type: 'x', config: { z: 1, a: [2, { d: 1, c: null }] } }, a: 'y' },
    'b.o -> a.i\na.o -> b.i',
  )
  expect(text(plain)).toBe(
    '{"edges":["a.o -> b.i","b.o -> a.i"],"nodes":{"a":{"type":"y"},"b":{"config":{"a":[2,{"c":null,"d":1}],"z":1},"type":"x"}}}',
  )
})

test('ignores titles, notes and what describes the flow', () => {
  const described: Flow = {
    ...flow,
    name: 'Other',
    description: 'x',
    tags: ['t'],
    examples: { a: { input: {} } },
  }
  expect(text(described)).toBe(text(flow))
  expect(edited(flow, { op: 'set', path: ['nodes', 'compose', 'title'], value: 'Other' })).toBe(text(flow))
  expect(edited(flow, { op: 'unset', path: ['nodes', 'compose', 'note'] })).toBe(text(flow))
})

test('ignores the order of nodes, keys and edges in random flows', () => {
  for (let seed = 0; seed < 300; seed += 1) {
    const one = randomFlow(seed, { wiring: seed % 2 === 0 ? 'sound' : 'wild' })
    const random = seeded(seed)
    const nodes = Object.fromEntries(
      shuffled(random, Object.entries(one.nodes)).map(([id, node]) => [
        id,
        {
          ...node,
          ...(node.config
            ? { config: Object.fromEntries(shuffled(random, Object.entries(node.config))) }
            : {}),
        },
      ]),
    )
    expect(text({ ...one, nodes, edges: shuffled(random, one.edges) })).toBe(text(one))
  }
})

const counted: readonly [string, FlowEdit][] = [
  [
    'a config value',
    { op: 'set', path: ['nodes', 'ask', 'config', 'fields', 'question', 'type'], value: 'json' },
  ],
  ['a default that is written out', { op: 'set', path: ['nodes', 'answer', 'config'], value: {} }],
  ['a policy', { op: 'set', path: ['nodes', 'answer', 'policy', 'timeout_ms'], value: 6 }],
  ['a mode', { op: 'set', path: ['nodes', 'answer', 'mode'], value: 'off' }],
  ['a stub', { op: 'set', path: ['nodes', 'answer', 'stub'], value: {} }],
  ['a config version', { op: 'set', path: ['nodes', 'answer', 'v'], value: 2 }],
  ['a tag of a node', { op: 'set', path: ['nodes', 'answer', 'tags'], value: ['a'] }],
  ['a type', { op: 'set', path: ['nodes', 'answer', 'type'], value: 'error-output' }],
  ['an id', { op: 'rename-node', id: 'ask', to: 'asked' }],
  ['an edge', { op: 'remove-edge', edge: 'pick.big -> answer.value' }],
  [
    'another prompt version',
    { op: 'set', path: ['nodes', 'compose', 'config', 'prompt'], value: 'answer@4' },
  ],
]

test.each(counted)('counts %s', (_what, edit) => {
  expect(edited(flow, edit)).not.toBe(text(flow))
})

test('takes a prompt by what it holds and not by how it is named', () => {
  expect(
    edited(flow, { op: 'set', path: ['nodes', 'compose', 'config', 'prompt'], value: 'answer@production' }),
  ).toBe(text(flow))
  expect(text(flow)).toContain('"prompt":"sha256:33"')
  expect(text(flow)).not.toContain('answer@3')
})

test('leaves a reference that nobody knows as it is written', () => {
  expect(contentText(flow, () => undefined, definitions)).toContain('"prompt":"answer@3"')
})

test('counts the order of cases, which decides which one matches first', () => {
  const cases = { small: { equals: 2 }, big: { equals: 1 } }
  expect(edited(flow, { op: 'set', path: ['nodes', 'pick', 'config', 'cases'], value: cases })).not.toBe(
    text(flow),
  )
})

test('does not lift old configs, so a release that raises a version finds the same hash', () => {
  const old = drawing({ x: { type: 'lifted', config: { a: 'once' } } })
  expect(text(old)).toContain('"config":{"a":"once"}')
})

test('gives a text for drafts that do not compile', () => {
  expect(
    text(
      drawing({
        x: { type: 'nobody', config: { prompt: 'answer@3' } },
        y: { type: 'prompt', config: { prompt: 7 } },
      }),
    ),
  ).toBe(
    '{"edges":[],"nodes":{"x":{"config":{"prompt":"answer@3"},"type":"nobody"},"y":{"config":{"prompt":7},"type":"prompt"}}}',
  )
})

test('a prompt counts by its blocks and what its variables are', () => {
  const prompt = {
    blocks: [{ role: 'user', text: '{{ a }}' }],
    variables: {
      a: { type: 'text', sample: 'x', description: 'y' },
      b: { type: 'json', default: { y: 1, x: 2 } },
    },
  } as const
  expect(promptText(prompt)).toBe(
    '{"blocks":[{"role":"user","text":"{{ a }}"}],"variables":{"a":{"type":"text"},"b":{"default":{"x":2,"y":1},"type":"json"}}}',
  )
})

test('writes names that objects inherit like any other', () => {
  expect(canonicalText(JSON.parse('{"toString":1,"constructor":{"b":-0,"a":"\\u2028"}}'))).toBe(
    '{"constructor":{"a":"\u2028","b":0},"toString":1}',
  )
})
