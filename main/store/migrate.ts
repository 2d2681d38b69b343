import { AppError } from '#shared/errors.ts'
import { initial } from './migrations/0001-initial.ts'
import type { Db } from './open.ts'

export interface Migration {
  readonly id: number
  readonly name: string
  readonly up: string
}

/** In order; a migration is never changed or removed once released. */
export const migrations: readonly Migration[] = [initial]

/** Lifts the schema to the newest one, each step in its own transaction; a newer file than this program is refused. */
export function migrate(db: Db, steps: readonly Migration[] = migrations): void {
  const newest = steps.at(-1)?.id ?? 0
  const current = Number(db.pragma('user_version', { simple: true }))
  if (current > newest) {
    throw new AppError('internal', {
      message: `The store was written by a newer version of Sluice (schema ${current}, this one knows ${newest}). Update Sluice or use another --store.`,
    })
  }
  for (const step of steps) {
    db.transaction(() => {
      // Another process may have done it while we waited for the lock.
      if (Number(db.pragma('user_version', { simple: true })) >= step.id) return
      db.exec(step.up)
      db.pragma(`user_version = ${step.id}`)
    }).immediate()
  }
}
