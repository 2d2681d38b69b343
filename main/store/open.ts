// The one way into the SQLite file. `durable` and `money` acknowledge after fsync (keys, secrets, audit; budgets), `log`
// may lose its last commits on power loss but not on a crash of the process (security.md, principle 5).
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { auditLog } from './audit.ts'
import { budgets } from './budgets.ts'
import { keys } from './keys.ts'
import { meta } from './meta.ts'
import { migrate } from './migrate.ts'
import { runLog } from './run-log.ts'
import { runs } from './runs.ts'
import { sealedSecrets } from './sealed-secrets.ts'

export type Db = Database.Database
export type Store = ReturnType<typeof openStore>

/** Milliseconds that a write waits for another process. What waits on the loop of the gateway comes back later instead. */
const patience = { durable: 5_000, gateway: 20 } as const

/**
 * Opens (and where needed creates and migrates) the store.
 * @param file path of the SQLite file, or `:memory:` for tests (one connection then).
 * @param onLogTrouble told why the log of runs cannot be written, and with null when it can be again
 */
export function openStore(file: string, onLogTrouble?: (failure: string | null) => void) {
  const memory = file === ':memory:'
  if (!memory) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    ownFile(file)
  }
  const durable = connect(file, 'FULL')
  migrate(durable)
  // Money is written beside requests: on the loop of the gateway, like the log, and durable, like keys.
  const money = memory ? durable : connect(file, 'FULL')
  const log = memory ? durable : connect(file, 'NORMAL')
  const runRows = runs(log)
  if (!memory) for (const db of [log, money]) db.pragma(`busy_timeout = ${patience.gateway}`)
  const queue = runLog(runRows, undefined, onLogTrouble)
  return {
    keys: keys(durable),
    secrets: sealedSecrets(durable),
    budgets: budgets(money),
    audit: auditLog(durable),
    meta: meta(durable),
    runs: runRows,
    runLog: queue,
    /** Runs `work` while no other process can write: the lock around publishing. */
    exclusively<T>(work: () => T): T {
      return durable.transaction(work).immediate()
    },
    /** Throws when nothing can be written: better now than with the first key or run. */
    checkWritable(): void {
      durable.exec("BEGIN IMMEDIATE; INSERT INTO meta (name, value) VALUES ('trial', ''); ROLLBACK")
    },
    close() {
      if (!memory) log.pragma(`busy_timeout = ${patience.durable}`)
      queue.flush()
      runRows.close()
      if (!memory) for (const db of [log, money]) db.close()
      durable.close()
    },
  }
}

/** The answers of models stand in it: for its owner alone, wherever it is. What SQLite makes beside it is made alike. */
function ownFile(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
}

function connect(file: string, synchronous: 'FULL' | 'NORMAL'): Db {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma(`synchronous = ${synchronous}`)
  db.pragma('foreign_keys = ON')
  db.pragma(`busy_timeout = ${patience.durable}`)
  db.pragma('temp_store = MEMORY')
  // The write-ahead log stays below 64 MB (G-15); a page that is written again within 16 MB is copied once.
  db.pragma('wal_autocheckpoint = 4000')
  db.pragma('journal_size_limit = 67108864')
  return db
}
