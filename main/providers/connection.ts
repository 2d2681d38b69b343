// One entry of `connections` in `sluice.yaml`, made ready: address, header blocks, egress rule. Done once, not per call.
import { connectionRule } from '#main/outbound/egress.ts'
import type { Channel, Pools } from '#main/outbound/pools.ts'
import { AppError } from '#shared/errors.ts'
import { didYouMean } from '#shared/flow/diagnostics.ts'
import { Bulkhead } from './bulkhead.ts'
import { type Quirks, quirksFor } from './quirks.ts'
import { builtDialects, type ProviderRow, providerRow, providers } from './registry.ts'

/** The shape of `connections.<id>` (flow-file.md 7, providers.md 4). Everything but the provider may be left out. */
export interface ConnectionConfig {
  readonly provider: string
  readonly base_url?: string
  /** `secret:<name>` */
  readonly credential?: string
  readonly local?: boolean
  readonly concurrency?: number
  readonly api?: 'chat' | 'responses'
  readonly api_version?: string
  readonly deployment?: string
  /** Values may hold `${secret:name}`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly timeouts?: {
    readonly connect_ms?: number
    readonly headers_ms?: number
    readonly idle_ms?: number
  }
  readonly proxy?: string
  readonly models?: Readonly<Record<string, ModelConfig>>
}
export interface ModelConfig {
  readonly base?: string
  readonly context?: number
  readonly max_output?: number
  readonly tools?: boolean
  readonly images?: boolean
  readonly schema?: boolean
  readonly price_per_million?: {
    readonly input: number
    readonly output: number
    readonly cache_read?: number
    readonly cache_write?: number
  }
}

export interface Sources {
  readonly pools: Pools
  readonly secret: (name: string) => string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Base URL of the built-in simulator, without path. */
  readonly simulatorUrl: () => string
}

/**
 * Why a Connection cannot be used at all, or null: an unknown provider, a wire format that this release does not speak,
 * no address.
 */
export function connectionProblem(
  config: ConnectionConfig,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  const row = providerRow(config.provider)
  if (row === undefined) {
    const close = didYouMean(config.provider, [...providers().keys()])
    const hint =
      close === undefined
        ? 'Use openai-compatible with a base_url for a server of that kind.'
        : `Did you mean ${close}?`
    return `There is no provider ${config.provider}. ${hint}`
  }
  if (!isBuilt(row)) return `${row.title} speaks ${row.dialect}, which this release cannot speak yet.`
  if (config.api === 'responses') return 'The responses API is not built in this release; leave `api` out.'
  const forbidden = Object.keys(config.headers ?? {}).find((name) => framing.has(name.toLowerCase()))
  if (forbidden !== undefined) return `The header ${forbidden} is set by the product; leave it out.`
  if (config.base_url !== undefined)
    return URL.canParse(config.base_url) ? null : 'base_url is not a valid address.'
  if (row.id === 'simulator') return null
  if (row.base === null) return `${row.title} needs a base_url.`
  const missing = [...row.base.matchAll(/\$\{(\w+)\}/g)].find(([, name]) => (env[name ?? ''] ?? '') === '')
  return missing === undefined ? null : `${row.title} needs a base_url, or ${missing[1]} in the environment.`
}

const framing = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
  'upgrade',
])

function isBuilt(row: ProviderRow): boolean {
  return builtDialects.has(row.dialect)
}

export class Connection {
  readonly id: string
  readonly config: ConnectionConfig
  readonly row: ProviderRow
  readonly base: URL
  readonly local: boolean
  readonly channel: Channel
  readonly bulkhead: Bulkhead | undefined
  readonly connectMs: number | undefined
  readonly #quirks: Quirks
  readonly #secret: Sources['secret']
  readonly #references: readonly string[]
  /** Nothing that could be a credential, and the vendor's own address: it would refuse the call. */
  readonly #lacksCredential: boolean
  #values: readonly string[] = []
  #blocks: { readonly whole: readonly string[]; readonly stream: readonly string[] } | undefined

  /** @throws AppError `upstream_rejected` with the sentence of `connectionProblem` */
  constructor(id: string, config: ConnectionConfig, sources: Sources) {
    const problem = connectionProblem(config, sources.env)
    const row = providerRow(config.provider)
    if (problem !== null || row === undefined) {
      throw new AppError('upstream_rejected', {
        message: `The connection ${id} cannot be used: ${problem}`,
        details: { reason: 'connection' },
        connection: id,
      })
    }
    this.id = id
    this.config = config
    this.row = row
    this.base = baseOf(config, row, sources)
    this.local = config.local === true || (row.local && (config.base_url === undefined || isInner(this.base)))
    this.#quirks = quirksFor(row.id, '')
    this.#secret = sources.secret
    this.#references = references(config)
    this.#lacksCredential =
      row.keyed &&
      config.credential === undefined &&
      config.base_url === undefined &&
      Object.keys(config.headers ?? {}).length === 0
    const connectMs = config.timeouts?.connect_ms ?? this.#quirks.timeouts.connect_ms
    this.channel = sources.pools.open(this.base, {
      rule: connectionRule(this.base, config.base_url !== undefined),
      allowH2: this.#quirks.allowH2,
      ...(connectMs === undefined ? {} : { connectMs }),
      ...(config.proxy === undefined ? {} : { proxy: config.proxy }),
    })
    this.bulkhead = config.concurrency === undefined ? undefined : new Bulkhead(config.concurrency)
  }

  /** Limits that the Connection sets below those of a Step. */
  limits(firstMs: number | null, idleMs: number | null): { firstMs: number | null; idleMs: number | null } {
    const own = this.config.timeouts
    const row = this.#quirks.timeouts
    return {
      firstMs: lower(firstMs, own?.headers_ms ?? row.headers_ms),
      idleMs: lower(idleMs, own?.idle_ms ?? row.idle_ms),
    }
  }

  /** `POST` path for a model. */
  chatPath(model: string, path: string): string {
    const { api_version, deployment } = this.config
    if (api_version === undefined) return this.path(path)
    const version = encodeURIComponent(api_version)
    const own = this.base.pathname.replace(/\/$/, '')
    if (own.includes('/deployments/') || (!this.#keyed && deployment === undefined)) {
      return `${own}${path}?api-version=${version}`
    }
    const base = own.replace(/\/openai(?:\/v1)?$/, '')
    return `${base}/openai/deployments/${encodeURIComponent(deployment ?? model)}${path}?api-version=${version}`
  }

  /** The vendor with deployments: it takes `api-key` instead of a bearer token. */
  get #keyed(): boolean {
    return this.#quirks.authHeader === 'api-key'
  }

  modelsPath(path: string): string {
    const { api_version } = this.config
    if (api_version === undefined) return this.path(path)
    const base = this.base.pathname.replace(/\/$/, '').replace(/\/deployments\/.*$/, '')
    const route = this.#keyed && !base.endsWith('/openai') ? `${base}/openai` : base
    return `${route}${path}?api-version=${encodeURIComponent(api_version)}`
  }

  path(path: string): string {
    return `${this.base.pathname.replace(/\/$/, '')}${path}${this.base.search}`
  }

  /**
   * Names and values in turn. Built anew only when a secret has changed.
   * @throws AppError `upstream_auth` when a secret has no value
   */
  headers(stream: boolean): readonly string[] {
    if (this.#lacksCredential) throw this.#noCredential()
    if (this.#blocks === undefined || this.#haveSecretsChanged()) {
      this.#values = this.#references.map((name) => this.#valueOf(name))
      this.#blocks = { whole: this.#block('application/json'), stream: this.#block('text/event-stream') }
    }
    return stream ? this.#blocks.stream : this.#blocks.whole
  }

  #haveSecretsChanged(): boolean {
    for (let at = 0; at < this.#references.length; at++) {
      if (this.#valueOf(this.#references[at] ?? '') !== this.#values[at]) return true
    }
    return false
  }

  #noCredential(): AppError {
    const [name] = this.row.env.filter((one) => /KEY|TOKEN|PAT$/.test(one))
    const hint = name === undefined ? '' : ` (elsewhere called ${name})`
    return new AppError('upstream_auth', {
      message: `The connection ${this.id} has no credential. Give it one${hint}: credential: secret:<name>.`,
      details: { reason: 'credential_missing' },
      connection: this.id,
    })
  }

  #valueOf(name: string): string {
    const value = this.#secret(name)?.trim()
    if (value !== undefined && value !== '') return value
    throw new AppError('upstream_auth', {
      message: `The secret "${name}" of the connection "${this.id}" has no value. Set it: sluice secret set <folder> ${name} (or SLUICE_SECRET_${name.toUpperCase()}).`,
      details: { reason: 'secret_missing' },
      connection: this.id,
    })
  }

  #block(accept: string): readonly string[] {
    const { config } = this
    // Compressing small events delays them; servers that compress all the same are understood.
    const headers = new Map([
      ['accept', accept],
      ['accept-encoding', 'identity'],
      ['content-type', 'application/json'],
      ['user-agent', 'sluice'],
      // A vendor's own address is no gateway of ours.
      ...(config.base_url === undefined ? [] : ([[hopsHeader, '1']] as const)),
      ...Object.entries(this.#quirks.extraHeaders),
    ])
    const key = config.credential === undefined ? undefined : this.#valueOf(secretName(config.credential))
    if (key !== undefined && this.#keyed) headers.set('api-key', key)
    else if (key !== undefined) headers.set('authorization', `Bearer ${key}`)
    for (const [name, value] of Object.entries(config.headers ?? {})) {
      headers.set(
        name.toLowerCase(),
        value.replace(inText, (_, name: string) => this.#valueOf(name)),
      )
    }
    return [...headers].flat()
  }
}

/** Counted by every gateway on the way; `main/gateway/hops.ts` ends what goes round in a circle. */
export const hopsHeader = 'sluice-hops'

const inText = /\$\{secret:([a-z][a-z0-9_]{0,63})\}/g

function secretName(reference: string): string {
  return reference.replace(/^secret:/, '')
}

function references({ credential, headers }: ConnectionConfig): readonly string[] {
  const inHeaders = Object.values(headers ?? {}).flatMap((value) =>
    Array.from(value.matchAll(inText), ([, name]) => name ?? ''),
  )
  return credential === undefined ? inHeaders : [secretName(credential), ...inHeaders]
}

function baseOf(config: ConnectionConfig, row: ProviderRow, { env, simulatorUrl }: Sources): URL {
  const text =
    config.base_url ??
    (row.id === 'simulator'
      ? `${simulatorUrl()}/v1`
      : (row.base ?? '').replace(/\$\{(\w+)\}/g, (_, name: string) => env[name] ?? ''))
  const url = new URL(text)
  const path = row.paths[url.pathname.replace(/\/$/, '')]
  if (path !== undefined && config.api_version === undefined) url.pathname = path
  return url
}

function isInner(url: URL): boolean {
  return /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|localhost$|\[::1\]$|\[f[cd])/.test(
    url.hostname,
  )
}

function lower(limit: number | null, own: number | undefined): number | null {
  if (own === undefined) return limit
  return limit === null ? own : Math.min(limit, own)
}
