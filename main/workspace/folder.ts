// Lists the files of a workspace folder by what they are; links out of the folder are reported and never followed.
import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { FileProblem } from '#shared/flow/diagnostics.ts'
import { isInside } from './paths.ts'
import { fileProblem } from './source.ts'

export interface Listing {
  /** Relative paths with `/`, sorted. */
  readonly files: readonly string[]
  readonly problems: readonly FileProblem[]
}

/** The folders that hold parts of a workspace; everything else in it is none of our business. */
export const knownFolders = ['flows', 'prompts', 'versions', 'datasets', 'experiments'] as const
const maxDepth = 8

export function listFolder(folder: string): Listing {
  const root = realpathSync(folder)
  const files: string[] = []
  const problems: FileProblem[] = []
  const visit = (path: string, depth: number, wanted: (entry: Dirent) => boolean): void => {
    for (const entry of entries(path)) {
      if (!wanted(entry) || entry.name.startsWith('.')) continue
      const child = path === '' ? entry.name : `${path}/${entry.name}`
      const kind = kindOf(entry, join(root, child))
      if (kind === 'file') files.push(child)
      else if (kind === 'folder' && depth < maxDepth) visit(child, depth + 1, () => true)
      else if (kind === 'outside') {
        problems.push(
          fileProblem(child, 'wrong_value', 'is a link out of the workspace folder; links are not followed'),
        )
      }
    }
  }
  function kindOf(entry: Dirent, path: string): 'file' | 'folder' | 'outside' | undefined {
    if (!entry.isSymbolicLink()) return entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : undefined
    if (!isInside(root, path)) return 'outside'
    // A linked folder could hold itself; linked files inside the folder are harmless.
    return statSync(path).isFile() ? 'file' : undefined
  }
  function entries(path: string): Dirent[] {
    try {
      return readdirSync(join(root, path), { withFileTypes: true })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // What disappears while we look was never there; what may not be looked into must not seem to be empty.
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        problems.push(
          fileProblem(path || '.', 'syntax', `the folder cannot be read (${code ?? 'unknown reason'})`),
        )
      return []
    }
  }
  const top = new Set<string>(knownFolders)
  visit('', 0, (entry) => top.has(entry.name) || /^sluice(\..+)?\.ya?ml$/.test(entry.name))
  return { files: files.sort(), problems }
}
