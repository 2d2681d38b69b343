import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keyHasher, newKey } from '#main/secrets/keys.ts'
import { type FileKey, keyRing, type StoredKey } from './key-ring.ts'

const hash = keyHasher(randomBytes(32))

function stored(key: string, prefix: string, facts: Partial<StoredKey> = {}): StoredKey {
  return {
    id: 'key_1',
    prefix,
    hash: hash(key),
    consumer: 'shop',
    scopes: ['run'],
    expiresAt: null,
    revokedAt: null,
    ...facts,
  }
}

function listed(facts: Partial<FileKey> = {}): FileKey {
  return {
    id: 'web-1',
    consumer: 'shop',
    secretName: 'shop_key',
    scopes: ['run', 'cost'],
    expiresAt: null,
    state: 'active',
    pins: new Map(),
    addresses: [],
    origins: [],
    priority: 'normal',
    limits: {},
    ...facts,
  }
}

const base = { generation: 1, stored: [], listed: [], consumers: new Map(), secret: () => undefined, hash }

describe('key ring', () => {
  it('accepts exactly the key whose hash it holds, first and again', () => {
    const { key, prefix } = newKey()
    const { ring } = keyRing({ ...base, stored: [stored(key, prefix)] })
    const entry = ring.keys.get(prefix)
    if (!entry) throw new Error('the key is missing')
    const wrongEnd = key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a')
    for (let round = 0; round < 3; round += 1) {
      expect(ring.verify(entry, wrongEnd)).toBe(false)
      expect(ring.verify(entry, `${key}x`)).toBe(false)
      expect(ring.verify(entry, '')).toBe(false)
      expect(ring.verify(entry, key)).toBe(true)
    }
  })

  it('keeps a revoked key in sight as revoked', () => {
    const { key, prefix } = newKey()
    const { ring } = keyRing({ ...base, stored: [stored(key, prefix, { revokedAt: 5 })] })
    expect(ring.keys.get(prefix)?.state).toBe('revoked')
  })

  it('takes the secret of a listed key by reference and gives it tags, limits and access of its consumer', () => {
    const { key, prefix } = newKey()
    const consumers = new Map([
      [
        'shop',
        { tags: { team: 'a' }, limits: { concurrent: 3 }, access: new Map([['support', ['production']]]) },
      ],
    ])
    const { ring, problems } = keyRing({
      ...base,
      listed: [listed()],
      consumers,
      secret: (name) => (name === 'shop_key' ? key : undefined),
    })
    expect(problems).toEqual([])
    const entry = ring.keys.get(prefix)
    expect(entry).toMatchObject({
      id: 'web-1',
      consumer: { id: 'shop', tags: { team: 'a' }, limits: { concurrent: 3 } },
    })
    expect(entry?.access?.get('support')).toEqual(['production'])
  })

  it.each([
    ['has no value', undefined, /secret:shop_key has no value/],
    ['has the wrong form', 'sk-something', /does not have the form/],
  ])('leaves out a listed key whose secret %s and says so without showing it', (_, value, message) => {
    const { ring, problems } = keyRing({ ...base, listed: [listed()], secret: () => value })
    expect(ring.keys.size).toBe(0)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(message)
    expect(problems[0]).not.toContain('sk-something')
  })

  it('refuses a second key with the same public part', () => {
    const { key, prefix } = newKey()
    const { ring, problems } = keyRing({
      ...base,
      stored: [stored(key, prefix)],
      listed: [listed()],
      secret: () => key,
    })
    expect(ring.keys.get(prefix)?.id).toBe('key_1')
    expect(problems[0]).toMatch(/same public part/)
  })
})
