import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { definitions } from '#nodes/definitions.ts'
import { nodeDocs } from './node-docs.ts'

it('docs/nodes.md is what the definitions say', () => {
  expect(readFileSync(new URL('../docs/nodes.md', import.meta.url), 'utf8')).toBe(nodeDocs())
})

it('shows every node with its fields, defaults and limits', () => {
  const page = nodeDocs()
  for (const { type } of definitions) expect(page).toContain(`\n### ${type}\n`)
  expect(page).toContain('| `temperature` | number 0 to 2 |')
  expect(page).toContain('| `truncated` | `keep` / `fail` | `"keep"` |')
  expect(page).toContain('| `test`* | expression')
})
