import { expect, it } from 'vitest'
import { unknownUsage } from '#shared/model/chat.ts'
import type { RunRow } from '#shared/run/row.ts'
import { redactRuns } from './redact.ts'

const row: RunRow = {
  id: 'run_a',
  origin: 'rest',
  state: 'failed',
  endpoint: 'support',
  label: null,
  version: 1,
  versionHash: 'sha256:00',
  variant: null,
  consumer: null,
  key: null,
  startedAt: 1,
  finishedAt: 2,
  latencyMs: 1,
  firstTokenMs: null,
  streamed: false,
  usage: unknownUsage,
  modelCalls: 0,
  attempts: 0,
  costUsd: null,
  servedBy: null,
  degraded: false,
  errorCode: 'flow_error',
  parent: null,
  verdicts: [],
  error: {
    code: 'flow_error',
    message: 'bad value kim@example.com',
    retryable: false,
    status: 500,
    node: null,
    connection: null,
    model: null,
    details: { value: 'kim@example.com' },
  },
  warnings: [{ code: 'x', message: 'saw kim@example.com', node: null }],
  steps: [{ node: 'a', status: 'ok', atMs: 0, ms: 1, code: null, notes: { seen: 'kim@example.com' } }],
  input: {
    question: 'Write to kim@example.com, not to 4111 1111 1111 1111.',
    list: [{ mail: 'lee@example.org' }],
  },
  output: { answer: 'Sent to kim@example.com.' },
  metadata: { user: 'kim@example.com' },
}

it('masks the named kinds in every text of the row and leaves other kinds alone', () => {
  const redacted = redactRuns(['email'])(row)
  expect(JSON.stringify(redacted)).not.toMatch(/example\.(com|org)/)
  expect(redacted.input).toEqual({
    question: 'Write to [EMAIL], not to 4111 1111 1111 1111.',
    list: [{ mail: '[EMAIL]' }],
  })
  expect(redactRuns(['card'])(row).input).toMatchObject({
    question: expect.stringContaining('[CREDIT_CARD]'),
  })
})

it('is the identity when nothing is named', () => {
  expect(redactRuns([])(row)).toBe(row)
})
