// Calls of `http` nodes and everything else that goes to addresses written in flows: one policy for all of them.
import { lookup } from 'node:dns'
import { AppError } from '#shared/errors.ts'
import type { HttpAnswer, HttpCall } from '#shared/flow/definition.ts'
import { type AddressClass, classify } from './address.ts'
import {
  denied,
  type EgressRule,
  hostListRule,
  judgeUrl,
  literalClass,
  parseAddress,
  placeOf,
} from './egress.ts'
import { type Headers, header } from './exchange.ts'
import type { Fault } from './fault.ts'
import type { Channel, Pools } from './pools.ts'
import { type Answer, send } from './send.ts'

export interface HttpPolicy {
  /** `policies.hosts.allow` of the Workspace; without it nothing may be called. */
  readonly allow: readonly string[]
  readonly connectMs?: number
}

export interface HttpOptions {
  readonly signal: AbortSignal
  /** The call carries values that may not leave this network. */
  readonly localOnly: boolean
  readonly run: string
  readonly node: string
}

/** Origins whose sockets are kept; the one used longest ago goes first. */
const maxChannels = 256

/**
 * @throws AppError `policy_denied` (reason `egress` or `local_only`), `upstream_unavailable`, `upstream_timeout`,
 * `upstream_bad_response`, `upstream_rejected` for a request that cannot be sent, `cancelled`
 */
export function createHttp(pools: Pools, policy: HttpPolicy) {
  const anywhere = hostListRule(policy.allow)
  const atHome: EgressRule = (place, at) => at !== 'public' && at !== 'reserved' && anywhere(place, at)
  const channels = new Map<string, Channel>()

  function channelFor(url: URL, localOnly: boolean): Channel {
    const key = `${localOnly ? 'local' : 'any'} ${url.origin}`
    const known = channels.get(key)
    const channel = known ?? pools.open(url, { rule: localOnly ? atHome : anywhere, ...connectLimit(policy) })
    channels.delete(key)
    channels.set(key, channel)
    if (known === undefined && channels.size > maxChannels) {
      const [oldest] = channels
      if (oldest !== undefined) {
        channels.delete(oldest[0])
        pools.close(oldest[1])
      }
    }
    return channel
  }

  return async function http(call: HttpCall, options: HttpOptions): Promise<HttpAnswer> {
    let step = first(call)
    for (let redirects = 0; ; redirects++) {
      judgeUrl(step.url, anywhere)
      if (options.localOnly && !mayBeLocal(step.url)) throw leak()
      const channel = channelFor(step.url, options.localOnly)
      if (channel.proxied) await judgeName(step.url, options.localOnly ? atHome : anywhere)
      const answer = await exchangeOnce(step, channel, { call, options })
      const location = redirectOf(answer, step.url)
      if (location === undefined)
        return { status: answer.status, headers: flat(answer.headers), body: answer.body }
      if (redirects >= call.follow) {
        if (call.follow === 0)
          return { status: answer.status, headers: flat(answer.headers), body: answer.body }
        throw new AppError('upstream_rejected', {
          message: `${step.url.host} redirected more than ${call.follow} times.`,
          details: { reason: 'redirects' },
        })
      }
      step = follow(step, answer.status, location)
    }
  }
}

interface Step {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

function first(call: HttpCall): Step {
  const url = parseAddress(call.url)
  return { url, method: call.method, headers: call.headers, body: call.body }
}

/** What may go along to another origin; anything else could be a credential. */
const harmless = new Set(['accept', 'accept-language', 'content-type', 'user-agent'])
/** Ours to set: framing is made here, never passed through. */
const framing = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'upgrade',
  'te',
])

function follow(step: Step, status: number, url: URL): Step {
  const toGet = status === 303 || ((status === 301 || status === 302) && step.method === 'POST')
  const same = url.origin === step.url.origin
  const kept = Object.entries(step.headers).filter(([name]) => {
    const lower = name.toLowerCase()
    if (toGet && lower.startsWith('content-')) return false
    return same || harmless.has(lower)
  })
  return {
    url,
    method: toGet && step.method !== 'HEAD' ? 'GET' : step.method,
    headers: Object.fromEntries(kept),
    body: toGet ? undefined : step.body,
  }
}

function redirectOf(answer: Answer, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(answer.status)) return undefined
  const location = header(answer.headers, 'location')
  if (location === '' || !URL.canParse(location, from.href)) return undefined
  return parseAddress(new URL(location, from.href).href)
}

function exchangeOnce(
  step: Step,
  channel: Channel,
  { call, options }: { readonly call: HttpCall; readonly options: HttpOptions },
): Promise<Answer> {
  const headers: string[] = ['accept-encoding', 'gzip, deflate, br']
  for (const [name, value] of Object.entries(step.headers)) {
    const lower = name.toLowerCase()
    if (!framing.has(lower) && lower !== 'accept-encoding') headers.push(lower, value)
  }
  if (!headers.includes('user-agent')) headers.push('user-agent', 'sluice')
  return new Promise((resolve, reject) => {
    const request = {
      channel,
      method: step.method,
      path: `${step.url.pathname}${step.url.search}`,
      headers,
      body: step.body ?? null,
      signal: options.signal,
      // The time limit of the Step, through the signal, is the only one.
      firstMs: null,
      idleMs: null,
      until: 'head',
    } as const
    send(request, call.maxBytes, {
      answer: resolve,
      fault: (fault) => {
        const leaks = fault.kind === 'egress' && options.localOnly
        reject(leaks ? leak() : httpError(fault, step.url.host, options.signal))
      },
    })
  })
}

/** A fault of a call to `host` in the words of the error table. */
export function httpError(fault: Fault, host: string, signal: AbortSignal | null): AppError {
  if (signal?.aborted === true && signal.reason instanceof AppError) return signal.reason
  const message = `The call to ${host} failed: ${fault.message}.`
  const facts = { message, details: { reason: fault.reason }, cause: fault.cause }
  switch (fault.kind) {
    case 'aborted':
      return new AppError('cancelled', { message: 'The call was cancelled.' })
    case 'egress':
      return denied(`Calls to ${host} are not allowed: its address is an inner one.`)
    case 'timeout':
      return new AppError('upstream_timeout', facts)
    case 'network':
      return new AppError('upstream_unavailable', facts)
    case 'truncated':
    case 'protocol':
      return new AppError('upstream_bad_response', facts)
    case 'invalid':
      return new AppError('upstream_rejected', facts)
  }
}

function mayBeLocal(url: URL): boolean {
  return literalClass(placeOf(url).host) !== 'public'
}

function leak(): AppError {
  return new AppError('policy_denied', {
    message: 'This value is for local hosts only and may not be sent there.',
    details: { reason: 'local_only' },
  })
}

/** A proxy would resolve the name itself; what we can see of it is judged here. */
function judgeName(url: URL, rule: EgressRule): Promise<void> {
  const place = placeOf(url)
  if (literalClass(place.host) !== undefined) return Promise.resolve()
  return new Promise((resolve, reject) => {
    lookup(place.host, { all: true }, (error, found) => {
      const judged: AddressClass[] = error === null ? found.map(({ address }) => classify(address)) : []
      if (judged.every((at) => rule(place, at))) resolve()
      else reject(denied(`Calls to ${place.host} are not allowed: its address is an inner one.`))
    })
  })
}

function flat(headers: Headers): Record<string, string> {
  const all: Record<string, string> = {}
  for (const name of Object.keys(headers)) all[name] = header(headers, name)
  delete all['content-encoding']
  return all
}

function connectLimit(policy: HttpPolicy): { connectMs?: number } {
  return policy.connectMs === undefined ? {} : { connectMs: policy.connectMs }
}
