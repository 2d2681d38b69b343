// The immutable key ring of the gateway: Keys made in the app (hash in the store) and Keys named in `sluice.yaml`.
import { timingSafeEqual } from 'node:crypto'
import type { KeyEntry, KeyRing, LimitSet, Scope } from '#main/gateway/ports.ts'
import { keyPrefix, sameHash } from '#main/secrets/keys.ts'

export interface StoredKey {
  readonly id: string
  readonly prefix: string
  readonly hash: Uint8Array
  readonly consumer: string
  readonly scopes: readonly string[]
  readonly expiresAt: number | null
  readonly revokedAt: number | null
}

/** A Key of `sluice.yaml`: everything but its secret, which comes by reference. */
export interface FileKey {
  readonly id: string
  readonly consumer: string
  readonly secretName: string
  readonly scopes: readonly string[]
  readonly expiresAt: number | null
  readonly state: 'active' | 'pending'
  readonly pins: ReadonlyMap<string, string>
  readonly addresses: readonly string[]
  readonly origins: readonly string[]
  readonly priority: 'high' | 'normal' | 'low'
  readonly limits: LimitSet
}

export interface ConsumerFacts {
  readonly tags: Readonly<Record<string, string>>
  readonly limits: LimitSet
  /** Endpoint slug → references; null: every Endpoint. */
  readonly access: ReadonlyMap<string, readonly string[]> | null
}

export interface KeyRingParts {
  readonly generation: number
  readonly stored: readonly StoredKey[]
  readonly listed: readonly FileKey[]
  readonly consumers: ReadonlyMap<string, ConsumerFacts>
  readonly secret: (name: string) => string | undefined
  readonly hash: (key: string) => Uint8Array
}

const nobody: ConsumerFacts = { tags: {}, limits: {}, access: null }

/** `problems` names the Keys of the file that cannot be used; the ring holds the others. */
export function keyRing(parts: KeyRingParts): {
  readonly ring: KeyRing
  readonly problems: readonly string[]
} {
  const keys = new Map<string, KeyEntry>()
  const problems: string[] = []
  for (const row of parts.stored) {
    const { tags, limits, access } = parts.consumers.get(row.consumer) ?? nobody
    keys.set(row.prefix, {
      id: row.id,
      consumer: { id: row.consumer, tags, limits },
      scopes: new Set(row.scopes as Scope[]),
      access,
      pins: new Map(),
      expiresAt: row.expiresAt,
      state: row.revokedAt === null ? 'active' : 'revoked',
      addresses: [],
      origins: [],
      priority: 'normal',
      limits: {},
      hash: row.hash,
    })
  }
  for (const key of parts.listed) {
    const value = parts.secret(key.secretName)
    const prefix = value === undefined ? undefined : keyPrefix(value)
    if (value === undefined || prefix === undefined) {
      problems.push(
        value === undefined
          ? `key "${key.id}" of consumer "${key.consumer}" is not usable: secret:${key.secretName} has no value; set it: sluice secret set <folder> ${key.secretName} (or SLUICE_SECRET_${key.secretName.toUpperCase()})`
          : `key "${key.id}" of consumer "${key.consumer}" is not usable: its secret does not have the form slk_<8 letters>_<32 letters>`,
      )
      continue
    }
    if (keys.has(prefix)) {
      problems.push(
        `key "${key.id}" of consumer "${key.consumer}" is not usable: another key has the same public part`,
      )
      continue
    }
    const { tags, limits, access } = parts.consumers.get(key.consumer) ?? nobody
    keys.set(prefix, {
      id: key.id,
      consumer: { id: key.consumer, tags, limits },
      scopes: new Set(key.scopes as Scope[]),
      access,
      pins: key.pins,
      expiresAt: key.expiresAt,
      state: key.state,
      addresses: key.addresses,
      origins: key.origins,
      priority: key.priority,
      limits: key.limits,
      hash: parts.hash(value),
    })
  }
  // A key that passed once is compared with its own text from then on: one comparison instead of one HMAC per request.
  const passed = new Map<KeyEntry, Buffer>()
  return {
    problems,
    ring: {
      generation: parts.generation,
      keys,
      verify(entry, presented) {
        const given = Buffer.from(presented)
        const known = passed.get(entry)
        if (known) return known.length === given.length && timingSafeEqual(known, given)
        if (!sameHash(parts.hash(presented), entry.hash)) return false
        passed.set(entry, given)
        return true
      },
    },
  }
}
