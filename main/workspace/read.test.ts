import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatProblem } from '#shared/flow/diagnostics.ts'
import { exampleFlow, exampleLayout, examplePrompt } from '../../test/files/example.ts'
import { makeFolder, putFile } from '../../test/files/folder.ts'
import { readWorkspace } from './read.ts'

const definitions = new Map()
const project = { 'sluice.yaml': 'format: sluice/project@1\nname: Parcel\n' }
const readFiles = (files: Record<string, string | Uint8Array>) =>
  readWorkspace(makeFolder({ ...project, ...files }), { definitions })
const told = (files: Record<string, string | Uint8Array>) => readFiles(files).problems.map(formatProblem)
const flowFile = (text: string) => told({ 'flows/a.flow.yaml': text })
const head = 'format: sluice/flow@1\nname: A\nslug: a\n'

test('reads every kind of file under its name', () => {
  const state = readFiles({
    'flows/support-answer.flow.yaml': exampleFlow,
    'flows/support-answer.layout.yaml': exampleLayout,
    'prompts/help/answer.prompt.md': examplePrompt,
    'versions/prompts/help/answer/3.prompt.md': examplePrompt,
    'datasets/questions.jsonl': '{"question":"Where?"}\n',
    'README.md': 'none of our business',
    'node_modules/x/flows/a.flow.yaml': 'nor this',
  })
  expect(state.problems).toEqual([])
  expect(state.project?.name).toBe('Parcel')
  expect(state.flows.get('support-answer')?.flow?.nodes.model?.title).toBe('Ask the model')
  expect(state.layouts.get('support-answer')?.layout?.nodes?.answer?.at).toEqual([960, 120])
  expect(state.prompts.get('help/answer')?.prompt?.blocks).toHaveLength(2)
  expect(state.promptVersions.get('help/answer')?.get(3)?.prompt?.name).toBe('help/answer')
  expect(state.others.map(({ file }) => file)).toEqual(['datasets/questions.jsonl'])
})

test('a file says where each part of it stands', () => {
  const flow = readFiles({ 'flows/support-answer.flow.yaml': exampleFlow }).flows.get('support-answer')
  expect(flow?.place(['nodes', 'model', 'config', 'max_tokens'])).toEqual({ line: 18, column: 19 })
  expect(flow?.place(['nodes', 'model', 'config', 'max_tokens'], 'key')).toEqual({ line: 18, column: 7 })
  expect(flow?.place(['nodes', 'ask', 'config', 'fields', 'question', 'type'])).toEqual({
    line: 10,
    column: 43,
  })
  expect(flow?.place(['edges', 1])).toEqual({ line: 25, column: 5 })
  expect(flow?.place(['nodes', 'model', 'policy', 'cache', 'ttl_s'])).toEqual({ line: 19, column: 5 })
  expect(flow?.place([])).toEqual({ line: 1, column: 1 })
})

describe('rules of all files', () => {
  const cases: readonly [string, string, string[]][] = [
    [
      'unknown field',
      `${head}nodes:\n  m: { type: x, titel: y }\nedges: []\n`,
      ['5:17 unknown field "titel" in nodes.m; did you mean "title"?'],
    ],
    [
      'all problems at once',
      `${head}nods: {}\nnodes:\n  m: { type: x, mode: of, policy: { timeout_ms: 0 } }\nedges: [a.b->c.d]\n`,
      [
        '4:1 unknown field "nods"',
        '6:23 "mode" must be',
        '6:49 "timeout_ms" must be at least 1',
        '7:9 entry 1 of "edges" must be "node.port -> node.port"',
      ],
    ],
    [
      'a key twice, also between braces and beside other mistakes',
      `${head}nodes:\n  m: { type: x, type: y }\n  m: { type: z }\nedges: 5\n`,
      [
        '5:17 the key "type" stands twice',
        '6:3 the key "m" stands twice',
        '7:8 "edges" must be a list, not a number',
      ],
    ],
    [
      'an anchor and its alias',
      `${head}nodes:\n  m: &x { type: x }\n  n: *x\nedges: []\n`,
      ['5:6 anchors like "&x"', '6:6 aliases like "*x"'],
    ],
    ['a tag', `${head}nodes: {}\nedges: !!seq []\n`, ['5:8 tags like "!!seq"']],
    [
      'a merge key',
      `${head}nodes: {}\nedges: []\nexamples:\n  a:\n    <<: {}\n    input: {}\n`,
      ['8:5 merge keys are not allowed', '8:5 unknown field "<<"'],
    ],
    ['a directive', `%YAML 1.2\n---\n${head}nodes: {}\nedges: []\n`, ['1:1 directives are not allowed']],
    ['two documents', `${head}nodes: {}\nedges: []\n---\na: 1\n`, ['6:1 a second document begins here']],
    ['a tab', `${head}nodes:\n\tm: { type: x }\nedges: []\n`, ['5:1 a tab cannot indent']],
    [
      'a line too far left',
      `${head}nodes:\n  m:\n    type: x\n   mode: on\nedges: []\n`,
      ['7:4 the indentation fits nothing above'],
    ],
    [
      'a quote that stays open',
      `${head}nodes: {}\nedges: []\ndescription: "open\n`,
      ['6:14 this quote is never closed'],
    ],
    ['two colons', `${head}nodes: {}\nedges: []\ndescription: a: b\n`, ['6:14 two colons in one line']],
    [
      'a number that JSON has not',
      `${head}nodes:\n  m: { type: x, config: { a: .inf } }\nedges: []\n`,
      ['5:30 .inf is no number'],
    ],
    [
      'a number too large to keep',
      `${head}nodes:\n  m: { type: x, config: { a: 12345678901234567891 } }\nedges: []\n`,
      ['5:30 12345678901234567891 is too large'],
    ],
    ['nothing at all', '', ['1:1 the flow must be a map, not empty']],
    ['a list', '- a\n', ['1:1 the flow must be a map, not a list']],
    ['no format', 'name: A\nslug: a\nnodes: {}\nedges: []\n', ['1:1 "format" is missing in the flow']],
    [
      'format in second place',
      'name: A\nformat: sluice/flow@1\nslug: a\nnodes: {}\nedges: []\n',
      ['2:1 "format" must be the first key'],
    ],
    [
      'the format of another kind',
      'format: sluice/layout@1\nname: A\nslug: a\nnodes: {}\nedges: []\n',
      ['1:9 "format" must be "sluice/flow@1", not "sluice/layout@1"'],
    ],
    [
      'a newer format, of which nothing else is judged',
      'format: sluice/flow@2\nnodes: 5\n',
      ['1:9 needs Sluice 2.0 or later'],
    ],
    [
      'another slug than the file name',
      head.replace('slug: a', 'slug: b').concat('nodes: {}\nedges: []\n'),
      ['3:7 "slug" must be "a", as the file is named'],
    ],
    [
      'a byte order mark',
      `\uFEFF${head}nodes: {}\nedges: []\n`,
      ['1:1 the file begins with a byte order mark'],
    ],
    ['CR LF', `${head}nodes: {}\r\nedges: []\n`, ['4:10 lines end with CR LF']],
    [
      'a control character',
      `${head}nodes: {}\nedges: []\ndescription: "a\u0007b"\n`,
      ['6:16 a control character'],
    ],
    [
      'keys that reach the prototype',
      `${head}nodes:\n  m: { type: x, config: { __proto__: { polluted: true }, constructor: { prototype: { polluted: true } } } }\nedges: []\n`,
      ['5:27 "__proto__" cannot be a key', '5:58 "constructor" cannot be a key'],
    ],
  ]
  test.each(cases)('%s', (_what, text, expected) => {
    const found = flowFile(text)
    expect(found, found.join('\n')).toHaveLength(Math.max(expected.length, text === '' ? found.length : 0))
    expected.forEach((sentence, index) => {
      expect(found[index]).toContain(`flows/a.flow.yaml:${sentence}`)
    })
  })

  test('nothing reaches the prototype of objects', () => {
    flowFile(
      `${head}nodes:\n  __proto__: { type: x, polluted: true }\nedges: []\nexamples: { __proto__: { input: { polluted: 1 } } }\n`,
    )
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('texts that look like other values stay texts, and keys are always texts', () => {
    const state = readFiles({
      'flows/a.flow.yaml': `${head}nodes:\n  m: { type: x, config: { yes: no, 1: 0o17, true: 2026-11-20, "a": 1e3 } }\nedges: []\n`,
    })
    expect(state.flows.get('a')?.flow?.nodes.m?.config).toEqual({
      yes: 'no',
      1: 15,
      true: '2026-11-20',
      a: 1000,
    })
  })

  test('a sluice.yaml that is not UTF-8 is not called missing', () => {
    expect(told({ 'sluice.yaml': Buffer.from([0xff, 0xfe]) })).toEqual([
      'sluice.yaml:1:1 the file is not UTF-8 here',
    ])
  })

  test('a file that is not UTF-8 is refused at its first bad byte', () => {
    const bytes = Buffer.concat([
      Buffer.from('format: sluice/flow@1\nname: Gr'),
      Buffer.from([0xfc]),
      Buffer.from('n\n'),
    ])
    expect(told({ 'flows/a.flow.yaml': bytes })).toEqual(['flows/a.flow.yaml:2:9 the file is not UTF-8 here'])
  })

  test('a wrong file hides no other', () => {
    const state = readFiles({
      'flows/a.flow.yaml': 'nodes:\n\tx',
      'flows/b.flow.yaml': `${head.replace('slug: a', 'slug: b')}nodes: {}\nedges: []\n`,
    })
    expect(state.flows.get('a')?.flow).toBeNull()
    expect(state.flows.get('b')?.flow?.slug).toBe('b')
  })
})

describe('limits', () => {
  test('2 MiB a flow', () => {
    const text = `${head}description: |\n${'  x\n'.repeat(600_000)}nodes: {}\nedges: []\n`
    expect(flowFile(text)).toEqual([
      `flows/a.flow.yaml:1:1 the file has ${text.length} bytes; the limit is 2 MiB`,
    ])
  })
  test('1 MiB a prompt', () => {
    const text = `---\nformat: sluice/prompt@1\n---\n=== user\n${'x'.repeat(1024 * 1024)}\n`
    expect(told({ 'prompts/a.prompt.md': text })[0]).toContain('the limit is 1 MiB')
  })
  test('2,000 nodes', () => {
    const nodes = (count: number) =>
      `${head}nodes:\n${Array.from({ length: count }, (_, i) => `  n${i}: { type: x }\n`).join('')}edges: []\n`
    expect(flowFile(nodes(2_000))).toEqual([])
    expect(flowFile(nodes(2_001))).toEqual([
      'flows/a.flow.yaml:4:1 the flow has 2001 nodes; the limit is 2000',
    ])
  })
  test('nesting, however it is written', () => {
    for (const deep of ['['.repeat(50_000), '- '.repeat(20_000), '{a: '.repeat(30_000)]) {
      expect(flowFile(deep)[0]).toMatch(/^flows\/a\.flow\.yaml:1:\d+ nested deeper than 64 levels/)
    }
  })
})

describe('names and links', () => {
  test('files that look like ours and are not read are told', () => {
    const found = told({
      'flows/a.yaml': 'x: 1\n',
      'flows/Ä.flow.yaml': 'x: 1\n',
      'prompts/a.md': 'x',
      'versions/a/latest.yaml': 'x: 1\n',
      'sluice.yml': 'x: 1\n',
    })
    expect(found).toHaveLength(5)
    for (const problem of found) expect(problem).toContain('is not read')
  })

  test('links out of the folder are told and never followed', () => {
    const outside = makeFolder({ 'secret.flow.yaml': 'name: canary\n', 'a.prompt.md': 'canary' })
    const folder = makeFolder(project)
    mkdirSync(join(folder, 'flows'))
    symlinkSync(join(outside, 'secret.flow.yaml'), join(folder, 'flows/a.flow.yaml'))
    symlinkSync(join(folder, 'nowhere'), join(folder, 'flows/b.flow.yaml'))
    symlinkSync(outside, join(folder, 'prompts'))
    putFile(folder, 'flows/real.flow.yaml', `${head.replace('slug: a', 'slug: real')}nodes: {}\nedges: []\n`)
    symlinkSync(join(folder, 'flows/real.flow.yaml'), join(folder, 'flows/alias.flow.yaml'))

    const state = readWorkspace(folder, { definitions })

    expect(state.problems.map(formatProblem)).toEqual([
      'flows/a.flow.yaml:1:1 is a link out of the workspace folder; links are not followed',
      'flows/alias.flow.yaml:3:7 "slug" must be "alias", as the file is named',
      'flows/b.flow.yaml:1:1 is a link out of the workspace folder; links are not followed',
      'prompts:1:1 is a link out of the workspace folder; links are not followed',
    ])
    expect(JSON.stringify([...state.flows.keys(), ...state.prompts.keys()])).not.toContain('canary')
  })

  test('a folder that is not there is an error with a code', () => {
    expect(() => readWorkspace(join(makeFolder({}), 'nowhere'), { definitions })).toThrow(
      expect.objectContaining({ code: 'not_found' }),
    )
  })
})
