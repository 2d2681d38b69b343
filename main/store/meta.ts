import type { Db } from './open.ts'

/** Small facts that no file of the workspace holds. */
export function meta(db: Db) {
  const put = db.prepare<[string, string]>('INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)')
  const get = db.prepare<[string], { value: string }>('SELECT value FROM meta WHERE name = ?')
  return {
    /** The number first given for this name; remembers it. */
    since(name: string, now: number): number {
      put.run(name, String(now))
      return Number(get.get(name)?.value ?? now)
    },
  }
}
