import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { writeDocument } from '#main/workspace/canonical.ts'
import { readWorkspace } from '#main/workspace/read.ts'
import { seeded } from '../random/flow.ts'
import { handWritten } from './hand.ts'
import { type Mutant, mistakes, mutate } from './mutate.ts'
import { sampleFlow } from './sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-mutants-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** 35 in each round: every mistake once, in canonical and hand-written files by turns. */
const rounds = 32

function mutants(): ReadonlyMap<string, Mutant> {
  const made = new Map<string, Mutant>()
  for (let round = 0; round < rounds; round += 1) {
    mistakes.forEach((mistake, index) => {
      const slug = `m${round}-${index}`
      // Not every mistake can be made in every file; the next one is tried then.
      for (let attempt = 0; attempt < 20; attempt += 1) {
        const seed = round * 100_000 + index * 100 + attempt
        const random = seeded(seed)
        const data = sampleFlow(seed, slug)
        const good = round % 2 === 0 ? writeDocument('flow', data) : handWritten(random, data)
        const mutant = mutate(good, mistake, random)
        if (mutant === undefined) continue
        made.set(slug, mutant)
        break
      }
    })
  }
  return made
}

test('each of 1,000 wrong files is refused with the right line and column, all in one reading', () => {
  const made = mutants()
  expect(made.size).toBeGreaterThanOrEqual(1_000)
  mkdirSync(join(folder, 'flows'))
  writeFileSync(join(folder, 'sluice.yaml'), 'format: sluice/project@1\nname: Mutants\n')
  for (const [slug, { text }] of made) writeFileSync(join(folder, 'flows', `${slug}.flow.yaml`), text)

  const { flows, problems, project } = readWorkspace(folder, { definitions: new Map() })

  const byFile = Map.groupBy(problems, (problem) => problem.file)
  const wrong: string[] = []
  for (const [slug, { mistake, code, at, text }] of made) {
    const found = (byFile.get(`flows/${slug}.flow.yaml`) ?? []).filter(({ severity }) => severity === 'error')
    const seen = found.map((each) => `${each.line}:${each.column} ${each.code} ${each.message}`)
    const exact = found.some(
      (each) => each.line === at.line && each.column === at.column && each.code === code,
    )
    if (!exact || flows.get(slug)?.flow !== null) {
      wrong.push(
        `${slug}, ${mistake}, expected ${at.line}:${at.column} ${code}, found\n${seen.join('\n')}\n${text}`,
      )
    }
    expect(found.length, `${mistake} is told once or twice\n${seen.join('\n')}\n${text}`).toBeLessThanOrEqual(
      3,
    )
  }
  expect(wrong.slice(0, 3).join('\n\n')).toBe('')
  expect(project).not.toBeNull()
})
