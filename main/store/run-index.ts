// Where the id of a Run stands. Ids are random, so an index beside every insert would dirty one page per Run; instead
// recent ids stand in memory and `run_ids` takes them a neighbourhood (ids with the same first letter) at a time.
import type { Db } from './open.ts'

interface Neighbourhood {
  readonly seqs: Map<string, number>
  /** The oldest row in it. */
  readonly from: number
}

export function runIndex(db: Db) {
  const bySeq = db.prepare<[string], { seq: number | null }>(
    'SELECT max(seq) AS seq FROM run_ids WHERE id = ?',
  )
  const insert = db.prepare<[string, number]>('INSERT OR IGNORE INTO run_ids (id, seq) VALUES (?, ?)')
  const setDone = db.prepare<[string]>(
    "INSERT INTO meta (name, value) VALUES ('run_ids_upto', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  )
  const tail = db.prepare<[], { id: string; seq: number }>(
    "SELECT id, seq FROM runs WHERE seq > coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'run_ids_upto'), 0)",
  )
  const recent = new Map<string, Neighbourhood>()
  let size = 0
  let newest = 0

  function add(id: string, seq: number): void {
    const letter = id.charAt(4)
    let near = recent.get(letter)
    if (near === undefined) {
      near = { seqs: new Map(), from: seq }
      recent.set(letter, near)
    }
    if (!near.seqs.has(id)) size += 1
    near.seqs.set(id, seq)
    if (seq > newest) newest = seq
  }
  // What an earlier process left without index.
  for (const { id, seq } of tail.all()) add(id, seq)

  const write = db.transaction((letter: string, near: Neighbourhood) => {
    for (const [id, seq] of [...near.seqs].sort(([a], [b]) => (a < b ? -1 : 1))) insert.run(id, seq)
    // Everything below the oldest row that still waits is indexed.
    const waiting = [...recent].filter(([other]) => other !== letter).map(([, { from }]) => from)
    setDone.run(String(waiting.length === 0 ? newest : Math.min(...waiting) - 1))
  })

  return {
    add,
    /** Ids that wait in memory. */
    get waiting(): number {
      return size
    },
    /** The newest row of the id: a Run may be logged as queued first and as finished later. */
    seqOf(id: string): number | undefined {
      return recent.get(id.charAt(4))?.seqs.get(id) ?? bySeq.get(id)?.seq ?? undefined
    },
    /** Writes the largest neighbourhood; false when nothing waits. */
    step(): boolean {
      let largest: readonly [string, Neighbourhood] | undefined
      for (const entry of recent)
        if (largest === undefined || entry[1].seqs.size > largest[1].seqs.size) largest = entry
      if (largest === undefined) return false
      const [letter, near] = largest
      write(letter, near)
      recent.delete(letter)
      size -= near.seqs.size
      return true
    },
  }
}
