// The bounded queue before the log: many Runs, few transactions, nothing on the hot path but a push.
import type { RunRow } from '#shared/run/row.ts'
import type { runs } from './runs.ts'

export interface RunLogOptions {
  /** Rows per transaction; larger ones hold the event loop too long (performance.md). */
  readonly batch: number
  /** Milliseconds a row may wait. */
  readonly everyMs: number
  /** Rows waiting at which bodies are dropped, and at which rows are. */
  readonly dropBodiesAt: number
  readonly dropRowsAt: number
}

/** The log counts as quiet after so many ticks without a row. */
const quietTicks = 20
/** After a failed write: trying at once would keep the loop busy with failing. */
const retryMs = 250

const defaults: RunLogOptions = { batch: 100, everyMs: 50, dropBodiesAt: 20_000, dropRowsAt: 100_000 }

/** @param onTrouble told why the log cannot be written, and with null when it can be again */
export function runLog(
  rows: Pick<ReturnType<typeof runs>, 'append' | 'catchUp'>,
  options: RunLogOptions = defaults,
  onTrouble: (failure: string | null) => void = () => undefined,
) {
  let queue: RunRow[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let quiet = 0
  let droppedBodies = 0
  let droppedRows = 0
  let failure: string | null = null

  function schedule(ms: number): void {
    if (timer !== undefined) return
    timer = setTimeout(tick, ms)
    timer.unref()
  }

  function tick(): void {
    timer = undefined
    if (queue.length > 0) {
      quiet = 0
      writeBatch()
      // More than one batch: the next one after the requests that wait on the loop, not before them.
      schedule(failure !== null ? retryMs : queue.length >= options.batch ? 0 : options.everyMs)
    } else if (quiet < quietTicks) {
      quiet += 1
      schedule(options.everyMs)
    } else
      attempt(() => {
        if (rows.catchUp()) schedule(options.everyMs)
      })
  }

  function writeBatch(): void {
    const batch = queue.length <= options.batch ? queue : queue.slice(0, options.batch)
    if (attempt(() => rows.append(batch))) queue = batch === queue ? [] : queue.slice(batch.length)
  }

  /** A full or locked disk must not stop the gateway: rows wait, and what no longer fits is dropped and counted. */
  function attempt(write: () => void): boolean {
    try {
      write()
      tell(null)
      return true
    } catch (thrown) {
      tell(thrown instanceof Error ? thrown.message : String(thrown))
      return false
    }
  }

  function tell(now: string | null): void {
    if (now === failure) return
    failure = now
    onTrouble(now)
  }

  return {
    push(row: RunRow): void {
      if (queue.length >= options.dropRowsAt) {
        droppedRows += 1
        return
      }
      if (queue.length >= options.dropBodiesAt) {
        droppedBodies += 1
        queue.push({ ...row, input: null, output: null })
      } else queue.push(row)
      schedule(options.everyMs)
    },
    /** A row that still waits, newest first. */
    pending(id: string): RunRow | undefined {
      return queue.findLast((row) => row.id === id)
    },
    flush(): void {
      while (queue.length > 0) {
        const before = queue.length
        writeBatch()
        if (queue.length === before) break
      }
    },
    stats: () => ({ waiting: queue.length, droppedBodies, droppedRows, failure }),
  }
}
