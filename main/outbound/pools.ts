// Sockets to other servers. One pool per origin and rule; nothing else in the product opens an outgoing connection.
import type { buildConnector as Connect, Dispatcher } from 'undici'
import { type EgressRule, judgedLookup, literalClass, placeOf } from './egress.ts'
import { buildConnector, envProxyAgent, Pool, proxyAgent } from './undici.ts'

export interface Channel {
  readonly dispatcher: Dispatcher
  readonly origin: string
  /** Calls may pass a proxy, which resolves names itself. */
  readonly proxied: boolean
}

export interface ChannelOptions {
  readonly rule: EgressRule
  readonly connectMs?: number
  /** HTTP/2 hangs after GOAWAY in some versions of some servers: off unless a provider row says otherwise. */
  readonly allowH2?: boolean
  /** Proxy of this channel alone; null: none, whatever the environment says. */
  readonly proxy?: string | null
}

export interface Pools {
  /** A new pool; the caller keeps it, and closes it unless the whole set is closed. */
  open(url: URL, options: ChannelOptions): Channel
  /** Nobody will begin anything new on it. Calls that wait for their turn still get theirs. */
  close(channel: Channel): void
  /** At once, running calls included. */
  closeAll(): Promise<void>
}

/** @param env `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` in either case */
export function createPools(env: Readonly<Record<string, string | undefined>>): Pools {
  const open = new Set<Dispatcher>()
  const proxies = readProxies(env)
  return {
    open(url, options) {
      const own = { ...poolLimits, connect: connector(url, options) }
      const inner = literalClass(placeOf(url).host) === 'loopback'
      let dispatcher: Dispatcher
      let proxied = true
      if (typeof options.proxy === 'string') {
        dispatcher = new (proxyAgent())({ ...own, uri: options.proxy })
      } else if (options.proxy === undefined && proxies !== undefined && !inner) {
        dispatcher = new (envProxyAgent())({ ...own, ...proxies })
      } else {
        dispatcher = new Pool(url.origin, own)
        proxied = false
      }
      open.add(dispatcher)
      return { dispatcher, origin: url.origin, proxied }
    },
    close({ dispatcher }) {
      setTimeout(() => {
        if (open.delete(dispatcher)) dispatcher.close().catch(() => {})
      }, graceMs).unref()
    },
    async closeAll() {
      const all = [...open]
      open.clear()
      await Promise.all(all.map((dispatcher) => dispatcher.destroy()))
    },
  }
}

export const poolLimits = {
  // Enough for every stream a gateway admits; the bulkhead of a Connection is the real limit.
  connections: 4096,
  pipelining: 1,
  keepAliveTimeout: 30_000,
  keepAliveMaxTimeout: 600_000,
  // The library would cut slow local models after 300 s; each call brings its own limits (see exchange.ts).
  headersTimeout: 0,
  bodyTimeout: 0,
}

const defaultConnectMs = 10_000
const graceMs = 120_000

function connector(url: URL, options: ChannelOptions): Connect.connector {
  const connect = buildConnector({
    allowH2: options.allowH2 ?? false,
    timeout: options.connectMs ?? defaultConnectMs,
    lookup: judgedLookup(options.rule, placeOf(url)),
  })
  return (target, callback) =>
    connect(target, (...result) => {
      const [, socket] = result
      socket?.prependListener('error', (error) => bytesBefore.set(error, socket.bytesRead))
      callback(...result)
    })
}

const bytesBefore = new WeakMap<Error, number>()

/** Did the socket that failed carry answers before? Then the server may simply have let it go. */
export function wasReused(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const socket = 'socket' in error ? (error.socket as { bytesRead?: number } | null) : null
  return (bytesBefore.get(error) ?? socket?.bytesRead ?? 0) > 0
}

function readProxies(env: Readonly<Record<string, string | undefined>>) {
  const httpProxy = env.http_proxy ?? env.HTTP_PROXY ?? ''
  const httpsProxy = env.https_proxy ?? env.HTTPS_PROXY ?? ''
  if (httpProxy === '' && httpsProxy === '') return undefined
  return { httpProxy, httpsProxy, noProxy: env.no_proxy ?? env.NO_PROXY ?? '' }
}
