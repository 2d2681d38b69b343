// Settings that this release reads, keeps and does not act on. Each is told, so that nobody relies on it; where silence
// would pass for a protection, it is an error.
import { isJsonObject, type Json } from '../json.ts'

export interface NotEnforced {
  readonly path: readonly (string | number)[]
  readonly severity: 'error' | 'warning'
  readonly message: string
}

interface Rule {
  /** `*` stands for any key or index. */
  readonly path: string
  /** What the setting would do. */
  readonly what: string
  /** Does this value ask for something? Default: anything but false, empty maps and empty lists. */
  readonly asks?: (value: Json) => boolean
  readonly severity?: (value: Json) => 'error' | 'warning'
}

const error = () => 'error' as const

const rules: readonly Rule[] = [
  { path: 'endpoints.*.guards.input', what: 'guards of an endpoint', severity: error },
  { path: 'endpoints.*.guards.output', what: 'guards of an endpoint', severity: error },
  {
    path: 'policies.prompt_rules.*',
    what: 'rules on prompts',
    severity: (rule) => (isJsonObject(rule) && (rule.level ?? 'error') !== 'error' ? 'warning' : 'error'),
  },
  { path: 'endpoints.*.labels.*.rollout', what: 'rollouts' },
  {
    path: 'endpoints.*.surfaces.*',
    what: 'the Anthropic and MCP surfaces',
    asks: (surface) => surface === 'anthropic' || surface === 'mcp',
  },
  { path: 'endpoints.*.gate', what: 'the gate of experiments' },
  { path: 'endpoints.*.sessions', what: 'sessions' },
  { path: 'endpoints.*.shadow', what: 'shadow versions' },
  { path: 'endpoints.*.rewrite.request', what: 'rewriting of requests' },
  { path: 'endpoints.*.rewrite.response', what: 'rewriting of responses' },
  {
    path: 'connections.*.api',
    what: 'the Responses API',
    asks: (api) => api === 'responses',
  },
  { path: 'connections.*.region', what: 'the region of a connection' },
  { path: 'connections.*.project', what: 'the project of a connection' },
  { path: 'connections.*.location', what: 'the location of a connection' },
  { path: 'consumers.*.budget.warn_at', what: 'warnings before a budget is used up' },
  { path: 'consumers.*.limits.body_bytes', what: 'the body limit of a consumer' },
  { path: 'consumers.*.keys.*.limits.body_bytes', what: 'the body limit of a key' },
  { path: 'policies.breaker', what: 'the circuit breaker' },
  { path: 'policies.retention', what: 'retention' },
  { path: 'webhooks.*', what: 'webhooks' },
  { path: 'alerts.*', what: 'alerts' },
  { path: 'mcp_servers.*', what: 'MCP servers' },
]

/** @param data `sluice.yaml` as written, without defaults */
export function notEnforced(data: Json): readonly NotEnforced[] {
  return rules.flatMap(({ path, what, asks = saysSomething, severity = () => 'warning' as const }) =>
    matches(data, path.split('.'), []).flatMap(([at, value]): NotEnforced[] => {
      if (!asks(value)) return []
      const message =
        severity(value) === 'error'
          ? `this release cannot enforce ${what}; remove the setting, or wait for a release that can`
          : `this release does not act on ${what} yet`
      return [{ path: at, severity: severity(value), message }]
    }),
  )
}

type Path = readonly (string | number)[]

function matches(value: Json, pattern: readonly string[], path: Path): readonly (readonly [Path, Json])[] {
  const [key, ...rest] = pattern
  if (key === undefined) return [[path, value]]
  if (Array.isArray(value)) {
    return key === '*' ? value.flatMap((item: Json, index) => matches(item, rest, [...path, index])) : []
  }
  if (!isJsonObject(value)) return []
  const keys = key === '*' ? Object.keys(value) : Object.hasOwn(value, key) ? [key] : []
  return keys.flatMap((name) => matches(value[name] as Json, rest, [...path, name]))
}

function saysSomething(value: Json): boolean {
  if (value === false || value === null) return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}
