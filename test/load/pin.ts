// Pinning: the gateway gets one core to itself, load and provider share another.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Cores {
  readonly gateway: number
  readonly load: number
}

/** Undefined where there is no taskset (any system but Linux) or no second core to use. */
export function chooseCores(): Cores | undefined {
  if (spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status !== 0) return undefined
  const [gateway, load] = parseCores(
    /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '',
  )
  return gateway === undefined || load === undefined ? undefined : { gateway, load }
}

/** The kernel's list form: `0-2,5`. */
export function parseCores(list: string): readonly number[] {
  return [...list.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, first, last = first]) => {
    const from = Number(first)
    return Array.from({ length: Number(last) - from + 1 }, (_, i) => from + i)
  })
}

/** All threads of this process; its children inherit the core. */
export function pinSelf(core: number) {
  spawnSync('taskset', ['-a', '-p', '-c', String(core), String(process.pid)], { stdio: 'ignore' })
}

/** taskset becomes the command it is given, so the child keeps its pid. */
export function pinned(command: readonly string[], core: number | undefined): readonly string[] {
  return core === undefined ? command : ['taskset', '-c', String(core), ...command]
}
