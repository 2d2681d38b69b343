import type { Db } from './open.ts'

/** Sealed values only: this table never sees a plain secret. */
export function sealedSecrets(db: Db) {
  const put = db.prepare<[string, Uint8Array, number]>(
    'INSERT INTO secrets (name, sealed, updated_at) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at',
  )
  const all = db.prepare<[], { name: string; sealed: Buffer; updated_at: number }>(
    'SELECT * FROM secrets ORDER BY name',
  )
  const remove = db.prepare<[string]>('DELETE FROM secrets WHERE name = ?')
  return {
    put(name: string, sealed: Uint8Array, at: number): void {
      put.run(name, sealed, at)
    },
    list(): readonly { readonly name: string; readonly sealed: Uint8Array; readonly updatedAt: number }[] {
      return all.all().map((raw) => ({ name: raw.name, sealed: raw.sealed, updatedAt: raw.updated_at }))
    },
    remove(name: string): boolean {
      return remove.run(name).changes > 0
    },
  }
}
