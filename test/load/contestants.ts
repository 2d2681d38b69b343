import { join } from 'node:path'
import { line, start } from './children.ts'
import { type Contestant, gatewayPort, proxyRequests } from './contestant.ts'
import { nginx } from './nginx.ts'
import { sluice } from './sluice.ts'

/** No gateway at all: what added latencies are counted from, and the limit of the harness. */
const direct: Contestant = {
  name: 'direct',
  start: async ({ providerPort }) => ({ child: undefined, requests: proxyRequests(providerPort) }),
}

const reference: Contestant = {
  name: 'reference',
  start: async ({ providerPort, cores }, nodeFlags) => {
    const script = join(import.meta.dirname, 'reference.ts')
    const command = [process.execPath, ...nodeFlags, script, `http://127.0.0.1:${providerPort}`]
    const child = start({ command, core: cores?.gateway, env: { ...process.env, NODE_ENV: 'production' } })
    return { child, requests: proxyRequests(gatewayPort(await line(child))) }
  },
}

/** In the order in which each round measures them. */
export const contestants: readonly Contestant[] = [direct, nginx, reference, sluice]
