// `sluice.yaml`: everything that defines a gateway beside the flows and prompts (flow-file.md 7).
import { z } from 'zod'
import { budget, callerLimits, endpointLimits, gatewayLimits } from './limits.ts'
import {
  address,
  headers,
  hostName,
  hostPattern,
  httpUrl,
  ident,
  listenAddress,
  metadataName,
  origin,
  ownLabel,
  promptName,
  reference,
  secretRef,
  slug,
  text,
  time,
  variantName,
  versionKey,
  versionNumber,
} from './words.ts'

const gateway = z.strictObject({
  listen: listenAddress.default('127.0.0.1:7421').meta({ title: 'Listen on' }),
  hosts: z
    .array(hostName)
    .max(100)
    .default([])
    .meta({ title: 'Names', description: 'Allowed in Host besides loopback.' }),
  allow_ip: z.array(address).max(1_000).default([]),
  deny_ip: z.array(address).max(1_000).default([]),
  limits: gatewayLimits.prefault({}),
})

const variables = z.record(
  z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'must be 1 to 64 letters, digits or _, and begin with a letter'),
  text(4_000),
)

/** US dollars for a million tokens. */
const price = z.strictObject({
  input: z.number().min(0).max(1e6),
  output: z.number().min(0).max(1e6),
  cache_read: z.exactOptional(z.number().min(0).max(1e6)),
  cache_write: z.exactOptional(z.number().min(0).max(1e6)),
})

const modelFacts = z.strictObject({
  base: z
    .exactOptional(text(200))
    .meta({ description: 'A model of the catalogue whose facts hold where none are given here.' }),
  context: z.exactOptional(z.int().min(1).max(100_000_000)),
  max_output: z.exactOptional(z.int().min(1).max(100_000_000)),
  tools: z.exactOptional(z.boolean()),
  images: z.exactOptional(z.boolean()),
  schema: z.exactOptional(z.boolean()),
  price_per_million: z.exactOptional(price),
})
export type ModelSettings = z.output<typeof modelFacts>

const ms = z.int().min(1).max(3_600_000)
const connection = z.strictObject({
  provider: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be a provider id such as openai or openai-compatible'),
  title: z.exactOptional(text(80)),
  base_url: z.exactOptional(httpUrl),
  credential: z.exactOptional(secretRef),
  local: z
    .boolean()
    .default(false)
    .meta({ description: 'Runs on this machine or network; values marked local_only may go there.' }),
  concurrency: z.exactOptional(z.int().min(1).max(10_000)),
  api: z.enum(['chat', 'responses']).default('chat'),
  region: z.exactOptional(text(100)),
  project: z.exactOptional(text(200)),
  location: z.exactOptional(text(100)),
  api_version: z.exactOptional(text(100)),
  deployment: z.exactOptional(text(200)),
  headers: headers.default({}),
  timeouts: z
    .strictObject({
      connect_ms: z.exactOptional(ms),
      headers_ms: z.exactOptional(ms),
      idle_ms: z.exactOptional(ms),
    })
    .prefault({}),
  proxy: z.exactOptional(httpUrl),
  models: z.record(text(200).min(1), modelFacts).default({}),
})
export type ConnectionSettings = z.output<typeof connection>

const arm = z.strictObject({ version: versionNumber, weight: z.number().min(0).max(1e6) })
const split = z
  .record(variantName, arm)
  .refine(
    (arms) => !Object.values(arms).every(({ weight }) => weight === 0),
    'must name a variant with a weight above 0',
  )
const labelEntry = z.union([
  versionNumber,
  z.strictObject({
    split,
    sticky: z.exactOptional(
      z
        .string()
        .regex(
          /^(consumer\.id|metadata\.[a-z][a-z0-9_]{0,39})$/,
          'must be "metadata.<name>" or "consumer.id"',
        ),
    ),
    rollout: z.exactOptional(
      z.strictObject({
        to: variantName,
        steps: z.array(z.number().min(0).max(100)).min(1).max(100),
        every_s: z.int().min(1).max(31_622_400),
        back_if: z.exactOptional(text(2_000)),
      }),
    ),
  }),
])
export type LabelEntry = z.output<typeof labelEntry>

const state = z.enum(['draft', 'published', 'deprecated', 'retired'])
const guardEntry = z.strictObject({
  type: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be the type of a guard node'),
  config: z.record(z.string(), z.json()).default({}),
})
const change = z
  .strictObject({
    set: z.exactOptional(text(200)),
    remove: z.exactOptional(text(200)),
    rename: z.exactOptional(text(200)),
    path: z.exactOptional(text(200)),
    value: z.exactOptional(z.json()),
  })
  .refine(
    (rule) => [rule.set, rule.remove, rule.rename].filter((each) => each !== undefined).length === 1,
    'must have one of "set", "remove" and "rename"',
  )

export const surfaceNames = ['rest', 'openai', 'anthropic', 'mcp'] as const
const endpoint = z.strictObject({
  flow: slug,
  title: z.exactOptional(text(80)),
  state: state.default('published'),
  labels: z.record(ownLabel, labelEntry).default({}),
  versions: z
    .record(
      versionKey,
      z.strictObject({
        state: z.enum(['published', 'deprecated', 'retired']),
        sunset: z.exactOptional(time),
        successor: z.exactOptional(reference),
      }),
    )
    .default({}),
  sunset: z.exactOptional(time),
  successor: z.exactOptional(slug),
  access: z
    .strictObject({ approval: z.boolean().default(false), cors: z.array(origin).max(100).default([]) })
    .prefault({}),
  surfaces: z
    .array(z.enum(surfaceNames))
    .max(4)
    .default([...surfaceNames]),
  require_metadata: z.array(metadataName).max(32).default([]),
  limits: endpointLimits.prefault({}),
  guards: z
    .strictObject({
      input: z.array(guardEntry).max(20).default([]),
      output: z.array(guardEntry).max(20).default([]),
    })
    .prefault({}),
  gate: z.exactOptional(
    z.strictObject({
      experiments: z.array(text(200)).min(1).max(20),
      min_coverage: z.exactOptional(z.number().min(0).max(1)),
    }),
  ),
  unknown_fields: z.enum(['ignore', 'refuse']).default('ignore'),
  share_events: z.boolean().default(false),
  sessions: z.boolean().default(false),
  context_headers: z
    .array(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}$/, 'is not a valid header name'))
    .max(50)
    .default([]),
  shadow: z.exactOptional(
    z.strictObject({
      version: versionNumber,
      share: z.number().min(0).max(1),
      max_cost_usd_day: z.exactOptional(z.number().positive()),
    }),
  ),
  rewrite: z
    .strictObject({
      request: z.array(change).max(100).default([]),
      response: z.array(change).max(100).default([]),
    })
    .prefault({}),
})
export type EndpointSettings = z.output<typeof endpoint>

export const scopes = [
  'run',
  'batch',
  'trace',
  'cost',
  'draft',
  'pick_variant',
  'models',
  'proxy',
  'mcp',
] as const
const key = z.strictObject({
  id: ident,
  secret: secretRef,
  scopes: z.array(z.enum(scopes)).max(scopes.length).default(['run', 'mcp']),
  expires: z.exactOptional(time),
  pin: z.record(slug, reference).default({}),
  state: z.enum(['active', 'pending']).default('active'),
  priority: z.enum(['high', 'normal', 'low']).default('normal'),
  addresses: z.array(address).max(1_000).default([]),
  origins: z.array(origin).max(100).default([]),
  limits: callerLimits.prefault({}),
})
export type KeySettings = z.output<typeof key>

const consumer = z.strictObject({
  title: z.exactOptional(text(80)),
  tags: z.record(metadataName, text(200)).default({}),
  keys: z.array(key).max(1_000).default([]),
  /** Left out: every Endpoint. An empty list: every reference of that Endpoint. */
  access: z.exactOptional(z.record(slug, z.array(reference).max(100))),
  budget: z.exactOptional(budget),
  limits: callerLimits.prefault({}),
})
export type ConsumerSettings = z.output<typeof consumer>

/** Kinds of personal data with structured recognisers (guardrails.md 5). */
export const redactKinds = ['email', 'phone', 'card', 'iban', 'ip', 'url', 'national_id', 'wallet'] as const

const policies = z.strictObject({
  models: z.exactOptional(z.strictObject({ allow: z.array(text(200).min(1)).max(1_000) })),
  hosts: z.exactOptional(z.strictObject({ allow: z.array(hostPattern).max(1_000) })),
  breaker: z.exactOptional(
    z.strictObject({
      failures: z.int().min(1).max(1_000),
      window_s: z.int().min(1).max(86_400),
      open_s: z.int().min(1).max(86_400),
      probes: z.int().min(1).max(100).default(1),
    }),
  ),
  retention: z.exactOptional(
    z.strictObject({
      runs_days: z.exactOptional(z.int().min(0).max(36_500)),
      bodies_days: z.exactOptional(z.int().min(0).max(36_500)),
      events_s: z.exactOptional(z.int().min(0).max(31_622_400)),
      max_store_mb: z.exactOptional(z.int().min(1).max(100_000_000)),
    }),
  ),
  redact: z.array(z.enum(redactKinds)).max(redactKinds.length).default([]),
  prompt_rules: z
    .array(
      z.looseObject({ kind: text(80).min(1), level: z.exactOptional(z.enum(['error', 'warning', 'info'])) }),
    )
    .max(100)
    .default([]),
  secret_scan: z
    .strictObject({
      allow: z
        .array(z.string().regex(/^[^:]+:.+$/, 'must be "file:path"'))
        .max(1_000)
        .default([]),
    })
    .prefault({}),
})

const webhook = z.strictObject({
  url: httpUrl,
  secret: z.exactOptional(secretRef),
  events: z.array(text(80)).max(50).default([]),
})
const alert = z.strictObject({
  when: text(2_000).min(1),
  over_s: z.int().min(1).max(86_400),
  send: z.array(ident).min(1).max(20),
})
const mcpServer = z
  .strictObject({
    url: z.exactOptional(httpUrl),
    credential: z.exactOptional(secretRef),
    headers: headers.default({}),
    command: z.exactOptional(text(500).min(1)),
    args: z.array(text(2_000)).max(100).default([]),
    env: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable'),
        text(4_000),
      )
      .default({}),
  })
  .refine(
    (server) => (server.url === undefined) !== (server.command === undefined),
    'must have either "url" or "command"',
  )

export const projectSchema = z.strictObject({
  format: z.literal('sluice/project@1'),
  name: text(80).min(1),
  gateway: gateway.prefault({}),
  variables: variables.default({}),
  connections: z.record(ident, connection).default({}),
  endpoints: z.record(slug, endpoint).default({}),
  prompts: z
    .record(promptName, z.strictObject({ labels: z.record(ownLabel, versionNumber).default({}) }))
    .default({}),
  consumers: z.record(ident, consumer).default({}),
  policies: policies.prefault({}),
  webhooks: z.record(ident, webhook).default({}),
  alerts: z.record(ident, alert).default({}),
  mcp_servers: z.record(ident, mcpServer).default({}),
})

/** `sluice.yaml` with its overlay merged in and every default filled in. */
export type Project = z.output<typeof projectSchema>
