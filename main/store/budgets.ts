import type { Db } from './open.ts'

/** What each calendar budget has spent, by name (`consumer:web-shop`) and period (`2026-11`, `total`). US dollars. */
export function budgets(db: Db) {
  const add = db.prepare<[string, string, number]>(
    'INSERT INTO budgets (name, period, spent_usd) VALUES (?, ?, ?) ON CONFLICT (name, period) DO UPDATE SET spent_usd = spent_usd + excluded.spent_usd',
  )
  const one = db.prepare<[string, string], { spent_usd: number }>(
    'SELECT spent_usd FROM budgets WHERE name = ? AND period = ?',
  )
  const all = db.prepare<[], { name: string; period: string; spent_usd: number }>('SELECT * FROM budgets')
  const addAll = db.transaction((entries: readonly SpentEntry[]) => {
    for (const entry of entries) add.run(entry.name, entry.period, entry.usd)
  })
  return {
    add(entries: readonly SpentEntry[]): void {
      if (entries.length > 0) addAll(entries)
    },
    spent(name: string, period: string): number {
      return one.get(name, period)?.spent_usd ?? 0
    },
    list(): readonly SpentEntry[] {
      return all.all().map((raw) => ({ name: raw.name, period: raw.period, usd: raw.spent_usd }))
    },
  }
}

export interface SpentEntry {
  readonly name: string
  readonly period: string
  readonly usd: number
}
