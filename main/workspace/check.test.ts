import { describe, expect, test } from 'vitest'
import { definitions } from '#nodes/definitions.ts'
import { formatProblem } from '#shared/flow/diagnostics.ts'
import { exampleFlow, exampleProject, examplePrompt } from '../../test/files/example.ts'
import { makeFolder } from '../../test/files/folder.ts'
import { type CheckParts, checkWorkspace, compileEnvFor } from './check.ts'
import { readWorkspace } from './read.ts'

const byType = new Map(definitions.map((definition) => [definition.type, definition]))
const cloud = { local: false, catalogue: true, needsBaseUrl: false }
const parts: CheckParts = {
  providers: new Map([
    ['openai', cloud],
    ['simulator', { ...cloud, local: true, catalogue: false }],
    ['ollama', { ...cloud, local: true, catalogue: false }],
    ['openai-compatible', { ...cloud, catalogue: false, needsBaseUrl: true }],
  ]),
  modelFacts: (provider, model) =>
    provider === 'openai' && model.startsWith('gpt')
      ? { context: 128_000, tools: true, images: true, schema: true, json: true, priced: true }
      : undefined,
  hasSecret: () => true,
  findSecrets: (text) =>
    [...text.matchAll(/KEY-\d{8}/g)].map((match) => ({
      start: match.index,
      end: match.index + 12,
      kind: 'test-key',
    })),
}

function check(files: Record<string, string>, change: Partial<CheckParts> = {}) {
  const state = readWorkspace(makeFolder(files), { definitions: byType })
  return checkWorkspace(state, { ...parts, ...change })
}
const told = (files: Record<string, string>, change?: Partial<CheckParts>) =>
  check(files, change).map((problem) => `${problem.severity} ${formatProblem(problem)}`)

const project = 'format: sluice/project@1\nname: Parcel\nconnections: { demo: { provider: simulator } }\n'
const flow = (nodes: string, edges: string) => `format: sluice/flow@1
name: A
slug: a
nodes:
  ask: { type: input, config: { fields: { question: { type: text } } } }
  answer: { type: output, config: { field: answer } }
  model:
    type: chat-model
    title: Ask
    config:
      targets: [demo/echo]
${nodes}edges:
  - ask.question -> model.messages
  - model.text -> answer.value
${edges}`

test('a workspace without mistakes has no problems', () => {
  expect(told({ 'sluice.yaml': project, 'flows/a.flow.yaml': flow('', '') })).toEqual([])
})

test('a sluice.yaml that cannot be used hides no names, so flows are not blamed for them', () => {
  const found = told({
    'sluice.yaml': 'format: sluice/project@1\nname: [\n',
    'flows/a.flow.yaml': flow('', ''),
  })
  expect(found).toEqual(['error sluice.yaml:3:1 a "[" above is not closed'])
})

describe('flows are compiled, and what is wrong with them has a line and a column', () => {
  const cases: readonly [string, string, string, string][] = [
    [
      'a misspelt config field, at its name',
      '      temprature: 0.3\n',
      '',
      'error flows/a.flow.yaml:12:7 unknown field "temprature" in chat-model config; did you mean "temperature"?',
    ],
    [
      'a wrong config value, at the value',
      '      temperature: 7\n',
      '',
      'error flows/a.flow.yaml:12:20 "temperature" must be at most 2, not 7',
    ],
    [
      'an unknown type, at the type',
      '  other: { type: chat-modl }\n',
      '',
      'error flows/a.flow.yaml:12:18 unknown node type "chat-modl"',
    ],
    [
      'an edge to nowhere, at the edge',
      '',
      '  - model.text -> nobody.value\n',
      'error flows/a.flow.yaml:15:5 ',
    ],
  ]
  test.each(cases)('%s', (_what, nodes, edges, problem) => {
    const found = told({ 'sluice.yaml': project, 'flows/a.flow.yaml': flow(nodes, edges) })
    expect(
      found.filter((each) => each.startsWith(problem)),
      found.join('\n'),
    ).toHaveLength(1)
  })

  test('an unknown connection', () => {
    const text = flow('', '').replace('demo/echo', 'dmo/echo')
    expect(told({ 'sluice.yaml': project, 'flows/a.flow.yaml': text }).join('\n')).toContain(
      'error flows/a.flow.yaml:11:17 node "model" names the connection "dmo", which the project does not have; did you mean "demo"?',
    )
  })

  test('mistakes of the file and of the drawing are told together, each once', () => {
    const text = flow('      temprature: 0.3\n', '')
      .replace('name: A', 'nam: A')
      .replace('title: Ask', 'mode: of')
    const found = told({ 'sluice.yaml': project, 'flows/a.flow.yaml': text })
    expect(found).toEqual([
      'error flows/a.flow.yaml:2:1 unknown field "nam" in the flow; did you mean "name"?',
      'error flows/a.flow.yaml:9:11 "mode" must be "on", "off" or "bypass", not "of"; did you mean "on"?',
      'error flows/a.flow.yaml:12:7 unknown field "temprature" in chat-model config; did you mean "temperature"?',
    ])
  })

  test('a mistake in sluice.yaml does not make every flow wrong', () => {
    const found = told({
      'sluice.yaml': `${project}variables: { brand: 3 }\n`,
      'flows/a.flow.yaml': flow('', ''),
    })
    expect(found).toEqual(['error sluice.yaml:4:21 "brand" must be a text, not a number'])
  })

  test('a labelled version that no longer compiles is told in its file', () => {
    const state = readWorkspace(
      makeFolder({
        'sluice.yaml': `${project}endpoints: { a: { flow: a, labels: { production: 1 } } }\n`,
        'flows/a.flow.yaml': flow('', ''),
      }),
      { definitions: byType },
    )
    const content = { nodes: { ask: { type: 'nobody' } }, edges: [] }
    const version = {
      format: 'sluice/version@1',
      flow: 'a',
      number: 1,
      hash: `sha256:${'0'.repeat(64)}`,
      created_at: '',
      app: '1',
      references: { prompts: {}, flows: {} },
      content,
    } as const
    const file = {
      ...(state.flows.get('a') as NonNullable<ReturnType<typeof state.flows.get>>),
      file: 'versions/a/1.yaml',
      flow: 'a',
      number: 1,
      version,
    }
    const problems = checkWorkspace({ ...state, versions: new Map([['a', new Map([[1, file]])]]) }, parts)
    expect(
      problems.filter((problem) => problem.file === 'versions/a/1.yaml').map(({ code }) => code),
    ).toContain('unknown_type')
  })
})

describe('what the compiler is told', () => {
  const state = () =>
    readWorkspace(
      makeFolder({
        'sluice.yaml': exampleProject,
        'prompts/answer.prompt.md': examplePrompt,
        'versions/prompts/answer/3.prompt.md': examplePrompt.replace('friendly', 'kind'),
      }),
      { definitions: byType },
    )

  test('prompts by number, label and draft', () => {
    const env = compileEnvFor(state(), parts)
    const first = (ref: string) => env.prompt(ref)?.blocks[0]?.text
    expect(first('answer@3')).toContain('kind')
    expect(first('answer@production')).toContain('kind')
    expect(first('answer@draft')).toContain('friendly')
    expect([
      first('answer@4'),
      first('answer@staging'),
      first('constructor@3'),
      first('answer@constructor'),
    ]).toEqual([undefined, undefined, undefined, undefined])
  })

  test('models: what the project says stands above the catalogue', () => {
    const env = compileEnvFor(state(), parts)
    expect(env.model('openai/gpt-5-mini')?.context).toBe(128_000)
    expect(env.model('corp/corp-7b')).toMatchObject({ context: 32_768, priced: true, tools: null })
    expect(env.model('openai/unheard-of')).toBeUndefined()
    expect(env.model('nobody/gpt-5')).toBeUndefined()
    expect(env.connections.ollama).toEqual({ provider: 'ollama', local: true, catalogue: false })
    expect(env.policies).toEqual({ models: ['openai/*', 'ollama/*'], hosts: ['api.openai.com'] })
  })
})

describe('references of sluice.yaml', () => {
  const cases: readonly [string, string][] = [
    ['endpoints: { b: { flow: bb } }', 'error sluice.yaml:4:25 there is no flow "bb"'],
    [
      'endpoints: { a: { flow: a, labels: { production: 3 } } }',
      'error sluice.yaml:4:50 the flow "a" has no version 3; it has none yet',
    ],
    [
      'endpoints: { a: { flow: a, labels: { p: { split: { x: { version: 2, weight: 1 } } } } } }',
      'error sluice.yaml:4:66 the flow "a" has no version 2; it has none yet',
    ],
    [
      'endpoints: { a: { flow: a, versions: { 2: { state: retired } } } }',
      'warning sluice.yaml:4:40 the flow "a" has no version 2',
    ],
    [
      'endpoints: { a: { flow: a, successor: b } }',
      'error sluice.yaml:4:39 there is no endpoint "b"; did you mean "a"?',
    ],
    [
      'prompts: { answer: { labels: { production: 3 } } }',
      'error sluice.yaml:4:12 there is no prompt "answer"',
    ],
    [
      'consumers: { c: { access: { b: [] } } }',
      'error sluice.yaml:4:29 there is no endpoint "b"; did you mean "a"?',
    ],
    [
      'consumers: { c: { access: { a: [production] } } }',
      'warning sluice.yaml:4:33 "a" has no label or version "production" yet',
    ],
    [
      'consumers: { c: { keys: [{ id: k, secret: secret:k, pin: { a: 3 } }] } }',
      'warning sluice.yaml:4:63 "a" has no label or version "3" yet',
    ],
    [
      'consumers: { c: { keys: [{ id: k, secret: secret:k }, { id: k, secret: secret:l }] } }',
      'error sluice.yaml:4:61 the key id "k" is already used by "c"',
    ],
    [
      'alerts: { x: { when: "true", over_s: 1, send: [opps] } }',
      'error sluice.yaml:4:48 there is no webhook "opps"',
    ],
  ]
  test.each(cases)('%s', (line, problem) => {
    expect(told({ 'sluice.yaml': `${project}${line}\n`, 'flows/a.flow.yaml': flow('', '') })).toContain(
      problem,
    )
  })

  test('providers', () => {
    const found = told({
      'sluice.yaml': project.replace(
        '{ demo: { provider: simulator } }',
        '{ a: { provider: opanai }, b: { provider: openai-compatible } }',
      ),
    })
    expect(found).toEqual([
      'error sluice.yaml:3:31 there is no provider "opanai"; did you mean "openai"?',
      'error sluice.yaml:3:56 the provider "openai-compatible" needs a "base_url"',
    ])
  })
})

test('a connection that this release cannot use is told', () => {
  const unusable = () => 'This wire format is not spoken yet.'
  expect(told({ 'sluice.yaml': project }, { unusable })).toEqual([
    'warning sluice.yaml:3:34 This wire format is not spoken yet.',
  ])
})

describe('the example of the documentation', () => {
  const found = () =>
    check(
      {
        'sluice.yaml': exampleProject,
        'flows/support-answer.flow.yaml': exampleFlow,
        'versions/prompts/answer/3.prompt.md': examplePrompt,
      },
      { hasSecret: () => false },
    )

  test('has no errors but its missing versions and what this release cannot enforce', () => {
    const errors = found().filter(({ severity }) => severity === 'error')
    expect(errors.map(({ line, code }) => `${line} ${code}`)).toEqual([
      '21 reference_unresolved',
      '21 reference_unresolved',
      '23 reference_unresolved',
      '33 not_enforced',
      '34 not_enforced',
      '49 not_enforced',
    ])
  })

  test('names every secret that has no value', () => {
    const missing = found().filter(({ code }) => code === 'secret_missing')
    expect(missing.map(({ severity, message }) => `${severity} ${message.split('"')[1]}`)).toEqual([
      'warning openai_key',
      'warning corp_key',
      'warning web_shop_key',
      'warning hook',
      'warning tools',
    ])
  })
})

describe('secrets in files', () => {
  const secret = 'KEY-12345678'
  const places: readonly [string, Record<string, string>, string][] = [
    ['a config', { 'flows/a.flow.yaml': flow(`      stop: ["${secret}"]\n`, '') }, 'flows/a.flow.yaml:12:15'],
    [
      'a note',
      { 'flows/a.flow.yaml': flow('', '').replace('title: Ask', `note: ${secret}`) },
      'flows/a.flow.yaml:9:11',
    ],
    ['a comment', { 'flows/a.flow.yaml': `${flow('', '')}# ${secret}\n` }, 'flows/a.flow.yaml:15:3'],
    [
      'a key of a map',
      { 'sluice.yaml': `${project}variables: { ${secret.replace('-', '_')}: x } # ${secret}\n` },
      'sluice.yaml:4:34',
    ],
    [
      'a layout',
      { 'flows/a.layout.yaml': `format: sluice/layout@1\nnotes: { n: { at: [0, 0], text: ${secret} } }\n` },
      'flows/a.layout.yaml:2:33',
    ],
    [
      'a prompt',
      { 'prompts/p.prompt.md': `---\nformat: sluice/prompt@1\n---\n=== user\nuse ${secret}\n` },
      'prompts/p.prompt.md:5:5',
    ],
    [
      'a frozen prompt',
      { 'versions/prompts/p/1.prompt.md': `---\nformat: sluice/prompt@1\n---\n=== user\n${secret}\n` },
      'versions/prompts/p/1.prompt.md:5:1',
    ],
    [
      'an overlay that was not chosen',
      { 'sluice.prod.yaml': `format: sluice/project@1\nvariables: { a: ${secret} }\n` },
      'sluice.prod.yaml:2:17',
    ],
    ['a dataset', { 'datasets/q.jsonl': `{}\n{"q":"${secret}"}\n` }, 'datasets/q.jsonl:2:7'],
    [
      'an experiment',
      { 'experiments/e.yaml': `format: sluice/experiment@1\nname: ${secret}\n` },
      'experiments/e.yaml:2:7',
    ],
    [
      'a file that cannot be read otherwise',
      { 'flows/b.flow.yaml': `nodes:\n\t${secret}: x\n` },
      'flows/b.flow.yaml:2:2',
    ],
  ]
  test.each(places)('are found in %s', (_what, files, at) => {
    const found = check({ 'sluice.yaml': project, ...files }).filter(({ code }) => code === 'secret_in_file')
    expect(found.map(({ file, line, column, severity }) => `${severity} ${file}:${line}:${column}`)).toEqual([
      `error ${at}`,
    ])
    expect(found[0]?.message).not.toContain(secret)
  })

  const allow = (entry: string) => `${project}policies: { secret_scan: { allow: ["${entry}"] } }\n`
  test.each(['flows/a.flow.yaml:nodes.model.config.stop.0', 'flows/a.flow.yaml:nodes.model'])(
    '%s may be allowed',
    (entry) => {
      const files = { 'flows/a.flow.yaml': flow(`      stop: [${secret}]\n`, '') }
      expect(told({ 'sluice.yaml': allow(entry), ...files })).toEqual([])
      expect(told({ 'sluice.yaml': allow('flows/a.flow.yaml:nodes.ask'), ...files })).toHaveLength(1)
    },
  )

  test('a credential in its own field is told once', () => {
    const text = project.replace('provider: simulator', `provider: simulator, credential: ${secret}`)
    expect(check({ 'sluice.yaml': text }).map(({ code }) => code)).toEqual(['secret_in_file'])
  })
})
