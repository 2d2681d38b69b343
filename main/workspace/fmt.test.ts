import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatProblem } from '#shared/flow/diagnostics.ts'
import { exampleFlow } from '../../test/files/example.ts'
import { makeFolder } from '../../test/files/folder.ts'
import { fmt } from './fmt.ts'

const canonical = `format: sluice/flow@1
name: A
slug: a
nodes:
  ask: { type: input }
  model:
    type: chat-model # cheap
    config: { targets: [demo/echo] }
edges:
  - ask.question -> model.messages
`
const messy = `\uFEFFformat:   "sluice/flow@1"
slug: 'a'\r
nodes:

    model:   { config: {targets: ["demo/echo"]},
               type: chat-model,   # cheap
               mode: on, policy: {} }
    ask: {type: input, config: {}}
edges: [ask.question -> model.messages]
name: A`

test('makes a file canonical: order, spacing, quotes, defaults, line breaks', () => {
  const folder = makeFolder({ 'flows/a.flow.yaml': messy, 'flows/b.flow.yaml': canonical })
  expect(fmt(folder, { check: true })).toEqual({ changed: ['flows/a.flow.yaml'], problems: [] })
  expect(readFileSync(join(folder, 'flows/a.flow.yaml'), 'utf8')).toBe(messy)
  expect(fmt(folder, { check: false }).changed).toEqual(['flows/a.flow.yaml'])
  expect(readFileSync(join(folder, 'flows/a.flow.yaml'), 'utf8')).toBe(canonical)
  expect(fmt(folder, { check: true }).changed).toEqual([])
})

test('what cannot be read, is newer or frozen stays as it is', () => {
  const files = {
    'flows/tab.flow.yaml': 'format: sluice/flow@1\nnodes:\n\ta: 1\n',
    'flows/new.flow.yaml': 'format:  sluice/flow@7\nwhatever:   1\n',
    'prompts/bad.prompt.md': 'hello\n',
    'prompts/new.prompt.md': '---\nformat:  sluice/prompt@2\n---\n=== user\nx\n',
    'versions/a/1.yaml': 'format:   sluice/version@1\n',
    'versions/prompts/p/1.prompt.md': '---\nformat:   sluice/prompt@1\n---\n=== user\nx\n',
    'README.md': 'hello   ',
  }
  const folder = makeFolder(files)
  const { changed, problems } = fmt(folder, { check: false })
  expect(changed).toEqual([])
  expect(problems.map(formatProblem)).toEqual([
    'flows/new.flow.yaml:1:10 needs Sluice 7.0 or later: the format sluice/flow@7 is newer than this release',
    'flows/tab.flow.yaml:3:1 a tab cannot indent; use spaces',
    'prompts/bad.prompt.md:1:1 a prompt begins with front matter between two lines "---"',
    'prompts/new.prompt.md:2:10 needs Sluice 2.0 or later: the format sluice/prompt@2 is newer than this release',
  ])
  for (const [path, text] of Object.entries(files))
    expect(readFileSync(join(folder, path), 'utf8')).toBe(text)
})

test('unknown fields are kept for their author to mend', () => {
  const folder = makeFolder({ 'flows/a.flow.yaml': exampleFlow.replace('tags: [support]', 'tgs: [support]') })
  expect(fmt(folder, { check: false }).problems).toEqual([])
  expect(readFileSync(join(folder, 'flows/a.flow.yaml'), 'utf8')).toContain('\ntgs: [support]\n')
})
