// Exit codes of every command: 0 fine, 1 findings (problems in files, a failed run), 2 could not be done.
import { knownFault } from '#main/api/fault.ts'

export type ExitCode = 0 | 1 | 2

/** Runs a command to its exit code; errors become one plain sentence on standard error. */
export async function finish(work: () => Promise<ExitCode> | ExitCode): Promise<void> {
  try {
    process.exitCode = await work()
  } catch (thrown) {
    process.exitCode = 2
    process.stderr.write(`sluice: ${sentence(thrown)}\n`)
    if (process.env.SLUICE_DEBUG) process.stderr.write(`${stack(thrown)}\n`)
  }
}

function sentence(thrown: unknown): string {
  const known = knownFault(thrown)
  if (known) return known.message
  const what = thrown instanceof Error ? thrown.message : String(thrown)
  return `Something went wrong inside Sluice: ${what}. SLUICE_DEBUG=1 in the environment shows where.`
}

function stack(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const cause = thrown.cause === undefined ? '' : `\ncaused by ${stack(thrown.cause)}`
  return `${thrown.stack ?? thrown.message}${cause}`
}
