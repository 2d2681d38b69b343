// Logged Runs, one packed row each, appended in order of time.
import type { RunFilter, RunRow } from '#shared/run/row.ts'
import type { Db } from './open.ts'
import { type PackedRun, packDetail, packSource, unpack } from './pack.ts'
import { runIndex } from './run-index.ts'

type Columns = [
  id: string,
  source: number,
  startedAt: number,
  state: string,
  code: string | null,
  latencyMs: number,
  costUsd: number | null,
  tokensIn: number | null,
  tokensOut: number | null,
  detail: string,
  input: string | null,
  output: string | null,
]

const selected =
  'SELECT id, facts AS source, started_at, state, code, latency_ms, cost_usd, detail, input, output FROM runs JOIN run_sources ON run_sources.seq = runs.source'

/** @param waiting ids that may wait in memory for their index */
export function runs(db: Db, waiting?: number) {
  const insert = db.prepare<Columns>(
    'INSERT INTO runs (id, source, started_at, state, code, latency_ms, cost_usd, tokens_in, tokens_out, detail, input, output) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const addSource = db.prepare<[string, string, string | null]>(
    'INSERT OR IGNORE INTO run_sources (facts, endpoint, consumer) VALUES (?, ?, ?)',
  )
  const sourceOf = db.prepare<[string], { seq: number }>('SELECT seq FROM run_sources WHERE facts = ?')
  const sources = new Map<string, number>()
  // What a batch learned counts once it is committed: a full disk rolls it back, and its numbers go to other rows then.
  let learned: { readonly sources: Map<string, number>; readonly ids: (readonly [string, number])[] }
  const bySeq = db.prepare<[number], PackedRun>(`${selected} WHERE runs.seq = ?`)
  const count = db.prepare<[], { n: number }>('SELECT count(*) AS n FROM runs')
  const index = runIndex(db, waiting)

  const appendAll = db.transaction((rows: readonly RunRow[]) => {
    learned = { sources: new Map(), ids: [] }
    for (const row of rows)
      learned.ids.push([row.id, Number(insert.run(...columns(row, sourceSeq(row))).lastInsertRowid)])
  })
  function sourceSeq(row: RunRow): number {
    const { origin, endpoint, label, version, versionHash, consumer, key } = row
    const name = `${origin} ${endpoint} ${label} ${version} ${versionHash} ${consumer} ${key}`
    const known = sources.get(name) ?? learned.sources.get(name)
    if (known !== undefined) return known
    const facts = packSource(row)
    addSource.run(facts, row.endpoint, row.consumer)
    const seq = sourceOf.get(facts)?.seq ?? 0
    learned.sources.set(name, seq)
    return seq
  }

  return {
    append(rows: readonly RunRow[]): void {
      appendAll(rows)
      if (sources.size >= 10_000) sources.clear()
      for (const [name, seq] of learned.sources) sources.set(name, seq)
      for (const [id, seq] of learned.ids) index.add(id, seq)
      try {
        index.relieve()
      } catch {
        // The rows are written: failing here would have them written twice. The index is caught up on later.
      }
    },
    /** Writes a part of the id index; call it when the log is quiet until it answers false. */
    catchUp: () => index.catchUp(),
    get(id: string): RunRow | undefined {
      const seq = index.seqOf(id)
      const raw = seq === undefined ? undefined : bySeq.get(seq)
      return raw && unpack(raw)
    },
    /** Newest first. */
    list(filter: RunFilter): readonly RunRow[] {
      const where: string[] = []
      const values: (string | number)[] = []
      for (const [column, value] of [
        ['run_sources.endpoint', filter.endpoint],
        ['state', filter.state],
        ['run_sources.consumer', filter.consumer],
        ['code', filter.code],
      ] as const) {
        if (value === undefined) continue
        where.push(`${column} = ?`)
        values.push(value)
      }
      if (filter.before !== undefined) {
        where.push('runs.seq < ?')
        values.push(index.seqOf(filter.before) ?? 0)
      }
      const sql = `${selected} ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY runs.seq DESC LIMIT ?`
      return db
        .prepare<(string | number)[], PackedRun>(sql)
        .all(...values, filter.limit)
        .map(unpack)
    },
    count: (): number => count.get()?.n ?? 0,
    close(): void {
      // What is left is read again by the next process; stopping must not take long, nor fail on a full disk.
      try {
        for (let steps = 0; steps < 20 && index.catchUp(); steps += 1);
      } catch {}
    },
  }
}

function columns(row: RunRow, source: number): Columns {
  const { usage } = row
  return [
    row.id,
    source,
    row.startedAt,
    row.state,
    row.errorCode,
    row.latencyMs,
    row.costUsd,
    sum(usage.input, usage.cacheRead, usage.cacheWrite),
    sum(usage.output, usage.reasoning, null),
    packDetail(row),
    row.input === null ? null : JSON.stringify(row.input),
    row.output === null ? null : JSON.stringify(row.output),
  ]
}

/** Null only when none of the counts is known. */
function sum(a: number | null, b: number | null, c: number | null): number | null {
  return a === null && b === null && c === null ? null : (a ?? 0) + (b ?? 0) + (c ?? 0)
}
