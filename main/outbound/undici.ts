// The parts of undici that are used, each loaded when it is needed. Its front door also loads fetch, caches, WebSockets
// and mocks, which nothing here uses: 14 MB and 25 ms at every start.
import { createRequire } from 'node:module'
import type * as undici from 'undici'

const load = createRequire(import.meta.url)

export const Pool = load('undici/lib/dispatcher/pool.js') as typeof undici.Pool
export const buildConnector = load('undici/lib/core/connect.js') as typeof undici.buildConnector

export function proxyAgent(): typeof undici.ProxyAgent {
  return load('undici/lib/dispatcher/proxy-agent.js')
}

export function envProxyAgent(): typeof undici.EnvHttpProxyAgent {
  return load('undici/lib/dispatcher/env-http-proxy-agent.js')
}
