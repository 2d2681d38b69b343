import type { Migration } from '../migrate.ts'

export const initial: Migration = {
  id: 1,
  name: 'initial',
  up: `
    CREATE TABLE keys (
      id TEXT PRIMARY KEY,
      prefix TEXT NOT NULL UNIQUE,
      hash BLOB NOT NULL,
      consumer TEXT NOT NULL,
      scopes TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER,
      revoked_at INTEGER
    ) STRICT;

    CREATE TABLE secrets (
      name TEXT PRIMARY KEY,
      sealed BLOB NOT NULL,
      updated_at INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE budgets (
      name TEXT NOT NULL,
      period TEXT NOT NULL,
      spent_usd REAL NOT NULL,
      PRIMARY KEY (name, period)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE audit (
      seq INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      actor TEXT NOT NULL,
      action TEXT NOT NULL,
      subject TEXT NOT NULL,
      facts TEXT NOT NULL,
      hash TEXT NOT NULL
    ) STRICT;

    -- Where Runs come from; the packed facts are those of pack.ts.
    CREATE TABLE run_sources (
      seq INTEGER PRIMARY KEY,
      facts TEXT NOT NULL UNIQUE,
      endpoint TEXT NOT NULL,
      consumer TEXT
    ) STRICT;

    CREATE TABLE runs (
      seq INTEGER PRIMARY KEY,
      id TEXT NOT NULL,
      source INTEGER NOT NULL,
      started_at INTEGER NOT NULL,
      state TEXT NOT NULL,
      code TEXT,
      latency_ms REAL NOT NULL,
      cost_usd REAL,
      tokens_in INTEGER,
      tokens_out INTEGER,
      detail TEXT NOT NULL,
      input TEXT,
      output TEXT
    ) STRICT;

    CREATE TABLE meta (
      name TEXT PRIMARY KEY,
      value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- Where an id stands. Filled behind the writes, in large sorted batches: an index on random ids beside every insert
    -- would dirty one page per run (see runs.ts).
    CREATE TABLE run_ids (
      id TEXT NOT NULL,
      seq INTEGER NOT NULL,
      PRIMARY KEY (id, seq)
    ) STRICT, WITHOUT ROWID;
  `,
}
