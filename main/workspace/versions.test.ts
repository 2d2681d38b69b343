import { describe, expect, test } from 'vitest'
import { definitions } from '#nodes/definitions.ts'
import { formatProblem } from '#shared/flow/diagnostics.ts'
import { exampleFlow, exampleLayout, examplePrompt } from '../../test/files/example.ts'
import { makeFolder, putFile } from '../../test/files/folder.ts'
import { formatText, writeDocument } from './canonical.ts'
import { editFlowText, editYamlText } from './edit.ts'
import { fmt } from './fmt.ts'
import { readWorkspace } from './read.ts'
import { draftHash } from './version-hash.ts'
import { type Frozen, freezeVersion } from './versions.ts'
import { createFileAtomic } from './write.ts'

const byType = new Map(definitions.map((definition) => [definition.type, definition]))
const now = new Date('2026-11-20T09:00:00.123Z')
const slug = 'support-answer'
const flowPath = `flows/${slug}.flow.yaml`
const read = (folder: string) => readWorkspace(folder, { definitions: byType })
const freeze = (folder: string, facts: { note?: string; author?: string } = {}) =>
  freezeVersion(read(folder), slug, { now, app: '1.0.0', ...facts })

function save(folder: string, frozen: Frozen): void {
  for (const prompt of frozen.prompts) createFileAtomic(folder, prompt.path, prompt.text)
  if (!frozen.reused) createFileAtomic(folder, frozen.path, frozen.text)
}

function workspace(reference = 'answer@production'): string {
  return makeFolder({
    'sluice.yaml': 'format: sluice/project@1\nname: P\nprompts: { answer: { labels: { production: 3 } } }\n',
    [flowPath]: exampleFlow.replace('answer@production', reference),
    'prompts/answer.prompt.md': examplePrompt,
    'versions/prompts/answer/3.prompt.md': examplePrompt.replace('friendly', 'kind'),
  })
}

describe('freezing a draft', () => {
  test('makes version 1 with every reference as a number', () => {
    const folder = workspace()
    const frozen = freeze(folder, { author: 'Kim', note: 'Shorter greeting' })
    expect(frozen).toMatchObject({ path: `versions/${slug}/1.yaml`, reused: false, prompts: [] })
    expect(frozen.version).toMatchObject({
      number: 1,
      created_at: '2026-11-20T09:00:00Z',
      author: 'Kim',
      note: 'Shorter greeting',
      app: '1.0.0',
      references: { prompts: { answer: 3 }, flows: {} },
    })
    expect(frozen.version.content.nodes.compose?.config).toEqual({ prompt: 'answer@3' })
    expect(frozen.text).toContain('created_at: "2026-11-20T09:00:00Z"\n')
    expect(formatText('version', frozen.text)).toBe(frozen.text)

    save(folder, frozen)
    const state = read(folder)
    expect(state.problems).toEqual([])
    expect(state.versions.get(slug)?.get(1)?.version).toEqual(frozen.version)
  })

  test('again gives the version that is there', () => {
    const folder = workspace()
    const first = freeze(folder)
    save(folder, first)
    expect(freeze(folder, { note: 'other note' })).toEqual({ ...first, reused: true })
  })

  test.each([
    ['layout', (folder: string) => putFile(folder, `flows/${slug}.layout.yaml`, exampleLayout)],
    [
      'comments and spacing',
      (folder: string) =>
        putFile(
          folder,
          flowPath,
          `# hello\n\n${exampleFlow.replace('max_tokens: 400', 'max_tokens:   400   # enough')}`,
        ),
    ],
    [
      'title and note of a node',
      (folder: string) =>
        putFile(folder, flowPath, exampleFlow.replace('title: Ask the model', 'title: Other\n    note: why')),
    ],
    [
      'the order of nodes and edges',
      (folder: string) =>
        putFile(
          folder,
          flowPath,
          exampleFlow
            .replace('  restore: { type: unmask }\n', '')
            .replace('nodes:\n', 'nodes:\n  restore: { type: unmask }\n')
            .replace('  - ask.question -> clean.value\n', '')
            .concat('  - ask.question -> clean.value\n'),
        ),
    ],
    [
      'what says nothing',
      (folder: string) =>
        putFile(
          folder,
          flowPath,
          exampleFlow.replace(
            '{ type: unmask }',
            '{ type: unmask, mode: on, config: {}, policy: { on_error: fail } }',
          ),
        ),
    ],
    ['sluice fmt', (folder: string) => fmt(folder, { check: false })],
    [
      'a reference by number',
      (folder: string) => putFile(folder, flowPath, exampleFlow.replace('answer@production', 'answer@3')),
    ],
  ])('%s makes no new version', (_what, change) => {
    const folder = workspace()
    const first = freeze(folder)
    save(folder, first)
    change(folder)
    expect(freeze(folder)).toMatchObject({ reused: true, version: { number: 1, hash: first.version.hash } })
  })

  test('a change makes the next number, after a gap too', () => {
    const folder = workspace()
    save(folder, freeze(folder))
    putFile(folder, `versions/${slug}/12.yaml`, 'broken')
    putFile(folder, flowPath, exampleFlow.replace('max_tokens: 400', 'max_tokens: 401'))
    expect(freeze(folder)).toMatchObject({ path: `versions/${slug}/13.yaml`, reused: false })
  })

  test('the hash of a draft is the one its version gets', () => {
    for (const reference of ['answer@production', 'answer@draft', 'answer@3']) {
      const state = read(workspace(reference))
      const flow = state.flows.get(slug)?.flow
      expect(flow && draftHash(state, flow)).toBe(freezeVersion(state, slug, { now, app: '1' }).version.hash)
    }
  })

  test.each([
    ['a label that is not set', 'answer@staging', /"answer@staging"/],
    ['a version that is not there', 'answer@9', /"answer@9"/],
    ['a prompt that is not there', 'nobody@draft', /"nobody@draft"/],
  ])('%s is refused', (_what, reference, message) => {
    const folder = workspace(reference)
    expect(() => freeze(folder)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: expect.stringMatching(message) }),
    )
    const state = read(folder)
    const flow = state.flows.get(slug)?.flow
    expect(() => flow && draftHash(state, flow)).toThrow(expect.objectContaining({ code: 'flow_error' }))
  })

  test('unknown flows and drafts with errors are refused', () => {
    const folder = workspace()
    expect(() => freezeVersion(read(folder), 'nobody', { now, app: '1' })).toThrow(
      expect.objectContaining({ code: 'not_found' }),
    )
    putFile(folder, flowPath, `${exampleFlow}nods: 1\n`)
    expect(() => freeze(folder)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })
})

describe('drafts of prompts', () => {
  test('are frozen with the flow, once', () => {
    const folder = workspace('answer@draft')
    const frozen = freeze(folder)
    expect(frozen.prompts).toMatchObject([
      { name: 'answer', number: 4, path: 'versions/prompts/answer/4.prompt.md' },
    ])
    expect(frozen.version.references.prompts).toEqual({ answer: 4 })
    save(folder, frozen)
    expect(read(folder).problems).toEqual([])
    expect(freeze(folder)).toMatchObject({ reused: true, prompts: [] })

    putFile(folder, flowPath, exampleFlow.replace('answer@production', 'answer@draft').replace('400', '401'))
    expect(freeze(folder)).toMatchObject({
      prompts: [],
      version: { number: 2, references: { prompts: { answer: 4 } } },
    })
  })

  test('take the number of a frozen prompt that says the same', () => {
    const folder = workspace('answer@draft')
    putFile(
      folder,
      'prompts/answer.prompt.md',
      examplePrompt.replace('friendly', 'kind').replace('description: Friendly support answer\n', ''),
    )
    expect(freeze(folder)).toMatchObject({ prompts: [], version: { references: { prompts: { answer: 3 } } } })
  })
})

describe('a frozen file that was changed is refused', () => {
  function frozenFolder(): string {
    const folder = workspace()
    save(folder, freeze(folder))
    return folder
  }
  const problems = (folder: string) =>
    read(folder).problems.map((problem) => `${problem.code} ${formatProblem(problem)}`)
  const versionPath = `versions/${slug}/1.yaml`
  const text = (folder: string) => read(folder).versions.get(slug)?.get(1)?.text ?? ''

  test('in its content', () => {
    const folder = frozenFolder()
    putFile(folder, versionPath, text(folder).replace('max_tokens: 400', 'max_tokens: 4000'))
    expect(problems(folder)).toEqual([
      `hash_mismatch ${versionPath}:4:7 the content does not match its hash: the file or a prompt of it was changed after it was frozen`,
    ])
    expect(read(folder).versions.get(slug)?.get(1)?.version).toBeNull()
  })

  test('in a prompt of it', () => {
    const folder = frozenFolder()
    putFile(folder, 'versions/prompts/answer/3.prompt.md', examplePrompt.replace('friendly', 'rude'))
    expect(problems(folder)[0]).toMatch(/^hash_mismatch versions\/support-answer\/1\.yaml:4:7 /)
  })

  test('or that lost a prompt', () => {
    const folder = workspace('answer@draft')
    const frozen = freeze(folder)
    createFileAtomic(folder, frozen.path, frozen.text)
    expect(problems(folder)).toEqual([
      `reference_unresolved ${versionPath}:7:24 this version needs the prompt answer@4, which is not there or has errors`,
    ])
  })

  test('but formatting and comments do not count', () => {
    const folder = frozenFolder()
    putFile(folder, versionPath, `${text(folder).replace('note:', 'note:  ')}# checked by Kim\n`)
    expect(problems(folder)).toEqual([])
  })

  test('or that is named for another', () => {
    const folder = frozenFolder()
    putFile(folder, `versions/${slug}/2.yaml`, text(folder))
    putFile(folder, 'versions/other/1.yaml', text(folder))
    expect(problems(folder)).toEqual([
      'wrong_value versions/other/1.yaml:2:7 "flow" must be "other", as the file is named',
      `wrong_value versions/${slug}/2.yaml:3:9 "number" must be 2, as the file is named`,
    ])
  })
})

describe('reading again after a change', () => {
  const again = (folder: string, previous: ReturnType<typeof read>) =>
    readWorkspace(folder, { definitions: byType, previous })
  const prompt3 = 'versions/prompts/answer/3.prompt.md'

  test('takes what has not changed as it was, and sees what has', () => {
    const folder = workspace()
    save(folder, freeze(folder))
    const first = read(folder)
    putFile(folder, flowPath, exampleFlow.replace('400', '401'))
    const second = again(folder, first)
    expect(second.versions.get(slug)?.get(1)).toBe(first.versions.get(slug)?.get(1))
    expect(second.prompts.get('answer')).toBe(first.prompts.get('answer'))
    expect(second.flows.get(slug)?.flow?.nodes.model?.config?.max_tokens).toBe(401)
    expect(second.problems).toEqual([])
  })

  test('trusts no version whose prompt was changed, and trusts it again when that is mended', () => {
    const folder = workspace()
    save(folder, freeze(folder))
    const first = read(folder)
    const good = first.promptVersions.get('answer')?.get(3)?.text ?? ''
    putFile(folder, prompt3, good.replace('kind', 'rude'))
    const second = again(folder, first)
    expect(second.problems.map(({ code }) => code)).toEqual(['hash_mismatch'])
    const third = again(folder, second)
    expect(third.problems.map(({ code }) => code)).toEqual(['hash_mismatch'])
    putFile(folder, prompt3, good)
    expect(again(folder, third).versions.get(slug)?.get(1)?.version).toEqual(
      first.versions.get(slug)?.get(1)?.version,
    )
  })
})

test('1,000 edits of the layout leave the flow file and its hash alone', () => {
  const folder = workspace()
  const before = read(folder).flows.get(slug)
  const hash = before?.flow && draftHash(read(folder), before.flow)
  let layout = exampleLayout
  for (let index = 0; index < 1_000; index += 1) {
    const path =
      index % 3 === 0
        ? ['nodes', 'answer', 'at']
        : index % 3 === 1
          ? ['nodes', `n${index % 8}`, 'at']
          : ['frames', 'f1', 'size']
    layout = editYamlText(layout, [{ path, value: [index, index * 2 + 1] }], 'layout')
    if (index % 100 !== 99) continue
    putFile(folder, `flows/${slug}.layout.yaml`, layout)
    const state = read(folder)
    expect(state.problems).toEqual([])
    expect(state.flows.get(slug)?.text).toBe(exampleFlow)
    expect(state.flows.get(slug)?.flow && draftHash(state, state.flows.get(slug)?.flow as never)).toBe(hash)
  }
  expect(layout).toContain('answer: { at: [999, 1999] }')
})

test('a flow that was edited hashes like the same flow written anew', () => {
  const folder = workspace()
  const text = editFlowText(exampleFlow, [
    { op: 'set', path: ['nodes', 'model', 'config', 'max_tokens'], value: 500 },
    { op: 'add-node', id: 'extra', node: { type: 'template', config: { text: 'x' } } },
  ])
  putFile(folder, flowPath, text)
  const first = freeze(folder).version
  putFile(folder, flowPath, writeDocument('flow', read(folder).flows.get(slug)?.flow as object))
  expect(freeze(folder).version.hash).toBe(first.hash)
})
