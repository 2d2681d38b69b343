import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dataKey } from './data-key.ts'
import { keyHasher, keyPattern, keyPrefix, newKey, randomText, sameHash } from './keys.ts'
import { seal, unseal } from './seal.ts'
import { type SealedTable, secrets } from './secrets.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-secrets-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function table(): SealedTable & { rows: Map<string, Uint8Array> } {
  const rows = new Map<string, Uint8Array>()
  return {
    rows,
    put: (name, sealed) => void rows.set(name, sealed),
    list: () => [...rows].map(([name, sealed]) => ({ name, sealed, updatedAt: 1 })),
    remove: (name) => rows.delete(name),
  }
}

describe('sealing', () => {
  const key = randomBytes(32)

  it('opens what it sealed and never seals twice alike', () => {
    const plain = 'sk-marker-äöü'
    expect(unseal(key, 'openai_key', seal(key, 'openai_key', plain))).toBe(plain)
    expect(Buffer.from(seal(key, 'a', plain)).equals(Buffer.from(seal(key, 'a', plain)))).toBe(false)
    expect(Buffer.from(seal(key, 'a', plain)).includes(plain)).toBe(false)
  })

  it.each([
    ['another data key', (sealed: Uint8Array) => unseal(randomBytes(32), 'a', sealed)],
    ['another name', (sealed: Uint8Array) => unseal(key, 'b', sealed)],
    [
      'a changed byte',
      (sealed: Uint8Array) =>
        unseal(
          key,
          'a',
          sealed.map((byte, i) => (i === 30 ? byte ^ 1 : byte)),
        ),
    ],
    ['a cut value', (sealed: Uint8Array) => unseal(key, 'a', sealed.subarray(0, 20))],
  ])('refuses %s and says what to do', (_, open) => {
    expect(() => open(seal(key, 'a', 'secret value'))).toThrow(/Set it again/)
  })
})

describe('data key', () => {
  it('is made once, readable by its owner only, and read again', () => {
    const file = join(folder, 'in', 'data.key')
    const made = dataKey(file, {})
    expect(made).toHaveLength(32)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(Buffer.from(dataKey(file, {})).equals(Buffer.from(made))).toBe(true)
  })

  it('comes from the environment first, as hex or base64', () => {
    const bytes = randomBytes(32)
    for (const text of [bytes.toString('hex'), bytes.toString('base64')]) {
      expect(Buffer.from(dataKey(join(folder, 'none'), { SLUICE_DATA_KEY: text })).equals(bytes)).toBe(true)
    }
  })

  it('refuses a key of the wrong length', () => {
    expect(() => dataKey(join(folder, 'none'), { SLUICE_DATA_KEY: 'short' })).toThrow(/32 bytes/)
    writeFileSync(join(folder, 'bad.key'), 'zz', { mode: 0o600 })
    expect(() => dataKey(join(folder, 'bad.key'), {})).toThrow(/32 bytes/)
  })

  it('closes a file that others could read', () => {
    const file = join(folder, 'data.key')
    dataKey(file, {})
    chmodSync(file, 0o644)
    dataKey(file, {})
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })
})

describe('secrets', () => {
  const key = randomBytes(32)

  it('stand sealed in the table and are found again by another process', () => {
    const rows = table()
    const first = secrets({ dataKey: key, env: {}, table: rows })
    const other = secrets({ dataKey: key, env: {}, table: rows })
    first.set('openai_key', 'sk-marker', 1)
    expect(first.get('openai_key')).toBe('sk-marker')
    expect(other.has('openai_key')).toBe(false)
    other.reload()
    expect(other.get('openai_key')).toBe('sk-marker')
    expect(Buffer.concat([...rows.rows.values()]).includes('sk-marker')).toBe(false)
    expect(JSON.stringify(first.list())).not.toContain('sk-marker')
  })

  it('come from the environment first', () => {
    const both = secrets({ dataKey: key, env: { SLUICE_SECRET_OPENAI_KEY: 'from-env' }, table: table() })
    both.set('openai_key', 'from-table', 1)
    expect(both.get('openai_key')).toBe('from-env')
  })

  it('refuse an empty value and a bad name', () => {
    const store = secrets({ dataKey: key, env: {}, table: table() })
    expect(() => store.set('a', '', 1)).toThrow(/empty/)
    expect(() => store.set('../a', 'x', 1)).toThrow(/not a secret name/)
  })
})

describe('keys', () => {
  it('have the documented form and never repeat', () => {
    const made = new Set(Array.from({ length: 500 }, () => newKey().key))
    expect(made.size).toBe(500)
    for (const key of made) expect(key).toMatch(keyPattern)
    expect(keyPrefix([...made][0] as string)).toHaveLength(8)
    expect(keyPrefix('slk_short_x')).toBeUndefined()
  })

  it('use all 62 letters alike', () => {
    const counts = new Map<string, number>()
    for (const letter of Array.from({ length: 62 }, () => randomText(1000)).join(''))
      counts.set(letter, (counts.get(letter) ?? 0) + 1)
    expect(counts.size).toBe(62)
    // Six standard deviations around 1,000.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(190)
  })

  it('are hashed under the data key: another data key gives another hash', () => {
    const { key } = newKey()
    const data = randomBytes(32)
    expect(sameHash(keyHasher(data)(key), keyHasher(data)(key))).toBe(true)
    expect(sameHash(keyHasher(data)(key), keyHasher(randomBytes(32))(key))).toBe(false)
    expect(keyHasher(data)(key)).toHaveLength(32)
  })

  it('leave no plain text in the data folder', () => {
    const file = join(folder, 'data.key')
    dataKey(file, {})
    expect(readFileSync(file, 'utf8')).not.toContain('slk_')
  })
})
