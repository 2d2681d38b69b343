import { describe, expect, test } from 'vitest'
import { writeDocument } from '#main/workspace/canonical.ts'
import { editFlowText, editYamlText } from '#main/workspace/edit.ts'
import { parseYaml } from '#main/workspace/yaml-parse.ts'
import { type DocumentPath, entryAt, nodeAt } from '#main/workspace/yaml-tree.ts'
import { applyEdits, type FlowEdit } from '#shared/flow/edit.ts'
import type { Flow } from '#shared/flow/types.ts'
import type { Json, JsonObject } from '#shared/json.ts'
import { pick, type Random, seeded } from '../random/flow.ts'
import { handWritten } from './hand.ts'
import { sampleFlow } from './sample.ts'

interface Lines {
  /** The first and last line of the old text that is not in the new one; an insertion has `last < first`. */
  readonly first: number
  readonly last: number
}

function changedLines(before: string, after: string): Lines {
  const [old, fresh] = [before.split('\n'), after.split('\n')]
  let head = 0
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head += 1
  let tail = 0
  while (tail < Math.min(old.length, fresh.length) - head && old.at(-1 - tail) === fresh.at(-1 - tail))
    tail += 1
  return { first: head, last: old.length - tail - 1 }
}

function linesOf(text: string, path: DocumentPath): Lines {
  const { root } = parseYaml(text)
  const entry = path.length === 0 ? root : entryAt(root, path)
  if (entry === undefined) throw new Error(`nothing at ${path.join('.')}`)
  const line = (offset: number) => text.slice(0, offset).split('\n').length - 1
  return { first: line(entry.start), last: line(entry.end) }
}

/** The nearest thing that is there. */
function nearest(text: string, path: DocumentPath): DocumentPath {
  const { root } = parseYaml(text)
  let length = path.length
  while (length > 0 && nodeAt(root, path.slice(0, length)) === undefined) length -= 1
  return path.slice(0, length)
}

function pathsOf(value: Json, path: DocumentPath = []): DocumentPath[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, child]) => {
    const below = [...path, Array.isArray(value) ? Number(key) : key]
    return [below, ...pathsOf(child as Json, below)]
  })
}

const settled = (flow: unknown) => {
  const { edges, ...rest } = JSON.parse(JSON.stringify(flow)) as { edges: unknown }
  return { ...rest, edges: Array.isArray(edges) ? edges.map((edge) => JSON.stringify(edge)).sort() : edges }
}

const values: readonly Json[] = [
  'x',
  'two\nlines\n',
  'a: b',
  '# no comment',
  "it's",
  '',
  5,
  true,
  null,
  {},
  [],
  ['a', { b: 1 }],
  { q: 1, w: ['z'] },
  'a long text that does not fit into a line of one hundred characters together with what else stands in that line',
]

function randomEdit(random: Random, flow: JsonObject): FlowEdit {
  const nodes = Object.keys(flow.nodes as JsonObject)
  const paths = pathsOf(flow).filter(([top]) => top !== 'format')
  const id = pick(random, nodes)
  switch (
    pick(random, [
      'set',
      'set',
      'unset',
      'add-node',
      'remove-node',
      'add-edge',
      'remove-edge',
      'rename-node',
      'new',
      'new',
    ])
  ) {
    case 'set':
      return { op: 'set', path: pick(random, paths), value: pick(random, values) }
    case 'unset':
      return { op: 'unset', path: pick(random, paths) }
    case 'add-node':
      return {
        op: 'add-node',
        id: 'fresh',
        node: { type: 'chat-model', config: { targets: ['a/b'], text: pick(random, ['x', 'a\nb']) } },
      }
    case 'remove-node':
      return { op: 'remove-node', id }
    case 'rename-node':
      return { op: 'rename-node', id, to: 'renamed' }
    case 'add-edge':
      return { op: 'add-edge', edge: `${id}.out -> ${pick(random, nodes)}.into` }
    case 'remove-edge':
      return { op: 'remove-edge', edge: pick(random, flow.edges as readonly string[]) }
    default:
      return {
        op: 'set',
        path: ['nodes', id, pick(random, ['policy', 'config']), 'retry', 'tries'],
        value: 3,
      }
  }
}

test('600 random edits give what they should, and change no line but their own', () => {
  for (let seed = 0; seed < 600; seed += 1) {
    const random = seeded(seed * 7 + 1)
    const data = sampleFlow(seed, 'edited')
    const text = seed % 3 === 0 ? writeDocument('flow', data) : handWritten(random, data)
    const flow = parseYaml(text).data as JsonObject
    const edit = randomEdit(random, flow)
    const after = editFlowText(text, [edit])
    const story = `${JSON.stringify(edit)}\n${text}\n=>\n${after}`
    expect(settled(parseYaml(after).data), story).toEqual(
      settled(applyEdits(flow as unknown as Flow, [edit])),
    )
    if (after === text || !('path' in edit)) continue

    const path = nearest(text, edit.path)
    const holder = nodeAt(parseYaml(text).root, path.slice(0, -1))
    const only =
      holder?.kind === 'map'
        ? holder.pairs.length === 1
        : holder?.kind === 'list' && holder.items.length === 1
    // Removing the last entry writes `{}` in place of what held it.
    const own = linesOf(text, edit.op === 'unset' && only ? path.slice(0, -1) : path)
    const slack = holder !== undefined && holder.kind !== 'scalar' && holder.flow ? 1 : 0
    const { first, last } = changedLines(text, after)
    expect(first, story).toBeGreaterThanOrEqual(own.first - slack)
    expect(last, story).toBeLessThanOrEqual(own.last + slack)
  }
})

describe('an edit touches only its lines', () => {
  const text = `# Kept by the support team
format: sluice/flow@1
name:   Support answer      # shown to callers
slug: support-answer

nodes:
    ask: {type: input,   config: {fields: {question: {type: text}}}}   # what is asked
    # The model. Ask Kim before you change it.
    model:
        type: "chat-model"
        config:
            targets:
            - 'openai/gpt-5-mini'   # cheap
            - 'ollama/llama3.3'
            max_tokens: 400

        policy: { retry: { tries: 2 } }
    answer:
        type: output
        config: { field: answer }

edges:
- ask.question -> model.text   # straight
- model.text -> answer.value
`
  const lines = text.split('\n')
  const replaceLine = (number: number, ...by: string[]) => lines.toSpliced(number - 1, 1, ...by).join('\n')
  const insertAfter = (number: number, ...added: string[]) => lines.toSpliced(number, 0, ...added).join('\n')
  const without = (from: number, count = 1) => lines.toSpliced(from - 1, count).join('\n')
  const set = (path: DocumentPath, value: Json): FlowEdit => ({ op: 'set', path, value })

  const cases: readonly [string, FlowEdit, string][] = [
    [
      'a number',
      set(['nodes', 'model', 'config', 'max_tokens'], 500),
      replaceLine(15, '            max_tokens: 500'),
    ],
    [
      'a text, in the quotes it had',
      set(['nodes', 'model', 'config', 'targets', 1], 'ollama/qwen3'),
      replaceLine(14, "            - 'ollama/qwen3'"),
    ],
    [
      'a text before a comment',
      set(['name'], 'Help'),
      replaceLine(3, 'name:   Help      # shown to callers'),
    ],
    [
      'a value between braces',
      set(['nodes', 'ask', 'config', 'fields', 'question', 'type'], 'json'),
      replaceLine(
        7,
        '    ask: {type: input,   config: {fields: {question: {type: json}}}}   # what is asked',
      ),
    ],
    [
      'a field that is new',
      set(['nodes', 'model', 'config', 'temperature'], 0.3),
      insertAfter(15, '            temperature: 0.3'),
    ],
    [
      'a field in the order of its document',
      set(['nodes', 'model', 'title'], 'Ask'),
      insertAfter(10, '        title: Ask'),
    ],
    [
      'a field of a node in braces',
      set(['nodes', 'ask', 'title'], 'Ask'),
      replaceLine(
        7,
        '    ask: {type: input,   title: Ask, config: {fields: {question: {type: text}}}}   # what is asked',
      ),
    ],
    [
      'a field of a map that is not there',
      set(['nodes', 'answer', 'policy', 'timeout_ms'], 100),
      insertAfter(20, '        policy: { timeout_ms: 100 }'),
    ],
    [
      'a text of two lines',
      set(['nodes', 'model', 'note'], 'one\ntwo\n'),
      insertAfter(10, '        note: |', '          one', '          two'),
    ],
    [
      'a whole config that differs in one field',
      set(['nodes', 'model', 'config'], { targets: ['openai/gpt-5-mini', 'ollama/llama3.3'], max_tokens: 1 }),
      replaceLine(15, '            max_tokens: 1'),
    ],
    [
      'an item more',
      set(['nodes', 'model', 'config', 'targets'], ['openai/gpt-5-mini', 'groq/x', 'ollama/llama3.3']),
      insertAfter(13, '            - groq/x'),
    ],
    ['an item less', { op: 'unset', path: ['nodes', 'model', 'config', 'targets', 0] }, without(13)],
    ['a field less', { op: 'unset', path: ['nodes', 'model', 'policy'] }, without(17)],
    [
      'the last field of a map',
      { op: 'unset', path: ['nodes', 'model', 'policy', 'retry', 'tries'] },
      replaceLine(17, '        policy: { retry: {} }'),
    ],
    [
      'a new edge',
      { op: 'add-edge', edge: 'model.error -> answer.when' },
      insertAfter(23, '- model.error -> answer.when'),
    ],
    ['an edge less', { op: 'remove-edge', edge: 'ask.question -> model.text' }, without(23)],
    [
      'a new node',
      { op: 'add-node', id: 'guard', node: { type: 'guard-pii', config: { kinds: ['email'] } } },
      insertAfter(20, '    guard: { type: guard-pii, config: { kinds: [email] } }'),
    ],
  ]
  test.each(cases)('%s', (_what, edit, expected) => {
    expect(editFlowText(text, [edit])).toBe(expected)
  })

  test('a node that goes takes its edges along and leaves the comment above it', () => {
    const after = editFlowText(text, [{ op: 'remove-node', id: 'answer' }])
    expect(after).toBe(lines.toSpliced(23, 1).toSpliced(17, 3).join('\n'))
  })

  test('a renamed node keeps its lines but for the name, and its edges follow', () => {
    const after = editFlowText(text, [{ op: 'rename-node', id: 'model', to: 'writer' }])
    const expected = text
      .replace('    model:\n', '    writer:\n')
      .replace('-> model.text', '-> writer.text')
      .replace('- model.text', '- writer.text')
    expect(after).toBe(expected)
  })

  test('an edit that changes nothing changes no byte', () => {
    const same = set(['nodes', 'model', 'config', 'targets'], ['openai/gpt-5-mini', 'ollama/llama3.3'])
    expect(editFlowText(text, [same, { op: 'unset', path: ['nodes', 'model', 'stub'] }])).toBe(text)
  })
})

test('publishing sets a label in sluice.yaml and leaves the rest alone', () => {
  const text = `format: sluice/project@1
name: Parcel support
endpoints:
  support-answer:
    flow: support-answer   # the flow
    labels:
      production:          # ninety to ten
        split: { control: { version: 12, weight: 90 }, shorter: { version: 13, weight: 10 } }
      staging: 13
# Callers
consumers: {}
`
  const labels = ['endpoints', 'support-answer', 'labels']
  expect(editYamlText(text, [{ path: [...labels, 'staging'], value: 14 }])).toBe(
    text.replace('staging: 13', 'staging: 14'),
  )
  expect(editYamlText(text, [{ path: [...labels, 'production'], value: 14 }])).toBe(
    text.replace(/production: .*\n.*\n/, 'production: 14 # ninety to ten\n'),
  )
  const fresh = [
    { path: ['endpoints', 'triage', 'flow'], value: 'triage' },
    { path: ['endpoints', 'triage', 'labels', 'production'], value: 1 },
  ]
  expect(editYamlText(text, fresh)).toBe(
    text.replace(
      '      staging: 13\n',
      '      staging: 13\n  triage: { flow: triage, labels: { production: 1 } }\n',
    ),
  )
  expect(editYamlText('format: sluice/project@1\nname: New\n', fresh)).toBe(
    'format: sluice/project@1\nname: New\nendpoints: { triage: { flow: triage, labels: { production: 1 } } }\n',
  )
})

test('a canonical line that outgrows its width is opened up, so the file stays canonical', () => {
  const text = writeDocument('flow', {
    format: 'sluice/flow@1',
    name: 'Wide',
    slug: 'wide',
    nodes: { clean: { type: 'guard-pii', config: { kinds: ['email', 'phone'] } } },
    edges: [],
  })
  const after = editFlowText(text, [
    {
      op: 'set',
      path: ['nodes', 'clean', 'policy', 'retry'],
      value: { tries: 3, backoff_ms: 700, max_backoff_ms: 9000 },
    },
  ])
  expect(after).toBe(writeDocument('flow', parseYaml(after).data as JsonObject))
  expect(Math.max(...after.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
})

test('the order of keys in a config is kept as given, for it may decide', () => {
  const text =
    'format: sluice/flow@1\nnodes:\n  pick:\n    config:\n      cases:\n        big: { equals: 1 }   # first\n        small: { equals: 2 }\nedges: []\n'
  const cases = { small: { equals: 2 }, big: { equals: 1 } }
  const after = editFlowText(text, [{ op: 'set', path: ['nodes', 'pick', 'config', 'cases'], value: cases }])
  expect(after).toBe(
    text.replace(/cases:[\s\S]*small.*\n/, 'cases: { small: { equals: 2 }, big: { equals: 1 } }\n'),
  )
  const tags = {
    op: 'set',
    path: ['nodes', 'pick'],
    value: { config: { cases: { big: { equals: 1 }, small: { equals: 2 } } } },
  } as const
  expect(editFlowText(text, [tags])).toBe(text)
})

test('a text too odd to be cut keeps its comments all the same', () => {
  const text =
    '# top\nformat: sluice/flow@1\nnodes:\n  # the first\n  ? a\n  : { type: x }   # odd\n  # the second\n  b: [k: 1]\nedges: []\n# end\n'
  const one = editFlowText(text, [{ op: 'set', path: ['nodes', 'b', 0, 'l'], value: 2 }])
  const two = editFlowText(one, [{ op: 'unset', path: ['nodes', 'a'] }])
  expect(parseYaml(two).data).toEqual({ format: 'sluice/flow@1', nodes: { b: [{ k: 1, l: 2 }] }, edges: [] })
  for (const comment of ['# top', '# the second', '# end']) expect(two).toContain(comment)
})

test('a file with errors is not edited', () => {
  expect(() => editFlowText('nodes:\n\ta: 1\n', [{ op: 'remove-node', id: 'a' }])).toThrow(/errors/)
})
