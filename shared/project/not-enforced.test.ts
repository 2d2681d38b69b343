import { expect, test } from 'vitest'
import type { Json } from '../json.ts'
import { notEnforced } from './not-enforced.ts'

const told = (data: Json) => notEnforced(data).map(({ path, severity }) => `${severity} ${path.join('.')}`)
const endpoint = (settings: Json) => told({ endpoints: { a: settings } })
const consumer = (settings: Json) => told({ consumers: { c: settings } })

const cases: readonly [string, readonly string[], readonly string[]][] = [
  [
    'guards of an endpoint are an error, for silence would pass for protection',
    endpoint({ guards: { input: [{ type: 'guard-injection' }], output: [] } }),
    ['error endpoints.a.guards.input'],
  ],
  [
    'a prompt rule at level error is one too',
    told({
      policies: {
        prompt_rules: [{ kind: 'x' }, { kind: 'y', level: 'error' }, { kind: 'z', level: 'warning' }],
      },
    }),
    ['error policies.prompt_rules.0', 'error policies.prompt_rules.1', 'warning policies.prompt_rules.2'],
  ],
  [
    'a rollout',
    endpoint({ labels: { production: { split: {}, rollout: { to: 'x' } }, staging: 3 } }),
    ['warning endpoints.a.labels.production.rollout'],
  ],
  [
    'surfaces that are not there yet',
    endpoint({ surfaces: ['rest', 'openai', 'anthropic', 'mcp'] }),
    ['warning endpoints.a.surfaces.2', 'warning endpoints.a.surfaces.3'],
  ],
  [
    'gate, sessions, shadow and rewrite',
    endpoint({
      gate: { experiments: ['tone'] },
      sessions: true,
      shadow: { version: 1, share: 0.1 },
      rewrite: { request: [{ set: 'x' }], response: [] },
    }),
    [
      'warning endpoints.a.gate',
      'warning endpoints.a.sessions',
      'warning endpoints.a.shadow',
      'warning endpoints.a.rewrite.request',
    ],
  ],
  [
    'connection fields',
    told({
      connections: {
        a: { api: 'responses', region: 'eu', project: 'p', location: 'l' },
        b: { api: 'chat', proxy: 'http://p', deployment: 'd' },
      },
    }),
    [
      'warning connections.a.api',
      'warning connections.a.region',
      'warning connections.a.project',
      'warning connections.a.location',
    ],
  ],
  [
    'of consumers',
    consumer({
      budget: { max_usd: 1, warn_at: [80] },
      limits: { body_bytes: 5 },
      keys: [{ priority: 'high', limits: { body_bytes: 1 } }],
    }),
    [
      'warning consumers.c.budget.warn_at',
      'warning consumers.c.limits.body_bytes',
      'warning consumers.c.keys.0.limits.body_bytes',
    ],
  ],
  [
    'whole sections',
    told({
      policies: { breaker: { failures: 1 }, retention: { runs_days: 1 } },
      webhooks: { w: { url: 'x' } },
      alerts: { a: { when: 'x' } },
      mcp_servers: { m: { url: 'x' } },
    }),
    [
      'warning policies.breaker',
      'warning policies.retention',
      'warning webhooks.w',
      'warning alerts.a',
      'warning mcp_servers.m',
    ],
  ],
]
test.each(cases)('%s', (_what, found, expected) => {
  expect(found).toEqual(expected)
})

test('what asks for nothing is not told', () => {
  expect(
    endpoint({
      guards: { input: [], output: [] },
      access: { approval: false },
      sessions: false,
      rewrite: { request: [], response: [] },
      surfaces: ['rest', 'openai'],
    }),
  ).toEqual([])
  expect(consumer({ keys: [{ priority: 'normal' }], budget: { max_usd: 5, window: 'month' } })).toEqual([])
  expect(
    told({
      webhooks: {},
      alerts: {},
      policies: { prompt_rules: [], redact: ['email'], models: { allow: ['a/*'] } },
    }),
  ).toEqual([])
})
