import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeFolder, putFile } from '../../test/files/folder.ts'
import { createFileAtomic, initWorkspace, writeFileAtomic } from './write.ts'

const read = (folder: string, path: string) => readFileSync(join(folder, path), 'utf8')

test('writes and replaces whole files and leaves nothing else behind', () => {
  const folder = makeFolder({})
  writeFileAtomic(folder, 'flows/a.flow.yaml', 'one\n')
  writeFileAtomic(folder, 'flows/a.flow.yaml', 'zwei – 二\n')
  expect(read(folder, 'flows/a.flow.yaml')).toBe('zwei – 二\n')
  expect(readdirSync(join(folder, 'flows'))).toEqual(['a.flow.yaml'])
})

test('a file that is there is not created again', () => {
  const folder = makeFolder({})
  createFileAtomic(folder, 'versions/a/1.yaml', 'first\n')
  expect(() => createFileAtomic(folder, 'versions/a/1.yaml', 'second\n')).toThrow(
    expect.objectContaining({ code: 'conflict' }),
  )
  expect(read(folder, 'versions/a/1.yaml')).toBe('first\n')
  expect(readdirSync(join(folder, 'versions/a'))).toEqual(['1.yaml'])
})

test('a failed write leaves the old file and no temporary one', () => {
  const folder = makeFolder({ 'flows/a.flow.yaml/x': 'in the way' })
  expect(() => writeFileAtomic(folder, 'flows/a.flow.yaml', 'new\n')).toThrow()
  expect(readdirSync(join(folder, 'flows'))).toEqual(['a.flow.yaml'])
})

// security.md I-10 and I-25: names joined into paths.
describe('refuses to write', () => {
  test.each([
    '',
    '.',
    '..',
    '../x',
    'flows/../../x',
    'flows/./x',
    '/etc/passwd',
    '//host/x',
    'C:\\x',
    'c:/x',
    'flows\\..\\x',
    '....//x',
    'flows//x',
    '%2e%2e%2fx/y%',
    'flows/\u0000x',
    'flows/x\ny',
    'flows/con',
    'flows/CON.yaml',
    'flows/nul.flow.yaml',
    'flows/lpt1',
    'flows/x.',
    'flows/x ',
    '.git/hooks/pre-commit',
    'flows/.hidden',
    '~/x',
    `flows/${'x'.repeat(5_000)}`,
    `${'a/'.repeat(250)}x`,
    'flows/$(id)',
    'flows/a|b',
    'flows/a:b',
  ])('%j', (path) => {
    const folder = makeFolder({})
    expect(() => writeFileAtomic(folder, path, 'x')).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    )
    expect(readdirSync(folder)).toEqual([])
  })

  test('through a link that leads out', () => {
    const outside = makeFolder({})
    const folder = makeFolder({})
    symlinkSync(outside, join(folder, 'flows'))
    mkdirSync(join(folder, 'prompts'))
    symlinkSync(join(outside, 'new.md'), join(folder, 'prompts/a.prompt.md'))
    for (const path of ['flows/a.flow.yaml', 'prompts/a.prompt.md']) {
      expect(() => writeFileAtomic(folder, path, 'x')).toThrow(
        expect.objectContaining({ code: 'invalid_request' }),
      )
    }
    expect(readdirSync(outside)).toEqual([])
  })

  test('and never says where the folder is', () => {
    const folder = makeFolder({})
    expect(() => writeFileAtomic(folder, '../x', 'x')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(folder) }),
    )
  })
})

describe('a new workspace', () => {
  test('has the files and the settings for git', () => {
    const folder = join(makeFolder({}), 'new/here')
    const made = initWorkspace(
      folder,
      new Map([
        ['sluice.yaml', 'a\n'],
        ['flows/a.flow.yaml', 'b\n'],
      ]),
    )
    expect(made).toEqual(['.gitattributes', '.gitignore', 'sluice.yaml', 'flows/a.flow.yaml'])
    expect(read(folder, '.gitattributes')).toContain('*.flow.yaml merge=sluice')
    expect(read(folder, '.gitattributes')).toContain('eol=lf')
    expect(read(folder, '.gitignore')).toMatch(/^\*\.key$/m)
    expect(read(folder, 'flows/a.flow.yaml')).toBe('b\n')
  })

  test('overwrites nothing', () => {
    const folder = makeFolder({ 'sluice.yaml': 'mine\n', '.gitignore': 'mine too\n' })
    expect(
      initWorkspace(
        folder,
        new Map([
          ['sluice.yaml', 'theirs\n'],
          ['x.yaml', 'x\n'],
        ]),
      ),
    ).toEqual(['.gitattributes', 'x.yaml'])
    expect([read(folder, 'sluice.yaml'), read(folder, '.gitignore')]).toEqual(['mine\n', 'mine too\n'])
    putFile(folder, 'y', '')
    expect(initWorkspace(folder, new Map([['sluice.yaml', 'theirs\n']]))).toEqual([])
  })
})
