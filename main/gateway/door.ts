// The first handler: what is refused before authentication and routing (security.md I-34 to I-37 and section 6).
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { AppError } from '#shared/errors.ts'
import { type Head, readHead } from './head.ts'
import type { GatewaySettings, Routes } from './ports.ts'

export interface Door {
  /** Throws `invalid_request`, `origin_refused`, `headers_too_large`, `forbidden`. Only then is anything else looked at. */
  enter(req: IncomingMessage, routes: Routes): Head
  /** The origin is the listener itself. */
  isOwn(origin: string, routes: Routes): boolean
}

interface Known {
  readonly settings: GatewaySettings
  readonly hosts: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
  readonly addresses: ((address: string) => boolean) | undefined
}

export interface Listener {
  /** As it was bound. */
  readonly host: string
  readonly port: number
  readonly secure: boolean
}

export function createDoor(listener: Listener): Door {
  let known: Known | undefined
  let listed: { routes: Routes; origins: ReadonlySet<string> } | undefined

  function facts(settings: GatewaySettings): Known {
    if (known?.settings !== settings) known = learn(settings, listener)
    return known
  }
  /** Every origin that some Endpoint lists; whether it is the right one is decided when the Endpoint is known. */
  function anyListed(routes: Routes): ReadonlySet<string> {
    if (listed?.routes !== routes) {
      listed = { routes, origins: new Set([...routes.endpoints.values()].flatMap((route) => route.cors)) }
    }
    return listed.origins
  }

  return {
    isOwn: (origin, routes) => facts(routes.settings).origins.has(origin),
    enter(req, routes) {
      const head = readHead(req)
      const { hosts, origins, addresses } = facts(routes.settings)
      if (head.hosts !== 1) {
        throw new AppError('invalid_request', {
          message: head.hosts === 0 ? 'A Host header is needed.' : 'Two Host headers are given.',
          details: { reason: 'host' },
        })
      }
      const entered = head.path.startsWith('/') ? head : originForm(head, hosts)
      if (!hosts.has(head.host) && !hosts.has(head.host.toLowerCase())) refuseHost()
      if (addresses && !addresses(req.socket.remoteAddress ?? '')) {
        throw new AppError('forbidden', {
          message: 'Your address may not call here.',
          details: { reason: 'address' },
        })
      }
      if (head.origin !== undefined) {
        if (!origins.has(head.origin) && !anyListed(routes).has(head.origin)) refuseOrigin()
      } else if (head.site === 'cross-site') refuseOrigin()
      if (head.upgrade !== undefined && head.upgrade.toLowerCase() !== 'h2c') {
        throw new AppError('invalid_request', {
          message: 'Upgrades are not offered here.',
          details: { reason: 'upgrade' },
        })
      }
      return entered
    },
  }
}

function learn(settings: GatewaySettings, { host, port, secure }: Listener): Known {
  const hosts = new Set<string>()
  const add = (name: string, at: number) => {
    hosts.add(`${name}:${at}`)
    // A client leaves the port out when it is the usual one.
    if (at === 80 || at === 443) hosts.add(name)
  }
  for (const name of ['127.0.0.1', 'localhost', '[::1]']) add(name, port)
  // Bound to one address on purpose, that address is a name of ours; "every address" is none.
  if (host !== '0.0.0.0' && host !== '::') add(host.includes(':') ? `[${host}]` : host.toLowerCase(), port)
  for (const name of settings.hosts) {
    const own = /^(.+):(\d+)$/.exec(name.toLowerCase())
    if (own && !name.endsWith(']')) add(own[1] ?? '', Number(own[2]))
    else add(name.toLowerCase(), port)
  }
  const schemes = secure ? ['https'] : ['http', 'https']
  // Behind a proxy that ends TLS a page of ours has an https origin; on the loopback names there is no such proxy.
  const origins = new Set(
    [...hosts].flatMap((host) =>
      (isLoopback(host) ? [secure ? 'https' : 'http'] : schemes).map((scheme) => `${scheme}://${host}`),
    ),
  )
  return { settings, hosts, origins, addresses: addressCheck(settings.allowIp, settings.denyIp) }
}

function isLoopback(host: string): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:|$)/.test(host)
}

/** `http://host/path` names a host of its own, which must be one of ours; then it is read as `/path`. */
function originForm(head: Head, hosts: ReadonlySet<string>): Head {
  const form = /^https?:\/\/([^/?#@\\]+)(\/[^#]*)?$/i.exec(head.path)
  if (!form) {
    throw new AppError('invalid_request', {
      message: 'The request target must be a path.',
      details: { reason: 'target' },
    })
  }
  if (!hosts.has((form[1] ?? '').toLowerCase())) refuseHost()
  return { ...head, path: form[2] ?? '/' }
}

function refuseHost(): never {
  throw new AppError('origin_refused', {
    message: 'The Host of the request is not one of this listener.',
    details: { reason: 'host' },
  })
}

export function refuseOrigin(): never {
  throw new AppError('origin_refused', {
    message: 'The Origin of the request is not allowed here.',
    details: { reason: 'origin' },
  })
}

/** Deny wins; a non-empty allow list refuses everyone else. */
function addressCheck(allow: readonly string[], deny: readonly string[]): Known['addresses'] {
  if (allow.length === 0 && deny.length === 0) return undefined
  const allowed = allow.length === 0 ? undefined : addressList(allow)
  const denied = addressList(deny)
  return (address) => !denied(address) && (allowed?.(address) ?? true)
}

/** Members of the list: single addresses and CIDR ranges of both families. */
export function addressList(entries: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const entry of entries) {
    const [base = '', bits] = entry.split('/')
    const family = isIP(base) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(base, family)
    else list.addSubnet(base, Number(bits), family)
  }
  return (address) => {
    const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
    return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
  }
}
