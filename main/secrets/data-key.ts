// Where the data key comes from: the environment, or a file that only its owner can read. The desktop hands it in.
import { randomBytes } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError } from '#shared/errors.ts'

/**
 * 32 bytes from `SLUICE_DATA_KEY` (64 hex digits or base64), else from `file`, which is made when it is missing.
 * A file that others could read is closed to them, and `report` says so.
 */
export function dataKey(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  report: (line: string) => void = () => undefined,
): Uint8Array {
  const given = env.SLUICE_DATA_KEY
  return given === undefined || given === '' ? fromFile(file, report) : decode(given, 'SLUICE_DATA_KEY')
}

function fromFile(file: string, report: (line: string) => void): Uint8Array {
  const known = read(file, report)
  if (known) return known
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  // Two processes may start at once: each writes its own file, the first to link it wins, and both read the winner's.
  const own = `${file}.${process.pid}.tmp`
  writeFileSync(own, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true })
  try {
    linkSync(own, file)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
  } finally {
    rmSync(own, { force: true })
  }
  const made = read(file, report)
  if (!made)
    throw new AppError('internal', {
      message: 'The data key file could not be made. Check that the data folder can be written.',
    })
  return made
}

function read(file: string, report: (line: string) => void): Uint8Array | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw thrown
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    chmodSync(file, 0o600)
    report('The data key file could be read by others; its mode is 0600 now. Consider new keys.')
  }
  return decode(text.trim(), `The data key file ${file}`)
}

function decode(text: string, source: string): Uint8Array {
  const bytes = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64')
  if (bytes.length !== 32)
    throw new AppError('internal', {
      message: `${source} must hold 32 bytes as 64 hex digits or base64. Put the right one back: without it, stored secrets and keys cannot be used.`,
    })
  return bytes
}
