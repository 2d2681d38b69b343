import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '#shared/json.ts'
import { exampleFlow, exampleLayout, exampleProject } from '../../test/files/example.ts'
import { pick, type Random, seeded, whole } from '../../test/random/flow.ts'
import { formatText, writeDocument } from './canonical.ts'
import { parseYaml } from './yaml-parse.ts'
import { documentLines, fromData } from './yaml-write.ts'

const lines = (data: JsonObject) => documentLines(fromData(data))

test('a flow: keys in order, nodes by id, edges by text, one line where 100 characters do', () => {
  expect(formatText('flow', exampleFlow)).toBe(
    exampleFlow
      .replace('sample: "Where is my parcel?"', 'sample: Where is my parcel?')
      .replace(/config:\n {6}targets: (.*)\n {6}max_tokens: 400/, 'config: { targets: $1, max_tokens: 400 }')
      .replace(
        /policy:\n {6}first_token_ms: 3000\n {6}retry: (.*)\n/,
        'policy: { first_token_ms: 3000, retry: $1 }\n',
      ),
  )
  const shuffled =
    'format: sluice/flow@1\nedges: [b.x -> a.y, a.x -> b.y]\nslug: s\nname: S\nnodes: { b: { config: { z: 1, a: 2 }, type: t }, a: { type: t } }\n'
  expect(formatText('flow', shuffled)).toBe(
    'format: sluice/flow@1\nname: S\nslug: s\nnodes:\n  a: { type: t }\n  b: { type: t, config: { z: 1, a: 2 } }\nedges:\n  - a.x -> b.y\n  - b.x -> a.y\n',
  )
})

test('a layout has one node in a line; its other maps stand in one line while they fit', () => {
  expect(formatText('layout', exampleLayout)).toBe(
    exampleLayout.replace('"model.text -> restore.value"', 'model.text -> restore.value'),
  )
})

test('a project leaves out what is the default, and keeps what was said about it', () => {
  const text = formatText('project', exampleProject)
  expect(text).not.toContain('gateway:')
  expect(text).not.toContain('state: published')
  expect(text).toContain(
    'variables: { brand: Parcel } # no secrets; read through `context`, set per overlay\n',
  )
  const commented =
    'format: sluice/project@1\nname: P\ngateway:\n  # never beyond this machine\n  listen: 127.0.0.1:7421\n'
  expect(formatText('project', commented)).toBe(commented)
})

test('what cannot be read is not formatted', () => {
  for (const text of [
    'nodes:\n\ta: 1\n',
    'a: 1\na: 2\n',
    'a: &x 1\n',
    '- a\n',
    '',
    'format: sluice/flow@2\n',
  ]) {
    expect(formatText('flow', text)).toBeUndefined()
  }
})

test('a version keeps its order and its content is written like a flow', () => {
  const version = {
    content: { edges: [], nodes: { b: { type: 'x' }, a: { type: 'y' } } },
    references: { flows: {}, prompts: {} },
    app: '1.0.0',
    created_at: '2026-11-20T09:00:00Z',
    hash: 'sha256:0',
    number: 3,
    flow: 'f',
    format: 'sluice/version@1',
  }
  expect(writeDocument('version', version)).toBe(
    'format: sluice/version@1\nflow: f\nnumber: 3\nhash: sha256:0\ncreated_at: "2026-11-20T09:00:00Z"\napp: 1.0.0\nreferences: { prompts: {}, flows: {} }\ncontent:\n  nodes:\n    a: { type: y }\n    b: { type: x }\n  edges: []\n',
  )
})

describe('quotes only where they are needed', () => {
  const plain = [
    'a',
    'a b',
    'yes',
    'no',
    'on',
    'off',
    'a:b',
    'a#b',
    "it's",
    'a "b"',
    '-a',
    'a-',
    'http://x.y/z?a=b#c',
    'Where is it?',
    'ünïcödé 漢字 🙂',
    '1.0.0',
    '1_000',
    'x@y',
    'a -> b',
  ]
  test.each(plain)('%s', (text) => expect(lines({ a: text })).toEqual([`a: ${text}`]))
  const quotes = [
    '',
    ' a',
    'a ',
    'true',
    'null',
    '~',
    '1',
    '-1',
    '0x1F',
    '0o7',
    '1e3',
    '.5',
    '.inf',
    '2026-11-20',
    '2026-11-20T09:00:00Z',
    '# a',
    'a # b',
    'a: b',
    'a:',
    '- a',
    '-',
    '? a',
    '[a',
    '{a',
    '*a',
    '&a',
    '!a',
    '|',
    '>',
    '%a',
    '@a',
    '`a',
    '"a',
    "'a",
    ',a',
    'a\tb',
    '\u0000',
    '\u2028',
    '\ud800',
    '---',
    '...',
    '<<',
  ]
  test.each(quotes)('%j', (text) => {
    const [line = ''] = lines({ a: text })
    expect(line).toMatch(/^a: ".*"$/)
    expect(parseYaml(`${line}\n`).data).toEqual({ a: text })
  })
  test('between braces commas and brackets need them too, and keys that look like values do not', () => {
    expect(lines({ a: { b: 'x, y', c: 'x]', d: 'x', 1: 'y', true: 'z' } })).toEqual([
      'a: { 1: y, b: "x, y", c: "x]", d: x, true: z }',
    ])
  })
})

describe('texts with a line break are blocks', () => {
  test.each([
    ['one\ntwo', ['a: |-', '  one', '  two']],
    ['one\ntwo\n', ['a: |', '  one', '  two']],
    ['one\n\n\n', ['a: |+', '  one', '', '']],
    ['  indented\nless\n', ['a: |2', '    indented', '  less']],
    ['\n\none\n', ['a: |', '', '', '  one']],
    ['a\n# no comment\n---\n', ['a: |', '  a', '  # no comment', '  ---']],
  ])('%j', (text, expected) => {
    expect(lines({ a: text })).toEqual(expected)
    expect(parseYaml(`${expected.join('\n')}\n`).data).toEqual({ a: text })
  })
  test.each(['\n', 'a\n  ', '  \na', 'a\r\nb', 'a\u0007\nb'])(
    'but for %j, which only quotes keep',
    (text) => {
      expect(lines({ a: text })).toEqual([`a: ${JSON.stringify(text)}`])
    },
  )
})

test('lists: in one line while they fit, then one item in a line, maps beginning beside the dash', () => {
  const long = 'x'.repeat(60)
  expect(lines({ a: [1, 'b', null, true], b: [long, long], c: [{ k: long, l: long }, {}] })).toEqual([
    'a: [1, b, null, true]',
    'b:',
    `  - ${long}`,
    `  - ${long}`,
    'c:',
    `  - k: ${long}`,
    `    l: ${long}`,
    '  - {}',
  ])
})

test('5,000 random values are read as they were written', () => {
  for (let seed = 0; seed < 5_000; seed += 1) {
    const random = seeded(seed)
    const data = Object.fromEntries(
      Array.from({ length: whole(random, 1, 3) }, () => [oddText(random), oddValue(random, 0)]),
    )
    const text = `${lines(data).join('\n')}\n`
    const { data: again, problems } = parseYaml(text)
    expect(problems, text).toEqual([])
    expect(again, text).toEqual(data)
    expect(JSON.stringify(again)).toBe(JSON.stringify(data))
  }
})

const atoms = [
  'a',
  'B',
  '0',
  '1',
  '.',
  ' ',
  '\n',
  '-',
  '?',
  ':',
  '#',
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  ',',
  '|',
  '>',
  '&',
  '*',
  '!',
  '%',
  '@',
  '`',
  '\t',
  '\\',
  'é',
  '\u2028',
  '\u0000',
  '🙂',
  '\ud83d',
  '\u0085',
  '\ufeff',
  'true',
  'null',
  '~',
  '2020-01-01',
  '0x1',
  '---',
  '...',
  'e',
  '+',
  '=',
  '\r',
  '  ',
  '->',
  '$',
  '\u00a0',
]

function oddText(random: Random): string {
  return Array.from({ length: whole(random, 0, 7) }, () => pick(random, atoms)).join('')
}

function oddValue(random: Random, depth: number): Json {
  const kind = random()
  if (depth > 3 || kind < 0.5) return oddText(random)
  if (kind < 0.6) return pick(random, [1, -1, 0, 1.5, 1e21, 1e-7, 2 ** 53, true, false, null])
  if (kind < 0.8) return Array.from({ length: whole(random, 0, 3) }, () => oddValue(random, depth + 1))
  return Object.fromEntries(
    Array.from({ length: whole(random, 0, 4) }, () => [oddText(random), oddValue(random, depth + 1)]),
  )
}
