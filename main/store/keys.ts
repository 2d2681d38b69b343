import type { Db } from './open.ts'

export interface KeyRow {
  readonly id: string
  /** The 8 public characters. */
  readonly prefix: string
  /** HMAC-SHA-256 of the whole key; the key itself is never kept. */
  readonly hash: Uint8Array
  readonly consumer: string
  readonly scopes: readonly string[]
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
}

interface Raw {
  id: string
  prefix: string
  hash: Buffer
  consumer: string
  scopes: string
  created_at: number
  expires_at: number | null
  revoked_at: number | null
}

export function keys(db: Db) {
  const insert = db.prepare<[string, string, Uint8Array, string, string, number, number | null]>(
    'INSERT INTO keys (id, prefix, hash, consumer, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const all = db.prepare<[], Raw>('SELECT * FROM keys ORDER BY created_at, id')
  const revoke = db.prepare<[number, string]>(
    'UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL',
  )
  const exists = db.prepare<[string], { id: string }>('SELECT id FROM keys WHERE id = ?')
  return {
    add(row: Omit<KeyRow, 'revokedAt'>): void {
      insert.run(
        row.id,
        row.prefix,
        row.hash,
        row.consumer,
        JSON.stringify(row.scopes),
        row.createdAt,
        row.expiresAt,
      )
    },
    list(): readonly KeyRow[] {
      return all.all().map((raw) => ({
        id: raw.id,
        prefix: raw.prefix,
        hash: raw.hash,
        consumer: raw.consumer,
        scopes: JSON.parse(raw.scopes) as string[],
        createdAt: raw.created_at,
        expiresAt: raw.expires_at,
        revokedAt: raw.revoked_at,
      }))
    },
    /** `unknown`, or whether this call revoked it. */
    revoke(id: string, at: number): 'revoked' | 'already' | 'unknown' {
      if (revoke.run(at, id).changes > 0) return 'revoked'
      return exists.get(id) ? 'already' : 'unknown'
    },
  }
}
