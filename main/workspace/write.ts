// Writes files so that a reader, a crash or a second writer never meets a half-written one.
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AppError } from '#shared/errors.ts'
import { resolveInside } from './paths.ts'

/** Temporary files begin so; readers and the watcher pass over them. */
export const temporaryPrefix = '.sluice-'
let count = 0

/** Replaces or creates a file below the folder: temporary file, sync, rename. */
export function writeFileAtomic(folder: string, path: string, text: string): void {
  place(folder, path, text, renameSync)
}

/** Creates a file and refuses to replace one: Versions are written once. Throws `conflict`. */
export function createFileAtomic(folder: string, path: string, text: string): void {
  place(folder, path, text, (temporary, target) => {
    try {
      linkSync(temporary, target)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const message = `${path} is already there; somebody else wrote it first. Try again.`
      throw new AppError('conflict', { message, cause: error })
    }
    rmSync(temporary)
  })
}

function place(
  folder: string,
  path: string,
  text: string,
  finish: (temporary: string, target: string) => void,
): void {
  const target = resolveInside(folder, path)
  const parent = dirname(target)
  mkdirSync(parent, { recursive: true })
  count += 1
  const temporary = join(parent, `${temporaryPrefix}${process.pid}-${count}-${basename(target)}`)
  try {
    const file = openSync(temporary, 'wx', 0o666)
    try {
      writeWhole(file, Buffer.from(text, 'utf8'))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    finish(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(parent)
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}

/** Makes the rename itself durable. Windows cannot open folders and needs no such thing. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

const gitFiles: ReadonlyMap<string, string> = new Map([
  [
    '.gitattributes',
    `# Files of a Sluice workspace are UTF-8 with LF on every system.
* text=auto eol=lf
*.flow.yaml merge=sluice
*.layout.yaml merge=ours
versions/** merge=sluice
assets/** -text
`,
  ],
  [
    '.gitignore',
    `# What happens and what is secret lives outside the files.
.sluice/
*.sqlite
*.sqlite-*
*.key
.env
.sluice-*
`,
  ],
])

/** Makes a workspace of these files (path → text), with its git files. What is there already stays; returns what was made. */
export function initWorkspace(folder: string, files: ReadonlyMap<string, string>): readonly string[] {
  mkdirSync(folder, { recursive: true })
  const made: string[] = []
  for (const [path, text] of [...gitFiles, ...files]) {
    if (existsSync(resolveInside(folder, path))) continue
    createFileAtomic(folder, path, text)
    made.push(path)
  }
  return made
}
