import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkParts, readOptions } from '#main/publishing/parts.ts'
import { checkWorkspace } from '#main/workspace/check.ts'
import { fmt } from '#main/workspace/fmt.ts'
import { readWorkspace } from '#main/workspace/read.ts'
import { createWorkspace } from './init.ts'

let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'sluice-init-')), 'workspace')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

describe('a new workspace', () => {
  it.each([undefined, 'support-answer', 'team-chat', 'ticket-triage', 'demo'])(
    'from template %s has no problems and is canonical',
    (template) => {
      createWorkspace(folder, template)
      const problems = checkWorkspace(readWorkspace(folder, readOptions()), checkParts({ has: () => true }))
      expect(problems).toEqual([])
      expect(fmt(folder, { check: true })).toMatchObject({ changed: [], problems: [] })
    },
  )

  it('never overwrites a file that is there', () => {
    createWorkspace(folder, undefined)
    writeFileSync(join(folder, 'sluice.yaml'), 'mine')
    expect(() => createWorkspace(folder, 'demo')).toThrow(/sluice\.yaml/)
    expect(readFileSync(join(folder, 'sluice.yaml'), 'utf8')).toBe('mine')
  })

  it('of an unknown template is refused with the known ones', () => {
    expect(() => createWorkspace(folder, 'nothing')).toThrow(/support-answer, team-chat, ticket-triage/)
  })
})
