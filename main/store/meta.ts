import type { Db } from './open.ts'

/** Small facts that no file of the workspace holds. */
export function meta(db: Db) {
  const put = db.prepare<[string, string]>('INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)')
  const get = db.prepare<[string], { value: string }>('SELECT value FROM meta WHERE name = ?')
  const set = db.prepare<[string, string]>(
    'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  )
  const names = db.prepare<[string], { name: string }>('SELECT name FROM meta WHERE name GLOB ?')
  const remove = db.prepare<[string]>('DELETE FROM meta WHERE name = ?')
  return {
    get: (name: string): string | undefined => get.get(name)?.value,
    set(name: string, value: string): void {
      set.run(name, value)
    },
    /** Forgets what begins with `prefix` and is not one of these. */
    keepOnly(prefix: string, kept: ReadonlySet<string>): void {
      for (const { name } of names.all(`${prefix}*`))
        if (!kept.has(name.slice(prefix.length))) remove.run(name)
    },
    /** The number first given for this name; remembers it. */
    since(name: string, now: number): number {
      const known = get.get(name)?.value
      if (known === undefined) put.run(name, String(now))
      return Number(known ?? now)
    },
  }
}
