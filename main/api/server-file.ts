// Where a running server leaves its address for the command line: `<data folder>/server.json`, mode 0600.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const schema = z.object({ pid: z.number(), control: z.url(), token: z.string() })
export type ServerFile = z.output<typeof schema>

const path = (dataFolder: string) => join(dataFolder, 'server.json')

export function writeServerFile(dataFolder: string, facts: ServerFile): void {
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
