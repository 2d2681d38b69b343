import { createHash } from 'node:crypto'
import type { JsonObject } from '#shared/json.ts'
import type { Db } from './open.ts'

export interface AuditEntry {
  readonly at: number
  /** `cli`, `control`, `system`. */
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly facts: JsonObject
}

/** Append-only; each row's hash covers the row before it, so that a changed or deleted row is found (L-1). */
export function auditLog(db: Db) {
  const last = db.prepare<[], { hash: string }>('SELECT hash FROM audit ORDER BY seq DESC LIMIT 1')
  const insert = db.prepare<[number, string, string, string, string, string]>(
    'INSERT INTO audit (at, actor, action, subject, facts, hash) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const all = db.prepare<
    [],
    { seq: number; at: number; actor: string; action: string; subject: string; facts: string; hash: string }
  >('SELECT * FROM audit ORDER BY seq')
  const append = db.transaction((entry: AuditEntry) => {
    const facts = JSON.stringify(entry.facts)
    insert.run(
      entry.at,
      entry.actor,
      entry.action,
      entry.subject,
      facts,
      link(last.get()?.hash ?? '', entry, facts),
    )
  })
  return {
    append(entry: AuditEntry): void {
      append(entry)
    },
    list(): readonly AuditEntry[] {
      return all.all().map((raw) => ({
        at: raw.at,
        actor: raw.actor,
        action: raw.action,
        subject: raw.subject,
        facts: JSON.parse(raw.facts) as JsonObject,
      }))
    },
    /** The first row whose hash does not follow from the one before, or null when the chain holds. */
    verify(): number | null {
      let before = ''
      let expected = 1
      for (const raw of all.all()) {
        const hash = link(before, { ...raw, facts: {} }, raw.facts)
        if (raw.seq !== expected || raw.hash !== hash) return expected
        before = raw.hash
        expected += 1
      }
      return null
    },
  }
}

function link(before: string, entry: AuditEntry, facts: string): string {
  return createHash('sha256')
    .update(JSON.stringify([before, entry.at, entry.actor, entry.action, entry.subject, facts]))
    .digest('hex')
}
