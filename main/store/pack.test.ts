import { expect, it } from 'vitest'
import type { RunRow } from '#shared/run/row.ts'
import { packDetail, packSource, unpack } from './pack.ts'

const plain: RunRow = {
  id: 'run_a',
  origin: 'rest',
  state: 'completed',
  endpoint: 'support',
  label: 'production',
  version: 3,
  versionHash: 'sha256:00',
  variant: null,
  consumer: 'shop',
  key: 'key_1',
  startedAt: 1_790_000_000_000,
  finishedAt: 1_790_000_000_010,
  latencyMs: 10.25,
  firstTokenMs: null,
  streamed: false,
  usage: { input: 12, cacheRead: 0, cacheWrite: null, output: 60, reasoning: 0 },
  modelCalls: 1,
  attempts: 1,
  costUsd: 0.0001,
  servedBy: 'demo/sim',
  degraded: false,
  errorCode: null,
  error: null,
  warnings: [],
  steps: [{ node: 'ask', status: 'ok', atMs: 0, ms: 0.01, code: null }],
  verdicts: [],
  input: { question: 'Hi' },
  output: { answer: 'Hello' },
  metadata: {},
  parent: null,
}

function roundTrip(row: RunRow): RunRow {
  const columns = {
    id: row.id,
    started_at: row.startedAt,
    state: row.state,
    code: row.errorCode,
    latency_ms: row.latencyMs,
    cost_usd: row.costUsd,
  }
  const body = (value: unknown) => (value === null ? null : JSON.stringify(value))
  return unpack({
    ...columns,
    source: packSource(row),
    detail: packDetail(row),
    input: body(row.input),
    output: body(row.output),
  })
}

it.each<[string, Partial<RunRow>]>([
  ['a plain run', {}],
  [
    'a failed run',
    {
      state: 'failed',
      errorCode: 'upstream_timeout',
      output: null,
      error: {
        code: 'upstream_timeout',
        message: 'No token.',
        retryable: true,
        status: 504,
        node: 'fast',
        connection: 'openai',
        model: 'gpt',
        details: { reason: 'first_token' },
      },
      steps: [
        {
          node: 'fast',
          status: 'failed',
          atMs: 0.5,
          ms: 3000.12,
          code: 'upstream_timeout',
          attempts: [{ target: 'openai/gpt', atMs: 1, ms: 3000, code: 'upstream_timeout', waitedMs: 0 }],
        },
      ],
    },
  ],
  [
    'a streamed, degraded run with everything',
    {
      streamed: true,
      degraded: true,
      firstTokenMs: 120.5,
      variant: 'shorter+tone:warm',
      parent: 'run_p',
      metadata: { user_id: 'u-1', n: 2, yes: true },
      warnings: [{ code: 'setting_dropped', message: 'temperature', node: 'fast' }],
      verdicts: [{ guard: 'clean', verdict: 'rewritten' }],
      usage: {
        input: null,
        cacheRead: null,
        cacheWrite: null,
        output: null,
        reasoning: null,
        total: 7,
        estimated: true,
        raw: { a: 1 },
      },
      steps: [
        {
          node: 'fast',
          status: 'ok',
          atMs: 0.5,
          ms: 12.3,
          code: null,
          notes: { route: 'a' },
          attempts: [{ target: 'a/b', atMs: 1, ms: 2, code: null, waitedMs: 0.5 }],
          models: [
            {
              target: 'a/b',
              model: 'b-1',
              usage: { input: 1, cacheRead: 2, cacheWrite: 3, output: 4, reasoning: 5, total: 15 },
              costUsd: null,
              firstTokenMs: 1.5,
              finish: 'stop',
            },
          ],
        },
      ],
    },
  ],
  [
    'a draft run of nobody without bodies',
    {
      version: null,
      label: null,
      consumer: null,
      key: null,
      input: null,
      output: null,
      costUsd: null,
      servedBy: null,
      steps: [],
    },
  ],
])('%s reads back as it was packed', (_, facts) => {
  expect(roundTrip({ ...plain, ...facts })).toEqual({ ...plain, ...facts })
})

it('a plain run takes few bytes', () => {
  expect(packDetail(plain).length).toBeLessThan(120)
})
