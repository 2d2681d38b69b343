import type { Db } from './open.ts'

/** Small facts that no file of the workspace holds. */
export function meta(db: Db) {
  const put = db.prepare<[string, string]>('INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)')
  const get = db.prepare<[string], { value: string }>('SELECT value FROM meta WHERE name = ?')
  const set = db.prepare<[string, string]>(
    'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  )
  return {
    get: (name: string): string | undefined => get.get(name)?.value,
    set(name: string, value: string): void {
      set.run(name, value)
    },
    /** The number first given for this name; remembers it. */
    since(name: string, now: number): number {
      put.run(name, String(now))
      return Number(get.get(name)?.value ?? now)
    },
  }
}
