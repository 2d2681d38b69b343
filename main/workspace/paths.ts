// Which paths inside a workspace folder may be read and written (flow-file.md 1.9, security.md I-10 and I-25).
import { lstatSync, realpathSync } from 'node:fs'
import { join, sep } from 'node:path'
import { AppError } from '#shared/errors.ts'

/** Device names of Windows, with or without an ending. */
const device = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i
const part = /^[A-Za-z0-9_.][A-Za-z0-9_.@+ -]*$/

/** A relative path of plain names with `/` between them; `..`, hidden folders and what other systems read specially are not. */
export function isSafePath(path: string): boolean {
  if (path === '' || path.length > 400) return false
  return path.split('/').every((name, index, all) => isSafeName(name, index === all.length - 1))
}

function isSafeName(name: string, last: boolean): boolean {
  if (name.length > 120 || !part.test(name) || device.test(name) || /[. ]$/.test(name)) return false
  return !name.startsWith('.') || (last && (name === '.gitattributes' || name === '.gitignore'))
}

/** The absolute path of a file in the folder; refuses unsafe names and folders that are links to elsewhere. */
export function resolveInside(folder: string, path: string): string {
  if (!isSafePath(path)) throw refused('is not a path inside the workspace')
  const root = realpathSync(folder)
  const parts = path.split('/')
  let at = root
  for (const name of parts) {
    at = join(at, name)
    const entry = lstatSync(at, { throwIfNoEntry: false })
    if (entry === undefined) break
    if (entry.isSymbolicLink() && !isInside(root, at)) throw refused('is a link out of the workspace folder')
  }
  return join(root, ...parts)
}

/** Does a link end inside the folder? A link to nothing does not. */
export function isInside(root: string, path: string): boolean {
  try {
    const real = realpathSync(path)
    return real === root || real.startsWith(root + sep)
  } catch {
    return false
  }
}

function refused(why: string): AppError {
  return new AppError('invalid_request', { message: `The file name ${why}.`, details: { reason: 'path' } })
}
