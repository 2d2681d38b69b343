import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { unknownUsage } from '#shared/model/chat.ts'
import type { RunRow } from '#shared/run/row.ts'
import { migrate, migrations } from './migrate.ts'
import { openStore } from './open.ts'
import { runLog } from './run-log.ts'
import { runs } from './runs.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-store-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = () => join(folder, 'data', 'store.db')

function run(id: string, facts: Partial<RunRow> = {}): RunRow {
  return {
    id,
    origin: 'rest',
    state: 'completed',
    endpoint: 'support',
    label: 'production',
    version: 1,
    versionHash: 'sha256:00',
    variant: null,
    consumer: 'shop',
    key: 'key_1',
    startedAt: 1_000,
    finishedAt: 1_010,
    latencyMs: 10,
    firstTokenMs: null,
    streamed: false,
    usage: unknownUsage,
    modelCalls: 1,
    attempts: 1,
    costUsd: null,
    servedBy: 'demo/sim',
    degraded: false,
    errorCode: null,
    error: null,
    warnings: [],
    steps: [],
    verdicts: [],
    input: { question: 'Hi' },
    output: { answer: 'Hello' },
    metadata: {},
    parent: null,
    ...facts,
  }
}

describe('store', () => {
  it('keeps keys over a restart and revokes each of them once', () => {
    const first = openStore(file())
    first.keys.add({
      id: 'key_1',
      prefix: 'abcdefgh',
      hash: Buffer.from('hash'),
      consumer: 'shop',
      scopes: ['run', 'cost'],
      createdAt: 5,
      expiresAt: null,
    })
    expect(first.keys.revoke('key_1', 9)).toBe('revoked')
    expect(first.keys.revoke('key_1', 12)).toBe('already')
    expect(first.keys.revoke('key_2', 12)).toBe('unknown')
    first.close()
    const second = openStore(file())
    expect(second.keys.list()).toMatchObject([{ id: 'key_1', scopes: ['run', 'cost'], revokedAt: 9 }])
    second.close()
  })

  it('refuses two keys with the same public part', () => {
    const store = openStore(':memory:')
    const row = {
      prefix: 'abcdefgh',
      hash: Buffer.from('x'),
      consumer: 'c',
      scopes: [],
      createdAt: 1,
      expiresAt: null,
    }
    store.keys.add({ id: 'a', ...row })
    expect(() => store.keys.add({ id: 'b', ...row })).toThrow(/UNIQUE/)
  })

  it('reads back a run equal to the one written, by id, before and after the index has caught up', () => {
    const store = openStore(file())
    const row = run('run_a', { warnings: [{ code: 'x', message: 'y', node: null }], errorCode: null })
    store.runs.append([row, run('run_b')])
    expect(store.runs.get('run_a')).toEqual(row)
    while (store.runs.catchUp());
    expect(store.runs.get('run_a')).toEqual(row)
    expect(store.runs.get('run_c')).toBeUndefined()
    store.close()
  })

  it('finds runs that an earlier process left without index', () => {
    const first = openStore(file())
    first.runs.append([run('run_a')])
    const second = openStore(file())
    expect(second.runs.get('run_a')?.id).toBe('run_a')
    second.close()
    first.close()
  })

  it('finds every run while too many ids wait and they are indexed beside the writes', () => {
    const db = new Database(':memory:')
    migrate(db)
    const log = runs(db, 500)
    for (let batch = 0; batch < 20; batch += 1) {
      log.append(
        Array.from({ length: 100 }, (_, i) => run(`run_${(batch * 100 + i).toString(36).padStart(6, 'q')}`)),
      )
      const last = `run_${(batch * 100 + 99).toString(36).padStart(6, 'q')}`
      expect(log.get(last)?.id).toBe(last)
    }
    const indexed = db.prepare('SELECT count(*) AS n FROM run_ids').get() as { n: number }
    expect(indexed.n).toBeGreaterThan(1000)
    for (let i = 0; i < 2000; i += 1) expect(log.get(`run_${i.toString(36).padStart(6, 'q')}`)).toBeDefined()
    expect(log.get('run_zzzzzz')).toBeUndefined()
  })

  it('shows the newest row of a run that was logged twice', () => {
    const store = openStore(':memory:')
    store.runs.append([run('run_a', { state: 'queued' })])
    while (store.runs.catchUp());
    store.runs.append([run('run_a', { state: 'completed' })])
    expect(store.runs.get('run_a')?.state).toBe('completed')
    while (store.runs.catchUp());
    expect(store.runs.get('run_a')?.state).toBe('completed')
  })

  it('lists runs newest first, filtered and by page', () => {
    const store = openStore(':memory:')
    store.runs.append([
      run('run_1'),
      run('run_2', { endpoint: 'other' }),
      run('run_3'),
      run('run_4', { state: 'failed', errorCode: 'timeout' }),
    ])
    expect(store.runs.list({ limit: 2 }).map((row) => row.id)).toEqual(['run_4', 'run_3'])
    expect(store.runs.list({ limit: 9, before: 'run_3' }).map((row) => row.id)).toEqual(['run_2', 'run_1'])
    expect(store.runs.list({ limit: 9, endpoint: 'other' }).map((row) => row.id)).toEqual(['run_2'])
    expect(store.runs.list({ limit: 9, code: 'timeout' }).map((row) => row.id)).toEqual(['run_4'])
  })

  it('adds up budgets and keeps them', () => {
    const store = openStore(file())
    store.budgets.add([{ name: 'consumer:shop', period: '2026-11', usd: 0.25 }])
    store.budgets.add([{ name: 'consumer:shop', period: '2026-11', usd: 0.5 }])
    store.close()
    const again = openStore(file())
    expect(again.budgets.spent('consumer:shop', '2026-11')).toBe(0.75)
    expect(again.budgets.spent('consumer:shop', '2026-12')).toBe(0)
    expect(again.budgets.list()).toEqual([{ name: 'consumer:shop', period: '2026-11', usd: 0.75 }])
    again.close()
  })

  it('finds a changed and a deleted audit row', () => {
    const store = openStore(file())
    for (const subject of ['a', 'b', 'c'])
      store.audit.append({ at: 1, actor: 'cli', action: 'key.create', subject, facts: {} })
    expect(store.audit.verify()).toBeNull()
    const raw = new Database(file())
    raw.prepare("UPDATE audit SET subject = 'z' WHERE seq = 2").run()
    expect(store.audit.verify()).toBe(2)
    raw.prepare("UPDATE audit SET subject = 'b' WHERE seq = 2").run()
    expect(store.audit.verify()).toBeNull()
    raw.prepare('DELETE FROM audit WHERE seq = 1').run()
    expect(store.audit.verify()).toBe(1)
    raw.close()
    store.close()
  })
})

describe('migrations', () => {
  it('lift an empty file to the newest schema, once', () => {
    const db = new Database(':memory:')
    migrate(db)
    migrate(db)
    expect(db.pragma('user_version', { simple: true })).toBe(migrations.at(-1)?.id)
  })

  it('leave the file as it was when a step fails', () => {
    const db = new Database(':memory:')
    const broken = {
      id: migrations.length + 1,
      name: 'broken',
      up: 'CREATE TABLE half (a); SELECT nonsense;',
    }
    expect(() => migrate(db, [...migrations, broken])).toThrow()
    expect(db.pragma('user_version', { simple: true })).toBe(migrations.at(-1)?.id)
    expect(db.prepare("SELECT name FROM sqlite_master WHERE name = 'half'").get()).toBeUndefined()
  })

  it('refuse a file of a newer version and say so', () => {
    const db = new Database(':memory:')
    db.pragma('user_version = 99')
    expect(() => migrate(db)).toThrow(/newer version of Sluice/)
  })

  it('have rising ids without gaps', () => {
    expect(migrations.map((step) => step.id)).toEqual(migrations.map((_, i) => i + 1))
  })
})

describe('a disk in trouble', () => {
  it('leaves each run with its own consumer after a batch that did not fit', () => {
    // The number of a source was remembered although the batch was rolled back, and went to another consumer then.
    const db = new Database(':memory:')
    migrate(db)
    const rows = runs(db)
    rows.append([run('run_a')])
    const used = Number(db.pragma('page_count', { simple: true }))
    db.pragma(`max_page_count = ${used}`)
    const bodies = { input: { question: 'x'.repeat(100_000) } }
    expect(() => rows.append([run('run_b', { consumer: 'bank', ...bodies })])).toThrow(/full/)
    db.pragma(`max_page_count = ${used + 1_000}`)
    rows.append([run('run_c', { consumer: 'club' })])
    rows.append([run('run_b', { consumer: 'bank', ...bodies })])
    const seen = ['run_a', 'run_b', 'run_c'].map((id) => [rows.get(id)?.id, rows.get(id)?.consumer])
    expect(seen).toEqual([
      ['run_a', 'shop'],
      ['run_b', 'bank'],
      ['run_c', 'club'],
    ])
    expect(rows.list({ limit: 9 }).map(({ id }) => id)).toEqual(['run_b', 'run_c', 'run_a'])
  })

  it('does not hold the gateway while another program locks the store', () => {
    const told: (string | null)[] = []
    const store = openStore(file(), (failure) => told.push(failure))
    const other = new Database(file())
    other.exec('BEGIN IMMEDIATE')
    const before = performance.now()
    store.runLog.push(run('run_a'))
    store.runLog.flush()
    expect(performance.now() - before).toBeLessThan(2_000)
    expect(store.runLog.stats()).toMatchObject({ waiting: 1, failure: 'database is locked' })
    other.exec('ROLLBACK')
    other.close()
    store.close()
    expect(told).toEqual(['database is locked', null])
    const again = openStore(file())
    expect(again.runs.get('run_a')?.id).toBe('run_a')
    again.close()
  })

  it.skipIf(process.platform === 'win32')('keeps the store to its owner, wherever it stands', () => {
    const store = openStore(join(folder, 'elsewhere.db'))
    store.keys.list()
    const open = readdirSync(folder).filter((name) => (statSync(join(folder, name)).mode & 0o077) !== 0)
    expect(open).toEqual([])
    store.close()
  })
})

describe('run log', () => {
  function fakeRows(fails: () => boolean) {
    const written: RunRow[] = []
    return {
      written,
      rows: {
        append: (batch: readonly RunRow[]) => {
          if (fails()) throw new Error('disk full')
          written.push(...batch)
        },
        catchUp: () => false,
      } as never,
    }
  }

  it('writes in batches and keeps the order', () => {
    const { rows, written } = fakeRows(() => false)
    const log = runLog(rows, { batch: 2, everyMs: 10, dropBodiesAt: 100, dropRowsAt: 100 })
    for (const id of ['a', 'b', 'c', 'd', 'e']) log.push(run(id))
    log.flush()
    expect(written.map((row) => row.id)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('keeps rows while the disk is full and writes them when it has room again', () => {
    let full = true
    const { rows, written } = fakeRows(() => full)
    const log = runLog(rows, { batch: 10, everyMs: 10, dropBodiesAt: 100, dropRowsAt: 100 })
    log.push(run('a'))
    log.flush()
    expect(log.stats()).toMatchObject({ waiting: 1, failure: 'disk full' })
    expect(log.pending('a')?.id).toBe('a')
    full = false
    log.flush()
    expect(written).toHaveLength(1)
    expect(log.stats()).toMatchObject({ waiting: 0, failure: null })
  })

  it('drops bodies first, then rows, and counts both', () => {
    const { rows } = fakeRows(() => true)
    const log = runLog(rows, { batch: 10, everyMs: 10, dropBodiesAt: 1, dropRowsAt: 2 })
    log.push(run('a'))
    log.push(run('b'))
    log.push(run('c'))
    expect(log.pending('a')?.input).toEqual({ question: 'Hi' })
    expect(log.pending('b')?.input).toBeNull()
    expect(log.pending('c')).toBeUndefined()
    expect(log.stats()).toMatchObject({ droppedBodies: 1, droppedRows: 1 })
  })
})
