// Where a running server leaves its address for the command line: `<data folder>/server.json`, mode 0600.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '#shared/errors.ts'

const schema = z.object({
  pid: z.number(),
  control: z.url(),
  token: z.string(),
  /** The store it uses: an absolute path. */
  store: z.string().optional(),
})
export type ServerFile = z.output<typeof schema>

const path = (dataFolder: string) => join(dataFolder, 'server.json')

export function writeServerFile(dataFolder: string, facts: ServerFile): void {
  // The folder is missing when the store stands elsewhere.
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  const temporary = `${path(dataFolder)}.${process.pid}.tmp`
  writeFileSync(temporary, JSON.stringify(facts), { mode: 0o600 })
  renameSync(temporary, path(dataFolder))
}

/** Removes the file only if it is still ours: another server may have started since. */
export function removeServerFile(dataFolder: string, pid: number): void {
  if (readServerFile(dataFolder)?.pid === pid) rmSync(path(dataFolder), { force: true })
}

export function readServerFile(dataFolder: string): ServerFile | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(path(dataFolder), 'utf8')))
  } catch {
    // Missing, half-written or from another version: there is no server that we can talk to.
    return undefined
  }
}

/** Is there a process of this number? It may be another program by now. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A start takes about a second; a claim that is older was left by a process that was killed. */
const claimMs = 60_000

/**
 * Only one server starts at a time, so that the second one sees the file of the first.
 * @returns what ends the claim
 * @throws AppError `conflict`
 */
export function claimStart(dataFolder: string): () => void {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  const claim = join(dataFolder, 'server.starting')
  for (;;) {
    try {
      writeFileSync(claim, String(process.pid), { flag: 'wx', mode: 0o600 })
      return () => rmSync(claim, { force: true })
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
    }
    if (isClaimed(claim)) {
      throw new AppError('conflict', {
        message: 'Another server is just starting on this workspace. Wait for it, or stop it first.',
      })
    }
    rmSync(claim, { force: true })
  }
}

function isClaimed(claim: string): boolean {
  const made = statSync(claim, { throwIfNoEntry: false })?.mtimeMs
  if (made === undefined || Date.now() - made > claimMs) return false
  const owner = Number(readFileSync(claim, 'utf8'))
  // Empty: the other one has made the file and not written it yet.
  return owner === 0 || (owner !== process.pid && isAlive(owner))
}
