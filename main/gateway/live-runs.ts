// Runs of this process: those that run, and those whose events can still be read. Bounded by bytes and age.
import type { Clock, RunHandle } from '#main/engine/effects.ts'
import { AppError } from '#shared/errors.ts'
import type { RunRow } from '#shared/run/row.ts'
import { Bag, type Slot } from './bag.ts'
import type { EventBuffer } from './event-buffer.ts'
import type { KeyEntry, Scope } from './ports.ts'
import type { Begun } from './surfaces/call.ts'

export interface LiveRun extends Slot {
  readonly begun: Begun
  readonly key: KeyEntry
  /** Hops through gateways before this Run (`Sluice-Hops`). */
  readonly hops: number
  /** Undefined: nobody can read its events later. */
  readonly buffer: EventBuffer | undefined
  /** Undefined while it waits for a place. */
  handle: RunHandle | undefined
  /** Set when it is over. */
  row: RunRow | undefined
  /** Ends it, wherever it stands. */
  abort(error: AppError): void
  /** A reader of its events came, or left: only a resumable Run minds. */
  joined(): void
  left(): void
}

export interface LiveRuns {
  readonly size: number
  /** Runs that are not over. */
  readonly active: number
  add(run: LiveRun): void
  /** Over: forgotten at once, or kept for readers of its events. */
  end(run: LiveRun): void
  /** Of any Consumer; who asks must be checked. */
  find(id: string): LiveRun | undefined
  /** Runs of the same Consumer only; another's are unknown. */
  get(id: string, key: KeyEntry): LiveRun | undefined
  abortWhere(which: (run: LiveRun) => boolean, error: () => AppError): number
  /** Calls back once nothing runs. */
  whenIdle(call: () => void): void
  close(): void
}

export interface LiveRunOptions {
  readonly keepMs: number
  readonly maxBytes: number
}

export function createLiveRuns(clock: Clock, options: LiveRunOptions): LiveRuns {
  const active = new Bag<LiveRun>()
  /** Over, in the order in which they ended, with the time to forget them. */
  const kept = new Map<LiveRun, number>()
  let idle: (() => void) | undefined
  let stopSweep: (() => void) | undefined

  function forget(run: LiveRun): void {
    kept.delete(run)
    run.buffer?.lose()
  }
  function sweep(): void {
    const now = clock.now()
    for (const [run, until] of kept) {
      if (until > now) break
      forget(run)
    }
    stopSweep = kept.size > 0 ? clock.after(60_000, sweep) : undefined
  }
  function shrink(): void {
    let bytes = 0
    for (const { buffer } of kept.keys()) bytes += buffer?.bytes ?? 0
    for (const run of kept.keys()) {
      if (bytes <= options.maxBytes) return
      bytes -= run.buffer?.bytes ?? 0
      forget(run)
    }
  }

  /** Rarely asked, and of few: a table by id would cost every Run instead. */
  function find(id: string): LiveRun | undefined {
    const running = active.find((run) => run.begun.id === id)
    if (running) return running
    for (const run of kept.keys()) if (run.begun.id === id) return run
    return undefined
  }

  return {
    get size() {
      return active.size + kept.size
    },
    get active() {
      return active.size
    },
    add: (run) => active.add(run),
    end(run) {
      if (!active.delete(run)) return
      if (run.buffer) {
        kept.set(run, clock.now() + options.keepMs)
        shrink()
        stopSweep ??= clock.after(60_000, sweep)
      }
      if (active.size === 0) idle?.()
    },
    find,
    get(id, key) {
      const run = find(id)
      return run?.key.consumer.id === key.consumer.id ? run : undefined
    },
    abortWhere(which, error) {
      const found = active.all().filter(which)
      for (const run of found) run.abort(error())
      return found.length
    },
    whenIdle(call) {
      if (active.size === 0) return call()
      idle = () => {
        idle = undefined
        call()
      }
    },
    close() {
      stopSweep?.()
      for (const run of [...kept.keys()]) forget(run)
    },
  }
}

/** Rights that a Run was begun with must be there to read its events: they hold what those rights show. */
export function checkRights({ begun }: LiveRun, scopes: ReadonlySet<Scope>): void {
  const missing =
    begun.trace && !scopes.has('trace') ? 'trace' : begun.cost && !scopes.has('cost') ? 'cost' : undefined
  if (missing === undefined) return
  throw new AppError('forbidden', {
    message: `This run was begun with the scope "${missing}", which this key does not have.`,
    details: { reason: 'scope', scope: missing },
  })
}
