// Where calls may go. A URL is parsed once with `new URL`; names are resolved when a socket is made, every resolved
// address is judged, and the socket goes to what was judged: there is no second lookup that could answer differently.
import { lookup as resolve } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { AppError } from '#shared/errors.ts'
import { type AddressClass, classify } from './address.ts'
import { egressCode } from './fault.ts'

export interface Place {
  /** Lower case, no brackets, no trailing dot. */
  readonly host: string
  readonly port: number
}

/** May this place be reached at an address of that class? */
export type EgressRule = (place: Place, at: AddressClass) => boolean

/** @throws AppError `policy_denied` for anything but plain http and https without user info. */
export function parseAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) throw denied('This is not a valid address.')
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw denied('Only http and https may be called.')
  if (url.username !== '' || url.password !== '')
    throw denied('An address may not hold a user name or password.')
  return url
}

export function placeOf(url: URL): Place {
  const bare = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  return { host: bare, port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port) }
}

/** Literal addresses and localhost can be judged without asking anybody. */
export function literalClass(host: string): AddressClass | undefined {
  if (isIP(host) !== 0) return classify(host)
  return host === 'localhost' || host.endsWith('.localhost') ? 'loopback' : undefined
}

export function denied(message: string): AppError {
  return new AppError('policy_denied', { message, details: { reason: 'egress' } })
}

/**
 * A Connection reaches exactly the host and port of its base URL. A base URL that a person wrote may stand for a machine
 * on this network; a built-in one may not turn out to be one.
 */
export function connectionRule(base: URL, named: boolean): EgressRule {
  const own = placeOf(base)
  const literal = literalClass(own.host) !== undefined
  return (place, at) =>
    place.host === own.host &&
    place.port === own.port &&
    // Reserved ranges are where some VPNs put their made-up answers for real names; no server lives there.
    (at === 'public' || at === 'reserved' || literal || (named && at !== 'link-local'))
}

interface Entry {
  readonly host: string
  readonly below: boolean
  readonly port: number | null
  readonly literal: boolean
}

/**
 * The host list of a Workspace: `api.example.com`, `*.example.com`, `intranet:8080`, `127.0.0.1:9000`, `*`.
 * An inner address is reached only if it is named itself (an address or localhost) or, for private networks, if a name
 * is listed with its port.
 */
export function hostListRule(allow: readonly string[]): EgressRule {
  const entries = allow.map(parseEntry).filter((entry) => entry !== undefined)
  return (place, at) =>
    entries.some((entry) => {
      if (entry.port !== null && entry.port !== place.port) return false
      const { host } = place
      const match = entry.below ? host.endsWith(entry.host) && host !== entry.host : host === entry.host
      if (!match) return false
      return at === 'public' || entry.literal || (at === 'private' && entry.port !== null && !entry.below)
    })
}

function parseEntry(text: string): Entry | undefined {
  if (text === '*') return { host: '', below: true, port: null, literal: false }
  const below = text.startsWith('*.')
  const name = below ? text.slice(2) : text
  const port = /^(?:[^:]+|\[[^\]]*\]):(\d+)$/.exec(name)?.[1]
  const bracketed = isIP(name) === 6 ? `[${name}]` : name
  if (!URL.canParse(`http://${bracketed}`)) return undefined
  const { host } = placeOf(new URL(`http://${bracketed}`))
  return {
    host: below ? `.${host}` : host,
    below,
    port: port === undefined ? null : Number(port),
    literal: !below && literalClass(host) !== undefined,
  }
}

/** For `net.connect`: resolves, judges every address, and hands on only what was judged. */
export function judgedLookup(rule: EgressRule, place: Place): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '', 0)
      // One inner address among public ones is how rebinding looks: refuse all.
      const [first] = found
      if (first === undefined || !found.every(({ address }) => rule(place, classify(address)))) {
        const refused = new Error('the address of this host is not allowed')
        return callback(Object.assign(refused, { code: egressCode }), '', 0)
      }
      if (options.all === true) callback(null, found)
      else callback(null, first.address, first.family)
    })
  }
}

/** @throws AppError `policy_denied` when the URL alone shows that it may not be called. */
export function judgeUrl(url: URL, rule: EgressRule): void {
  const place = placeOf(url)
  const at = literalClass(place.host)
  // A name is judged as public here and again when it is resolved.
  if (rule(place, at ?? 'public')) return
  // A name that may only be reached on a private network passes to the lookup.
  if (at === undefined && rule(place, 'private')) return
  throw denied(
    `Calls to ${place.host}:${place.port} are not allowed. Add it to policies.hosts.allow if it should be.`,
  )
}
