// Logged Runs, one row each. Rows are appended in order of time; ids are random, so their index is filled behind the
// writes: recent ids stand in memory, and `run_ids` takes them in sorted batches when the log is quiet or grows long.
import type { Json } from '#shared/json.ts'
import type { RunFilter, RunRow } from '#shared/run/row.ts'
import type { Db } from './open.ts'

/** Ids waiting for the index; beyond this they are written even while the log is busy. */
const indexAt = 50_000

interface Raw {
  readonly seq: number
  readonly id: string
  readonly detail: string
  readonly input: string | null
  readonly output: string | null
}

type Columns = [
  string,
  number,
  string,
  string,
  string,
  string | null,
  string | null,
  string | null,
  number | null,
  number,
  number | null,
  number | null,
  number | null,
  string,
  string | null,
  string | null,
]

export function runs(db: Db) {
  const insert = db.prepare<Columns>(
    `INSERT INTO runs (id, started_at, endpoint, origin, state, code, consumer, key, version, latency_ms, cost_usd, tokens_in, tokens_out, detail, input, output)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const bySeq = db.prepare<[number], Raw>('SELECT seq, id, detail, input, output FROM runs WHERE seq = ?')
  const byId = db.prepare<[string], { seq: number }>('SELECT max(seq) AS seq FROM run_ids WHERE id = ?')
  const index = db.prepare<[string, number]>('INSERT OR IGNORE INTO run_ids (id, seq) VALUES (?, ?)')
  const indexedUpTo = db.prepare<[string]>(
    "INSERT INTO meta (name, value) VALUES ('run_ids_upto', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  )
  const tail = db.prepare<[], { id: string; seq: number }>(
    "SELECT id, seq FROM runs WHERE seq > coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'run_ids_upto'), 0)",
  )
  const count = db.prepare<[], { n: number }>('SELECT count(*) AS n FROM runs')
  const recent = new Map<string, number>()
  // What an earlier process left without index.
  for (const { id, seq } of tail.all()) recent.set(id, seq)

  const appendAll = db.transaction((rows: readonly RunRow[]) => {
    for (const row of rows) recent.set(row.id, Number(insert.run(...columns(row)).lastInsertRowid))
  })
  const indexAll = db.transaction((entries: readonly (readonly [string, number])[]) => {
    let newest = 0
    for (const [id, seq] of entries) {
      index.run(id, seq)
      if (seq > newest) newest = seq
    }
    indexedUpTo.run(String(newest))
  })

  function catchUp(): void {
    if (recent.size === 0) return
    const entries = [...recent].sort(([a], [b]) => (a < b ? -1 : 1))
    indexAll(entries)
    recent.clear()
  }

  function seqOf(id: string): number | undefined {
    const fresh = recent.get(id)
    // An earlier row of the same id (a Run logged as queued, then as finished) may be indexed already: the newest wins.
    return fresh ?? byId.get(id)?.seq ?? undefined
  }

  return {
    append(rows: readonly RunRow[]): void {
      appendAll(rows)
      if (recent.size >= indexAt) catchUp()
    },
    /** Writes the waiting part of the id index; call it when the log is quiet. */
    catchUp,
    get(id: string): RunRow | undefined {
      const seq = seqOf(id)
      const raw = seq === undefined || seq === null ? undefined : bySeq.get(seq)
      return raw && fromRaw(raw)
    },
    /** Newest first. */
    list(filter: RunFilter): readonly RunRow[] {
      const where: string[] = []
      const values: (string | number)[] = []
      for (const [column, value] of [
        ['endpoint', filter.endpoint],
        ['state', filter.state],
        ['consumer', filter.consumer],
        ['code', filter.code],
      ] as const) {
        if (value === undefined) continue
        where.push(`${column} = ?`)
        values.push(value)
      }
      if (filter.before !== undefined) {
        where.push('seq < ?')
        values.push(seqOf(filter.before) ?? 0)
      }
      const sql = `SELECT seq, id, detail, input, output FROM runs ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY seq DESC LIMIT ?`
      return db
        .prepare<(string | number)[], Raw>(sql)
        .all(...values, filter.limit)
        .map(fromRaw)
    },
    count: (): number => count.get()?.n ?? 0,
    close: catchUp,
  }
}

/** Facts that stand in columns or bodies of their own are left out of `detail`. */
function columns(row: RunRow): Columns {
  const { input, output, ...detail } = row
  return [
    row.id,
    row.startedAt,
    row.endpoint,
    row.origin,
    row.state,
    row.errorCode,
    row.consumer,
    row.key,
    row.version,
    row.latencyMs,
    row.costUsd,
    sum(row.usage.input, row.usage.cacheRead, row.usage.cacheWrite),
    sum(row.usage.output, row.usage.reasoning),
    JSON.stringify(detail),
    text(input),
    text(output),
  ]
}

function fromRaw(raw: Raw): RunRow {
  // Written by `columns` above and by nothing else.
  const detail = JSON.parse(raw.detail) as Omit<RunRow, 'input' | 'output'>
  return { ...detail, input: parse(raw.input), output: parse(raw.output) }
}

const text = (body: Json | null): string | null => (body === null ? null : JSON.stringify(body))
const parse = (body: string | null): Json | null => (body === null ? null : (JSON.parse(body) as Json))

function sum(...counts: readonly (number | null)[]): number | null {
  const known = counts.filter((count) => count !== null)
  return known.length === 0 ? null : known.reduce((total, count) => total + count, 0)
}
