import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { makeFolder, putFile } from '../../test/files/folder.ts'
import { watchWorkspace } from './watch.ts'
import { writeFileAtomic } from './write.ts'

function watched(files: Record<string, string> = {}) {
  const folder = makeFolder({ 'sluice.yaml': 'a\n', 'flows/a.flow.yaml': 'a\n', ...files })
  const calls: string[][] = []
  const stop = watchWorkspace(folder, (paths) => calls.push([...paths]))
  onTestFinished(stop)
  /** Does something and returns what was told about it. */
  const after = async (change: () => void, path: string) => {
    calls.length = 0
    change()
    await vi.waitFor(() => expect(calls.flat()).toContain(path), { timeout: 5_000, interval: 10 })
    return calls
  }
  return { folder, after, stop, calls }
}

test('tells of changed, new, renamed and deleted files', async () => {
  const { folder, after } = watched()
  await after(() => putFile(folder, 'flows/a.flow.yaml', 'b\n'), 'flows/a.flow.yaml')
  await after(() => putFile(folder, 'flows/b.flow.yaml', 'b\n'), 'flows/b.flow.yaml')
  await after(
    () => renameSync(join(folder, 'flows/b.flow.yaml'), join(folder, 'flows/c.flow.yaml')),
    'flows/c.flow.yaml',
  )
  await after(() => rmSync(join(folder, 'flows/c.flow.yaml')), 'flows/c.flow.yaml')
  await after(() => putFile(folder, 'sluice.yaml', 'b\n'), 'sluice.yaml')
  await after(() => writeFileAtomic(folder, 'sluice.yaml', 'c\n'), 'sluice.yaml')
})

test('goes on after folders appear, disappear and are replaced', async () => {
  const { folder, after } = watched()
  await after(() => mkdirSync(join(folder, 'prompts/help'), { recursive: true }), 'prompts')
  await after(() => putFile(folder, 'prompts/help/a.prompt.md', 'x'), 'prompts/help/a.prompt.md')
  await after(() => rmSync(join(folder, 'flows'), { recursive: true }), 'flows')
  await after(() => mkdirSync(join(folder, 'flows')), 'flows')
  await after(() => putFile(folder, 'flows/a.flow.yaml', 'again\n'), 'flows/a.flow.yaml')
  const other = makeFolder({ 'flows/a.flow.yaml': 'other\n' })
  await after(() => {
    renameSync(join(folder, 'flows'), join(other, 'old'))
    renameSync(join(other, 'flows'), join(folder, 'flows'))
  }, 'flows')
  await after(() => putFile(folder, 'flows/a.flow.yaml', 'more\n'), 'flows/a.flow.yaml')
})

test('finds the workspace again after it was replaced, and after it was gone', async () => {
  const { folder, after } = watched()
  await after(() => {
    rmSync(folder, { recursive: true })
    putFile(folder, 'flows/a.flow.yaml', 'new\n')
  }, 'flows/a.flow.yaml')
  await after(() => putFile(folder, 'flows/a.flow.yaml', 'newer\n'), 'flows/a.flow.yaml')
  await after(() => rmSync(folder, { recursive: true }), 'flows/a.flow.yaml')
  await after(() => putFile(folder, 'flows/a.flow.yaml', 'back\n'), '.')
  await after(() => putFile(folder, 'flows/a.flow.yaml', 'newest\n'), 'flows/a.flow.yaml')
})

test('many changes at once are one call, and nothing is told of temporary files and neighbours', async () => {
  const { folder, after } = watched()
  const calls = await after(() => {
    for (let index = 0; index < 20; index += 1) writeFileAtomic(folder, 'flows/a.flow.yaml', `${index}\n`)
    mkdirSync(join(folder, 'node_modules'))
    writeFileSync(join(folder, 'notes.txt'), 'x')
    writeFileSync(join(folder, 'flows/.sluice-1-1-a.flow.yaml'), 'x')
  }, 'flows/a.flow.yaml')
  expect(calls).toEqual([['flows/a.flow.yaml']])
})

test('tells nothing after it was stopped', async () => {
  const { folder, after, stop, calls } = watched()
  await after(() => putFile(folder, 'flows/a.flow.yaml', 'b\n'), 'flows/a.flow.yaml')
  calls.length = 0
  stop()
  putFile(folder, 'flows/a.flow.yaml', 'c\n')
  // Another watcher on the same file shows that the change has gone through the system.
  await new Promise<void>((resolve) => {
    const stopOther = watchWorkspace(folder, () => {
      stopOther()
      resolve()
    })
    putFile(folder, 'flows/a.flow.yaml', 'd\n')
  })
  expect(calls).toEqual([])
})
