// Who calls. Every route but the two health words asks this first; the verdict hangs on the matched route, not on a path.
import { AppError } from '#shared/errors.ts'
import { addressList } from './door.ts'
import type { Exchange } from './exchange.ts'
import type { Head } from './head.ts'
import type { Counters, KeyEntry, KeyRing } from './ports.ts'
import type { Service } from './service.ts'

export interface Presence {
  readonly head: Head
  readonly address: string
  readonly keys: KeyRing
  readonly counters: Counters
  readonly wrongKeysPerMinute: number
  /** Milliseconds since 1970, for what expires. */
  readonly now: number
  /** Monotonic milliseconds, for what is counted: a clock that is set must not lift a limit. */
  readonly ticks: number
}

export function identify({ head, address, routes }: Exchange, { deps }: Service): KeyEntry {
  const { wrongKeysPerMinute } = routes.settings
  const { clock } = deps.effects
  const [now, ticks] = [clock.now(), clock.ticks()]
  return authorize({
    head,
    address,
    keys: deps.keys(),
    counters: deps.counters,
    wrongKeysPerMinute,
    now,
    ticks,
  })
}

/** Throws `unauthenticated`, `rate_limited` (too many wrong Keys), `pending_approval`, `forbidden`. */
export function authorize(presence: Presence): KeyEntry {
  const presented = presentedKey(presence.head)
  if (presented === '')
    refuse(presence, 'A key is needed: send it as "Authorization: Bearer …" or "x-api-key".')
  const entry = presence.keys.keys.get(presented.slice(4, 12))
  if (!entry || !presence.keys.verify(entry, presented) || !alive(entry, presence.now)) {
    // The same work for a wrong, an unknown and a revoked Key: the time to refuse says nothing about which it was.
    presence.keys.verify(decoy, presented)
    refuse(presence, 'The key is not valid.')
  }
  if (entry.state === 'pending') throw new AppError('pending_approval')
  checkPlace(entry, presence)
  return entry
}

/** '' when there is none. Two channels may both be used, with the same Key. */
function presentedKey({ authorization, apiKey }: Head): string {
  const bearer =
    authorization === undefined ? undefined : (/^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '')
  if (bearer !== undefined && apiKey !== undefined && bearer !== apiKey) {
    throw new AppError('unauthenticated', { message: 'Two different keys are given.' })
  }
  const key = bearer ?? apiKey ?? ''
  return key.length <= 200 ? key : 'too long to be a key'
}

function alive(entry: KeyEntry, now: number): boolean {
  return entry.state !== 'revoked' && (entry.expiresAt === null || now < entry.expiresAt)
}

/**
 * Only failures are counted: a page in a browser on this machine shares our address, and could otherwise lock out
 * every honest caller by sending wrong Keys.
 */
function refuse({ counters, address, wrongKeysPerMinute, ticks }: Presence, message: string): never {
  const bucket = { max: wrongKeysPerMinute, windowS: 60, burst: wrongKeysPerMinute }
  const taken = counters.take([{ key: `wrong-keys:${address}`, bucket, amount: 1 }], ticks)
  if (taken.ok) throw new AppError('unauthenticated', { message })
  throw new AppError('rate_limited', {
    message: 'Too many wrong keys from this address.',
    details: { reason: 'wrong_keys' },
    retryAfterMs: taken.retryAfterMs,
  })
}

const places = new WeakMap<KeyEntry, (address: string) => boolean>()

function checkPlace(entry: KeyEntry, { head, address }: Presence): void {
  if (entry.addresses.length > 0) {
    let within = places.get(entry)
    if (!within) {
      within = addressList(entry.addresses)
      places.set(entry, within)
    }
    if (!within(address)) {
      throw new AppError('forbidden', {
        message: 'This key may not be used from your address.',
        details: { reason: 'address' },
      })
    }
  }
  if (entry.origins.length > 0 && !(head.origin !== undefined && entry.origins.includes(head.origin))) {
    throw new AppError('forbidden', {
      message: 'This key may not be used from this Origin.',
      details: { reason: 'origin' },
    })
  }
}

const decoy: KeyEntry = {
  id: '',
  consumer: { id: '', tags: {}, limits: {} },
  scopes: new Set(),
  access: new Map(),
  pins: new Map(),
  expiresAt: null,
  state: 'revoked',
  addresses: [],
  origins: [],
  priority: 'normal',
  limits: {},
  hash: new Uint8Array(32),
}
