// Where the id of a Run stands. Ids are random, so an index beside every insert would dirty one page per Run. Instead the
// newest ids stand in memory, eight bytes each, and `run_ids` takes them later, in batches, when the log is quiet.
import type { Db } from './open.ts'
import { SeqTable } from './seq-table.ts'

/** Rows per batch when the log is quiet, and beside each write when too many wait. */
const quietBatch = 1000
const busyBatch = 400
/** Ids that may wait in memory; beyond it they are indexed beside the writes. */
const waitingAtMost = 1_000_000

export function runIndex(db: Db, atMost = waitingAtMost) {
  const indexed = db.prepare<[string], { seq: number | null }>(
    'SELECT max(seq) AS seq FROM run_ids WHERE id = ?',
  )
  const idOf = db.prepare<[number], { id: string }>('SELECT id FROM runs WHERE seq = ?')
  const insert = db.prepare<[string, number]>('INSERT OR IGNORE INTO run_ids (id, seq) VALUES (?, ?)')
  const done = db.prepare<[], { value: string }>("SELECT value FROM meta WHERE name = 'run_ids_upto'")
  const setDone = db.prepare<[string]>(
    "INSERT INTO meta (name, value) VALUES ('run_ids_upto', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  )
  const after = db.prepare<[number, number], { id: string; seq: number }>(
    'SELECT id, seq FROM runs WHERE seq > ? ORDER BY seq LIMIT ?',
  )
  const recent = new SeqTable()
  let upTo = Number(done.get()?.value ?? 0)
  let overfull = false
  // What an earlier process left without index.
  for (const { id, seq } of after.all(upTo, -1)) recent.add(id, seq)

  const write = db.transaction((rows: readonly { id: string; seq: number }[], last: number) => {
    for (const { id, seq } of rows) insert.run(id, seq)
    setDone.run(String(last))
  })

  /** Indexes the oldest rows that wait; false when none does. */
  function step(count: number): boolean {
    const rows = after.all(upTo, count)
    const last = rows.at(-1)?.seq
    if (last !== undefined) {
      // In the order of the index, so that neighbours share pages.
      write(
        rows.sort((a, b) => (a.id < b.id ? -1 : 1)),
        last,
      )
      upTo = last
    }
    if (rows.length === count) return true
    recent.clear()
    overfull = false
    return false
  }

  return {
    add(id: string, seq: number): void {
      recent.add(id, seq)
    },
    /** Call it beside each write: does something only when too many ids wait. */
    relieve(): void {
      if (recent.size > atMost) overfull = true
      if (overfull) step(busyBatch)
    },
    /** Call it when the log is quiet until it answers false. */
    catchUp: (): boolean => step(quietBatch),
    /** The newest row of the id: a Run may be logged as queued first and as finished later. */
    seqOf(id: string): number | undefined {
      let newest: number | undefined
      for (const seq of recent.candidates(id)) {
        if ((newest === undefined || seq > newest) && idOf.get(seq)?.id === id) newest = seq
      }
      return newest ?? indexed.get(id)?.seq ?? undefined
    },
  }
}
