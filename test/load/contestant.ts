import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './children.ts'
import { once, type Target } from './connection.ts'
import type { Cores } from './pin.ts'
import { word } from './provider.ts'

export const contestantNames = ['direct', 'nginx', 'reference', 'sluice'] as const
export type ContestantName = (typeof contestantNames)[number]

/** Something between load and provider that is measured. */
export interface Contestant {
  readonly name: ContestantName
  /** Why it cannot run on this machine. */
  readonly missing?: () => string | undefined
  /** Once, before the first start. */
  readonly prepare?: (site: Site) => Promise<void>
  /** Started afresh in each round. */
  readonly start: (site: Site, nodeFlags: readonly string[]) => Promise<Gateway>
}

export interface Site {
  /** A temporary folder for this run. */
  readonly folder: string
  readonly providerPort: number
  readonly cores: Cores | undefined
}

export interface Gateway {
  /** Undefined: the load goes to the provider itself. */
  readonly child: Child | undefined
  readonly requests: Requests
}

export interface Requests {
  readonly json: Target
  readonly stream: Target
  readonly big: Target
  /** Plans of 2 and of 12 steps without a model. */
  readonly steps?: { readonly two: Target; readonly twelve: Target }
}

export const question = 'Say pong and nothing else.'
export const longQuestion = 'lorem ipsum dolor '.repeat(5_690).slice(0, 100 * 1024)

/** What is sent to contestants that pass the body on as it is. */
export function proxyRequests(port: number, streamPath = '/v1/chat/completions'): Requests {
  const headers = { 'Content-Type': 'application/json', Authorization: 'Bearer sk-mock' }
  const target = (content: string, stream: boolean): Target => ({
    port,
    path: stream ? streamPath : '/v1/chat/completions',
    headers,
    body: JSON.stringify({
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content }],
      temperature: 0,
      ...(stream && { stream }),
    }),
  })
  return { json: target(question, false), stream: target(question, true), big: target(longQuestion, false) }
}

/** The port of the `gateway` address in a line of readiness. */
export function gatewayPort(line: string): number {
  const ready: unknown = JSON.parse(line)
  const address =
    typeof ready === 'object' && ready !== null && 'gateway' in ready ? ready.gateway : undefined
  if (typeof address === 'string' && URL.canParse(address)) return Number(new URL(address).port)
  throw new Error(`no gateway address in ${line}`)
}

/** Until the contestant answers with what the provider said. */
export async function firstAnswer({ child, requests }: Gateway, limitMs = 20_000) {
  const begin = performance.now()
  for (;;) {
    const answer = await once(requests.json).catch((error: Error) => ({ status: 0, text: error.message }))
    if (answer.status === 200 && answer.text.includes(word)) return
    if (performance.now() - begin > limitMs || (answer.status >= 400 && answer.status < 500)) {
      const said = `status ${answer.status} ${answer.text.slice(0, 300)} ${child?.complaint() ?? ''}`
      throw new Error(`no answer from the provider: ${said.trim()}`)
    }
    await sleep(5)
  }
}
