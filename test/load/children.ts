// Every process that the harness starts, and their end on every way out.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { processTree } from './measure.ts'
import { pinned } from './pin.ts'

export interface Start {
  readonly command: readonly string[]
  readonly core?: number | undefined
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly ipc?: boolean
}

export interface Child {
  readonly pid: number
  readonly process: ChildProcess
  readonly ended: Promise<void>
  /** The end of its stderr. */
  complaint(): string
}

const alive = new Set<Child>()

export function start({ command, core, cwd, env, ipc }: Start): Child {
  const [file = '', ...args] = pinned(command, core)
  const stdio = ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])] as const
  const process = spawn(file, args, { stdio: [...stdio], cwd, env })
  let stderr = ''
  process.stderr?.on('data', (bytes) => {
    stderr = `${stderr}${bytes}`.slice(-2_000)
  })
  const ended = new Promise<void>((resolve) => {
    process.once('error', (error) => {
      stderr += error.message
      resolve()
    })
    process.once('close', () => resolve())
  })
  const child: Child = { pid: process.pid ?? 0, process, ended, complaint: () => stderr.trim() }
  alive.add(child)
  void ended.then(() => alive.delete(child))
  return child
}

/** The first line of its stdout that looks like JSON; fails when the child ends or takes too long, which ends it. */
export async function line(child: Child, limitMs = 30_000): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const fail = (what: string) =>
    reject(new Error(`${child.process.spawnfile} ${what} ${child.complaint()}`.trim()))
  const timer = setTimeout(() => {
    fail(`said nothing in ${limitMs} ms`)
    killTree(child)
  }, limitMs)
  void child.ended.then(() => fail(`ended with code ${child.process.exitCode}`))
  if (child.process.stdout)
    createInterface(child.process.stdout).on('line', (text) => {
      if (text.startsWith('{')) resolve(text)
    })
  return promise.finally(() => clearTimeout(timer))
}

/** Runs to the end; fails with what the command said. */
export async function finish(child: Child, limitMs = 30_000) {
  const late = setTimeout(() => killTree(child), limitMs)
  await child.ended
  clearTimeout(late)
  const { exitCode, spawnargs } = child.process
  if (exitCode !== 0)
    throw new Error(`${spawnargs.join(' ')} ended with code ${exitCode} ${child.complaint()}`)
}

/** SIGTERM to the child, then SIGKILL to whatever is left of its tree. */
export async function stop(child: Child, graceMs = 5_000) {
  if (!alive.has(child)) return
  const tree = treeOf(child)
  child.process.kill('SIGTERM')
  const late = setTimeout(() => kill(tree), graceMs)
  await child.ended
  clearTimeout(late)
  kill(tree.filter((pid) => pid !== child.pid))
}

export async function stopAll(graceMs?: number) {
  await Promise.all([...alive].map((child) => stop(child, graceMs)))
}

/** For `exit` handlers, which cannot wait. */
export function killAll() {
  for (const child of alive) killTree(child)
}

function killTree(child: Child) {
  kill(treeOf(child))
}

/** Without /proc only the child itself is known; without a pid it never ran. */
function treeOf({ pid }: Child) {
  return pid > 0 ? [pid, ...processTree(pid).slice(1)] : []
}

function kill(pids: readonly number[]) {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
}
