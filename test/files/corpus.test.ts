import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { formatText } from '#main/workspace/canonical.ts'
import { editFlowText, editYamlText } from '#main/workspace/edit.ts'
import { fmt } from '#main/workspace/fmt.ts'
import { readWorkspace } from '#main/workspace/read.ts'
import { parseYaml } from '#main/workspace/yaml-parse.ts'
import type { Json, JsonObject } from '#shared/json.ts'
import { type CorpusFile, corpus } from './corpus.ts'

const files = corpus()
const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function onDisk(some: readonly CorpusFile[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-corpus-'))
  folders.push(folder)
  for (const { path, text } of some) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}
const options = { definitions: new Map() }

describe('a corpus of 500 files, hand-written and canonical', () => {
  test('is read without a problem', () => {
    expect(files.length).toBeGreaterThanOrEqual(500)
    const { problems, flows, layouts, prompts } = readWorkspace(onDisk(files), options)
    expect(problems).toEqual([])
    expect(flows.size + layouts.size + prompts.size).toBeGreaterThan(430)
  })

  test('stays byte for byte when everything is saved as it was read', () => {
    for (const { kind, text, path } of files) {
      if (kind === 'prompt') continue
      const { data } = parseYaml(text)
      expect(editYamlText(text, [{ path: [], value: data }], kind), path).toBe(text)
      const again = Object.entries(data as JsonObject).map(
        ([key, value]) => ({ op: 'set', path: [key], value: value as Json }) as const,
      )
      if (kind === 'flow') expect(editFlowText(text, again)).toBe(text)
    }
  })

  test('says the same in canonical form, keeps its comments, and formatting twice is formatting once', () => {
    for (const { kind, text, path } of files) {
      const formatted = formatText(kind, text)
      if (formatted === undefined) expect.fail(`${path} cannot be formatted`)
      expect(formatText(kind, formatted), path).toBe(formatted)
      if (kind === 'prompt') continue
      const comments = (of: string) =>
        parseYaml(of)
          .comments.map((comment) => comment.text)
          .sort()
      expect(comments(formatted), path).toEqual(comments(text))
    }
  })

  test('is made canonical by one run of fmt, after which nothing is left to do and nothing has changed', () => {
    // Each write waits for the disk, so a part has to do.
    const some = files.slice(0, 90)
    const folder = onDisk(some)
    const before = readWorkspace(folder, options)
    const listed = fmt(folder, { check: true })
    expect(listed.problems).toEqual([])
    expect(listed.changed.length).toBeGreaterThan(30)
    for (const { path, text } of some) expect(readFileSync(join(folder, path), 'utf8')).toBe(text)

    expect(fmt(folder, { check: false }).changed).toEqual(listed.changed)
    expect(fmt(folder, { check: true }).changed).toEqual([])

    const after = readWorkspace(folder, options)
    expect(after.problems).toEqual([])
    for (const [name, { prompt }] of before.prompts) expect(after.prompts.get(name)?.prompt).toEqual(prompt)
    for (const [slug, { flow }] of before.flows) {
      const now = after.flows.get(slug)?.flow
      expect(Object.keys(now?.nodes ?? {}).sort()).toEqual(Object.keys(flow?.nodes ?? {}).sort())
      expect(now?.edges.toSorted()).toEqual(flow?.edges.toSorted())
    }
  })
})
