import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

const refused = [
  ['shared/flow/a.ts', 'node:fs'],
  ['shared/flow/a.ts', 'node:fs/promises'],
  ['shared/flow/a.ts', '#main/store/runs.ts'],
  ['shared/flow/a.ts', '#nodes/definitions.ts'],
  ['shared/flow/a.ts', '../../main/engine/execute.ts'],
  ['shared/flow/a.ts', 'undici'],
  ['nodes/guard-rule/node.ts', './run.ts'],
  ['nodes/guard-rule/node.ts', '../switch/node.ts'],
  ['nodes/guard-rule/run.ts', '../switch/node.ts'],
  ['nodes/guard-rule/run.ts', '#nodes/switch/node.ts'],
  ['nodes/guard-rule/run.ts', '#main/guards/mask.ts'],
  ['nodes/guard-rule/run.ts', 'node:crypto'],
  ['nodes/guard-rule/words.ts', 'node:crypto'],
  ['main/gateway/handle.ts', '#main/store/runs.ts'],
  ['main/gateway/surfaces/rest.ts', '../../store/runs.ts'],
  ['main/gateway/handle.ts', '../engine/execute.ts'],
  ['main/gateway/handle.ts', '#main/providers/registry.ts'],
  ['main/gateway/handle.ts', 'undici'],
  ['main/engine/execute.ts', '#main/providers/registry.ts'],
  ['main/engine/execute.ts', '#main/outbound/pool.ts'],
  ['main/engine/execute.ts', '#main/store/runs.ts'],
  ['main/engine/execute.ts', '#nodes/switch/run.ts'],
  ['main/experiments/run.ts', '#main/gateway/handle.ts'],
  ['main/experiments/run.ts', '#main/store/runs.ts'],
  ['main/providers/chat/adapter.ts', '#main/engine/execute.ts'],
  ['main/providers/chat/adapter.ts', 'undici'],
  ['main/outbound/pool.ts', '#main/secrets/open.ts'],
  ['main/store/open.ts', '#main/workspace/read.ts'],
  ['main/store/open.ts', 'undici'],
  ['main/workspace/read.ts', '#main/store/open.ts'],
  ['main/guards/mask.ts', '#main/engine/execute.ts'],
  ['main/secrets/open.ts', '#main/store/open.ts'],
  ['main/sandbox/pool.ts', '#main/engine/execute.ts'],
  ['main/desktop.ts', './gateway/handle.ts'],
  ['main/desktop/window.ts', '../store/open.ts'],
  ['main/desktop/window.ts', '#main/engine/execute.ts'],
  ['main/server.ts', 'electron'],
  ['main/server.ts', 'better-sqlite3'],
  ['main/server.ts', 'yaml'],
  ['main/server.ts', 'vitest'],
  ['main/api/runs.ts', 'undici'],
  ['renderer/app.tsx', '#main/engine/execute.ts'],
  ['renderer/app.tsx', '#nodes/switch/run.ts'],
  ['renderer/app.tsx', '../nodes/switch/run.ts'],
  ['renderer/app.tsx', 'electron'],
  ['renderer/app.tsx', '@xyflow/react'],
] as const

const allowed = [
  ['shared/flow/a.ts', 'zod'],
  ['shared/flow/a.ts', '#shared/errors.ts'],
  ['shared/flow/compile/a.ts', '../types.ts'],
  ['nodes/guard-rule/node.ts', '#shared/flow/definition.ts'],
  ['nodes/guard-rule/run.ts', './node.ts'],
  ['nodes/guard-rule/run.ts', './words.ts'],
  ['nodes/definitions.ts', './guard-rule/node.ts'],
  ['nodes/guard-rule/node.test.ts', '../switch/node.ts'],
  ['main/gateway/handle.ts', '#main/engine/execute.ts'],
  ['main/gateway/handle.ts', 'node:http'],
  ['main/gateway/surfaces/rest.ts', '../handle.ts'],
  ['main/gateway/handle.test.ts', '#main/store/open.ts'],
  ['main/engine/prepare.ts', '#nodes/runners.ts'],
  ['main/providers/chat/adapter.ts', '#main/outbound/pool.ts'],
  ['main/outbound/pool.ts', 'undici'],
  ['main/store/open.ts', 'better-sqlite3'],
  ['main/store/migrations/first.ts', '../open.ts'],
  ['main/workspace/read.ts', 'yaml'],
  ['main/desktop.ts', 'electron'],
  ['main/server.ts', './gateway/handle.ts'],
  ['main/server.ts', '#main/store/open.ts'],
  ['renderer/app.tsx', '#nodes/definitions.ts'],
  ['renderer/canvas/Canvas.tsx', '@xyflow/react'],
  ['test/flows/golden.test.ts', 'openai'],
] as const

interface Diagnostic {
  readonly category: string
  readonly message: string
  readonly location: { readonly path: string; readonly start: { readonly line: number } }
}

describe('layers', () => {
  let tree: string

  beforeAll(() => {
    tree = mkdtempSync(join(tmpdir(), 'sluice-layers-'))
    // Lint globs are relative to where the configuration lies, so it comes along.
    for (const name of ['lint.json', 'lint-layers.json'])
      cpSync(join(root, 'build', name), join(tree, 'build', name))
  })

  afterAll(() => rmSync(tree, { recursive: true, force: true }))

  function lint(files: Iterable<readonly [path: string, text: string]>): readonly Diagnostic[] {
    for (const [path, text] of files) {
      mkdirSync(join(tree, dirname(path)), { recursive: true })
      writeFileSync(join(tree, path), text)
    }
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
    const args = ['lint', '--config-path=build/lint.json', '--reporter=json', '--max-diagnostics=none']
    const result = spawnSync(process.execPath, [biome, ...args], { cwd: tree, encoding: 'utf8' })
    return JSON.parse(result.stdout).diagnostics
  }

  describe('imports', () => {
    /** `<file> <specifier>` → what lint says about it. */
    const said = new Map<string, string>()

    // One run of the linter over all cases: each is a line of the file that it names.
    beforeAll(() => {
      const files = Map.groupBy<string, readonly [string, string]>([...refused, ...allowed], ([file]) => file)
      const texts = Array.from(files, ([file, cases]) => {
        return [file, cases.map(([, from]) => `export * from '${from}'\n`).join('')] as const
      })
      for (const { category, message, location } of lint(texts)) {
        if (category !== 'lint/style/noRestrictedImports') continue
        const from = files.get(location.path)?.[location.start.line - 1]?.[1]
        said.set(`${location.path} ${from}`, message)
      }
    })

    test.each(refused)('%s may not import %s', (file, from) => {
      expect(said.get(`${file} ${from}`)).toEqual(expect.any(String))
    })

    test.each(allowed)('%s may import %s', (file, from) => {
      expect(said.get(`${file} ${from}`)).toBeUndefined()
    })
  })

  test('shared and nodes have no clock, timer, network or process of their own', () => {
    const text = 'export const all = [process.pid, Buffer.alloc(1), setTimeout(fetch, performance.now())]\n'
    const paths = ['shared/host.ts', 'nodes/code/host.ts', 'main/host.ts', 'shared/host.test.ts']
    const found = lint(paths.map((path) => [path, text] as const))
      .filter(({ category }) => category === 'lint/style/noRestrictedGlobals')
      .map(({ location }) => location.path)
    expect(found.toSorted()).toEqual([
      ...Array(5).fill('nodes/code/host.ts'),
      ...Array(5).fill('shared/host.ts'),
    ])
  })
})
