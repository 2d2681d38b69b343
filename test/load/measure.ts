// What a process tree has used, read from /proc. All figures are undefined where there is no /proc.
import { readdirSync, readFileSync } from 'node:fs'

export interface Usage {
  /** Nanosecond counters of the scheduler, not sampled ticks. */
  readonly cpuUs: number
  readonly rssMiB: number
}

export function usage(pid: number): Usage | undefined {
  const pids = processTree(pid)
  if (pids.length === 0) return undefined
  let cpuNs = 0
  let rssKiB = 0
  for (const each of pids) {
    for (const thread of list(`/proc/${each}/task`))
      cpuNs += Number(read(`/proc/${each}/task/${thread}/schedstat`).split(' ')[0])
    rssKiB += Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${each}/status`))?.[1] ?? 0)
  }
  return { cpuUs: cpuNs / 1000, rssMiB: rssKiB / 1024 }
}

/** The process and all its descendants that are alive. */
export function processTree(root: number): readonly number[] {
  const children = new Map<number, number[]>()
  const alive = new Set<number>()
  for (const { pid, parent } of processes()) {
    alive.add(pid)
    children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  if (!alive.has(root)) return []
  const tree = [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

/** CPU seconds that processes outside this one's tree have used so far. */
export function foreignSeconds(): number {
  const ours = new Set(processTree(process.pid))
  let ticks = 0
  for (const { pid, ticks: used } of processes()) if (!ours.has(pid)) ticks += used
  return ticks / 100
}

interface Process {
  readonly pid: number
  readonly parent: number
  /** Its own and its reaped children's. */
  readonly ticks: number
}

function processes(): readonly Process[] {
  return list('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    const stat = read(`/proc/${name}/stat`)
    // The second field is the command in parentheses and may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields.length < 15) return []
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    return [{ pid: Number(name), parent: Number(fields[1]), ticks }]
  })
}

/** A process or thread may end while it is looked at. */
function read(file: string) {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

function list(folder: string) {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
