import { describe, expect, it } from 'vitest'
import type { Prepared } from '#main/engine/prepare.ts'
import { AppError } from '#shared/errors.ts'
import type { Flow, Version } from '#shared/flow/types.ts'
import { projectSchema } from '#shared/project/schema.ts'
import { buildRoutes, type RouteParts } from './routes.ts'

const flow: Flow = {
  format: 'sluice/flow@1',
  name: 'Support',
  slug: 'support',
  description: 'Helps.',
  nodes: {},
  edges: [],
}

function version(number: number): Version {
  return {
    format: 'sluice/version@1',
    flow: 'support',
    number,
    hash: `sha256:${number}`,
    created_at: '2026-11-20T09:00:00Z',
    app: '0.1.0',
    references: { prompts: {}, flows: {} },
    content: { nodes: {}, edges: [], examples: { one: { input: { question: 'Hi' } } } },
  }
}

function parts(project: object, facts: Partial<RouteParts> = {}): RouteParts & { bound: string[] } {
  const bound: string[] = []
  return {
    bound,
    generation: 3,
    project: projectSchema.parse({ format: 'sluice/project@1', name: 'Test', ...project }),
    flows: new Map([['support', flow]]),
    versions: new Map([['support', new Map([1, 2, 3].map((number) => [number, version(number)]))]]),
    prepare: (_flow, _content, hash) => {
      bound.push(hash)
      return { hash } as unknown as Prepared
    },
    draftHash: () => 'sha256:draft',
    deprecatedSince: () => 1_700_000_000,
    previous: null,
    ...facts,
  }
}

describe('routes', () => {
  it('serve a flow without endpoint as a draft only', () => {
    const { routes, problems } = buildRoutes(parts({}))
    expect(problems).toEqual([])
    expect(routes.endpoints.get('support')).toMatchObject({
      state: 'draft',
      title: 'Support',
      draft: { number: null, hash: 'sha256:draft' },
    })
    expect(routes.endpoints.get('support')?.labels.size).toBe(0)
  })

  it('bind what a label names at once and other numbers when they are asked for', () => {
    const given = parts({
      endpoints: {
        support: {
          flow: 'support',
          labels: {
            production: 2,
            staging: {
              split: { a: { version: 1, weight: 90 }, b: { version: 2, weight: 10 } },
              sticky: 'consumer.id',
            },
          },
        },
      },
    })
    const { routes } = buildRoutes(given)
    const route = routes.endpoints.get('support')
    expect(route?.labels.get('production')).toMatchObject({
      kind: 'version',
      version: { number: 2, prepared: { hash: 'sha256:2' } },
    })
    expect(route?.labels.get('staging')).toMatchObject({
      kind: 'split',
      sticky: 'consumer.id',
      arms: [
        { name: 'a', weight: 90 },
        { name: 'b', weight: 10, version: { number: 2 } },
      ],
    })
    expect(given.bound).not.toContain('sha256:3')
    expect(route?.versions.get(3)?.prepared).toMatchObject({ hash: 'sha256:3' })
    expect(route?.versions.get(3)?.samples).toEqual([
      { name: 'one', input: { question: 'Hi' }, metadata: {} },
    ])
  })

  it('leave out a label that leads nowhere, say so, and serve the rest', () => {
    const { routes, problems } = buildRoutes(
      parts({ endpoints: { support: { flow: 'support', labels: { production: 9, staging: 1 } } } }),
    )
    expect([...(routes.endpoints.get('support')?.labels.keys() ?? [])]).toEqual(['staging'])
    expect(problems).toEqual([
      { endpoint: 'support', message: 'label "production" is not served: there is no version 9.' },
    ])
  })

  it('go on serving the last draft that compiled', () => {
    const first = buildRoutes(parts({})).routes
    const broken = parts(
      {},
      {
        previous: first,
        draftHash: () => {
          throw new AppError('flow_error', { message: 'prompt "a" is missing.' })
        },
      },
    )
    const { routes, problems } = buildRoutes(broken)
    expect(routes.endpoints.get('support')?.draft?.hash).toBe('sha256:draft')
    expect(problems[0]?.message).toBe('the draft does not compile: prompt "a" is missing.')
  })

  it('carry every setting of an endpoint that the gateway enforces', () => {
    const settings = {
      flow: 'support',
      title: 'Help',
      state: 'deprecated',
      sunset: '2027-03-01',
      successor: 'next',
      surfaces: ['rest'],
      require_metadata: ['user_id'],
      access: { cors: ['https://app.example.com'] },
      unknown_fields: 'refuse',
      share_events: true,
      context_headers: ['X-Region'],
      limits: {
        timeout_ms: 5000,
        max_cost_usd: 0.02,
        answer_bytes: 1000,
        body_bytes: 2000,
        requests: { max: 10, window_s: 60 },
        concurrent: 4,
      },
      versions: { 1: { state: 'retired', successor: 'production' } },
    }
    const route = buildRoutes(parts({ endpoints: { help: settings } })).routes.endpoints.get('help')
    expect(route).toMatchObject({
      title: 'Help',
      state: 'deprecated',
      deprecatedAt: 1_700_000_000,
      sunset: '2027-03-01',
      successor: 'next',
      cors: ['https://app.example.com'],
      surfaces: { rest: true, openai: false, anthropic: false, mcp: false },
      requireMetadata: ['user_id'],
      unknownFields: 'refuse',
      shareEvents: true,
      contextHeaders: ['x-region'],
      bodyBytes: 2000,
      limits: { requests: { max: 10, windowS: 60, burst: 10 }, concurrent: 4 },
      run: { timeoutMs: 5000, maxCostUsd: 0.02, answerBytes: 1000 },
    })
    expect(route?.versions.get(1)).toMatchObject({ state: 'retired', successor: 'production' })
    expect(route?.versions.get(2)?.state).toBe('published')
  })

  it('carry the settings of the gateway', () => {
    const gateway = {
      hosts: ['llm.example.com'],
      allow_ip: ['10.0.0.0/8'],
      deny_ip: ['10.1.0.0/16'],
      limits: {
        concurrent: 7,
        queue: 3,
        queue_ms: 50,
        concurrent_per_key: 2,
        per_address: { max: 5, window_s: 1 },
        body_bytes: 9,
        wrong_keys_per_minute: 4,
      },
    }
    expect(buildRoutes(parts({ gateway, variables: { brand: 'Parcel' } })).routes.settings).toEqual({
      hosts: ['llm.example.com'],
      allowIp: ['10.0.0.0/8'],
      denyIp: ['10.1.0.0/16'],
      maxRuns: 7,
      maxQueue: 3,
      queueMs: 50,
      runsPerKey: 2,
      bodyBytes: 9,
      wrongKeysPerMinute: 4,
      limits: { perAddress: { max: 5, windowS: 1, burst: 5 } },
      vars: { brand: 'Parcel' },
    })
  })
})
