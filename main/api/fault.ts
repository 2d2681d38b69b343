// Faults of the machine in a person's words: what happened, to what, what to do. The codes are Node's and SQLite's.
import { AppError } from '#shared/errors.ts'

interface SystemFault extends Error {
  readonly code: string
  readonly path?: string
}

const system: Readonly<Record<string, (what: string) => string>> = {
  ENOENT: (what) => `There is no file or folder ${what}.`,
  ENOTDIR: (what) => `There is no ${what}: a part of that path is a file, not a folder.`,
  EISDIR: (what) => `A file is needed, and ${what} is a folder.`,
  EACCES: (what) => `This user may not read or write ${what}. Change its owner or its mode.`,
  EPERM: (what) => `This user may not change ${what}. Change its owner or its mode.`,
  EROFS: (what) => `The disk of ${what} cannot be written.`,
  ENOSPC: (what) => `The disk is full: ${what} could not be written. Make room and try again.`,
  EDQUOT: (what) =>
    `The disk quota of this user is used up: ${what} could not be written. Make room and try again.`,
  EFBIG: (what) => `The size limit of this user (ulimit -f) is reached: ${what} could not be written.`,
  EMFILE: () => 'This process has too many files open. Raise the limit (ulimit -n) and try again.',
  ENFILE: () => 'This machine has too many files open. Close some programs and try again.',
}

const store: readonly (readonly [prefix: string, sentence: string])[] = [
  ['SQLITE_BUSY', 'Another program keeps the store locked. Wait until it has finished, then try again.'],
  ['SQLITE_LOCKED', 'Another program keeps the store locked. Wait until it has finished, then try again.'],
  ['SQLITE_FULL', 'The disk is full: the store could not be written. Make room and try again.'],
  [
    'SQLITE_READONLY',
    'This user may not write the store. Change owner or mode of the store and of its folder, or give another --store.',
  ],
  [
    'SQLITE_CANTOPEN',
    'The store cannot be opened. Check that its folder exists and may be written, or give another --store.',
  ],
  ['SQLITE_NOTADB', 'The store is no store of Sluice. Give another --store, or put a copy of it back.'],
  ['SQLITE_CORRUPT', 'The store is damaged. Put a copy of it back, or move it away to begin a new one.'],
  ['SQLITE_IOERR', 'The disk failed while the store was in use. Check the disk, then try again.'],
]

/** An `AppError` as it is, a known fault of the machine with a sentence of its own; undefined for what nobody expected. */
export function knownFault(thrown: unknown): AppError | undefined {
  if (thrown instanceof AppError) return thrown
  if (!isSystemFault(thrown)) return undefined
  const { code, path } = thrown
  const sentence =
    store.find(([prefix]) => code.startsWith(prefix))?.[1] ??
    system[code]?.(path === undefined ? 'the file' : `"${path}"`)
  return sentence === undefined ? undefined : new AppError('internal', { message: sentence, cause: thrown })
}

function isSystemFault(thrown: unknown): thrown is SystemFault {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
}
