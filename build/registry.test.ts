import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeLists } from './registry.ts'

describe('registry', () => {
  let root: string

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sluice-registry-'))
    mkdirSync(join(root, 'nodes'))
  })

  afterEach(() => rmSync(root, { recursive: true, force: true }))

  function file(path: string, text: string) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }

  function node(type: string, name: string) {
    file(`nodes/${type}/node.ts`, `export const ${name} = 1\n`)
    file(`nodes/${type}/run.ts`, 'export const prepare = 1\nexport function run() {}\n')
  }

  test('lists the nodes in the order of their folders', () => {
    node('guard-rule', 'guardRule')
    node('ab-split', 'abSplit')
    node('code', 'code')
    const [definitions, runners] = nodeLists(root)
    expect(definitions?.text).toContain("import { abSplit } from './ab-split/node.ts'\nimport { code }")
    expect(definitions?.text).toContain('[abSplit, code, guardRule]')
    expect(runners?.text).toContain("import * as guardRuleRun from './guard-rule/run.ts'")
    expect(runners?.text).toContain("  'ab-split': abSplitRun,\n  code: codeRun,\n")
  })

  test('gives a type that is a word of the language a name that can be imported', () => {
    node('if', 'ifNode')
    const [definitions, runners] = nodeLists(root)
    expect(definitions?.text).toContain("import { ifNode } from './if/node.ts'")
    expect(runners?.text).toContain('  if: ifNodeRun,\n')
  })

  test('names its script in the first line', () => {
    for (const { text } of nodeLists(root)) expect(text.split('\n')[0]).toContain('build/registry.ts')
  })

  test('refuses a folder without run.ts', () => {
    file('nodes/code/node.ts', 'export const code = 1\n')
    expect(() => nodeLists(root)).toThrow('nodes/code has no run.ts')
  })

  test('refuses a folder without node.ts', () => {
    file('nodes/code/run.ts', 'export const run = 1\n')
    expect(() => nodeLists(root)).toThrow('nodes/code has no node.ts')
  })

  test('refuses a definition that is not named for its folder', () => {
    node('guard-rule', 'rule')
    expect(() => nodeLists(root)).toThrow('must export exactly guardRule; it exports rule')
  })

  test('refuses a second export beside the definition', () => {
    node('code', 'code')
    file('nodes/code/node.ts', 'export const code = 1\nexport function help() {}\n')
    expect(() => nodeLists(root)).toThrow('it exports code, help')
  })

  test('refuses a run file that does not export run', () => {
    node('code', 'code')
    file('nodes/code/run.ts', 'export const execute = 1\n')
    expect(() => nodeLists(root)).toThrow('nodes/code/run.ts does not export run')
  })

  test('refuses a folder that is not kebab-case', () => {
    file('nodes/guardRule/node.ts', '')
    expect(() => nodeLists(root)).toThrow('kebab-case')
  })
})
