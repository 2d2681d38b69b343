import { describe, expect, it } from 'vitest'
import { AppError } from '../errors.ts'
import type { Plan, PlanStep } from '../flow/plan.ts'
import type { Json } from '../json.ts'
import type { RunEvent, RunTotals, StepRecord } from './events.ts'
import { type RecordFacts, recorder } from './record.ts'

const usage = { input: 3, cacheRead: 0, cacheWrite: 0, output: 2, reasoning: 0 }
const totals: RunTotals = {
  usage,
  modelCalls: 1,
  attempts: 2,
  costUsd: 0.25,
  ms: 12.3456,
  firstTokenMs: 4.5678,
  servedBy: 'x/m',
  variant: 'tone:warm',
  degraded: true,
  warnings: [{ code: 'left_out', message: 'top_k', node: 'bot' }],
}

function step(id: string, redact: readonly string[], more: Partial<PlanStep> = {}): PlanStep {
  return { id, inlets: [], outlets: [], answer: -1, policy: { redact }, ...more } as unknown as PlanStep
}
function plan(...steps: readonly PlanStep[]): Plan {
  return {
    steps,
    request: { fields: { question: {}, phone: {} }, chat: null },
    answer: { fields: [{ field: 'answer' }, { field: 'raw' }] },
  } as unknown as Plan
}
function settled(node: string, more: Partial<StepRecord> = {}): RunEvent {
  const record: StepRecord = {
    step: 0,
    node,
    status: 'ok',
    atMs: 1.23456,
    ms: 2.34567,
    error: null,
    taken: [],
    attempts: [],
    models: [],
    notes: null,
    ...more,
  }
  return { type: 'step-settled', record }
}

const facts = (more: Partial<RecordFacts> = {}): RecordFacts => ({
  id: 'run_1',
  origin: 'rest',
  endpoint: 'support',
  label: 'production',
  version: 3,
  versionHash: 'sha256:1',
  consumer: 'web',
  key: 'k1',
  startedAt: 1,
  input: { question: 'hi', phone: '0170' },
  metadata: { user_id: 'u' },
  plan: plan(step('ask', [])),
  ...more,
})

function rowOf(events: readonly RunEvent[], more: Partial<RecordFacts> = {}) {
  const record = recorder(facts(more))
  for (const event of events) record.on(event)
  return record.row()
}

const started: RunEvent = { type: 'run-started', run: 'run_1', at: 1_000 }
const finished: RunEvent = { type: 'run-finished', answer: { answer: 'yes', raw: [1] }, totals }

describe('the row of a run', () => {
  it('says what came in, what came out, and what it took', () => {
    const attempts = [{ target: 'x/m', atMs: 0, ms: 1, code: null, waitedMs: 0 }]
    const row = rowOf([
      started,
      settled('ask'),
      settled('bot', { attempts, notes: { which: 1 } }),
      { type: 'delta', field: 'answer', part: 'ye' },
      finished,
    ])
    expect(row).toEqual({
      id: 'run_1',
      origin: 'rest',
      state: 'completed',
      endpoint: 'support',
      label: 'production',
      version: 3,
      versionHash: 'sha256:1',
      variant: 'tone:warm',
      consumer: 'web',
      key: 'k1',
      startedAt: 1_000,
      finishedAt: 1_012,
      latencyMs: 12.35,
      firstTokenMs: 4.57,
      streamed: true,
      usage,
      modelCalls: 1,
      attempts: 2,
      costUsd: 0.25,
      servedBy: 'x/m',
      degraded: true,
      errorCode: null,
      error: null,
      warnings: totals.warnings,
      steps: [
        { node: 'ask', status: 'ok', atMs: 1.23, ms: 2.35, code: null },
        { node: 'bot', status: 'ok', atMs: 1.23, ms: 2.35, code: null, attempts, notes: { which: 1 } },
      ],
      verdicts: [],
      input: { question: 'hi', phone: '0170' },
      output: { answer: 'yes', raw: [1] },
      metadata: { user_id: 'u' },
      parent: null,
    })
  })

  it('of a failed run has the error and the answer so far', () => {
    const error = new AppError('upstream_timeout', {
      node: 'bot',
      connection: 'x',
      model: 'm',
      details: { reason: 'idle' },
    })
    const row = rowOf([
      started,
      settled('bot', { status: 'failed', error }),
      { type: 'run-failed', error, answer: {}, totals },
    ])
    expect(row).toMatchObject({
      state: 'failed',
      errorCode: 'upstream_timeout',
      error: {
        code: 'upstream_timeout',
        retryable: true,
        status: 504,
        node: 'bot',
        connection: 'x',
        model: 'm',
        details: { reason: 'idle' },
      },
      output: {},
      steps: [{ node: 'bot', status: 'failed', code: 'upstream_timeout' }],
    })
  })

  it('can be asked for while the run goes on', () => {
    expect(rowOf([started])).toMatchObject({
      state: 'running',
      finishedAt: null,
      output: null,
      variant: null,
    })
  })

  it('has the verdicts of guards', () => {
    const verdict = {
      guard: 'pii',
      verdict: 'blocked',
      stage: 'input',
      score: 1,
      reason: 'email',
      ms: 0.123,
      spans: [{ start: 1, end: 2, kind: 'email' }],
    } as const
    expect(rowOf([{ type: 'verdict', node: 'guard', verdict }, finished]).verdicts).toEqual([
      { node: 'guard', ...verdict, ms: 0.12 },
    ])
  })

  it('holds no field that is redacted on the way in or out, and no note or span of a node that redacts', () => {
    const redacting = plan(
      step('ask', ['phone']),
      step('mask', ['text'], { inlets: [{ name: 'text' }] as never }),
      step('out', ['value'], { answer: 1, inlets: [{ name: 'value' }] as never }),
    )
    const verdict = {
      guard: 'pii',
      verdict: 'pass',
      stage: 'input',
      score: null,
      reason: null,
      ms: 1,
      spans: [{ start: 0, end: 4, kind: 'phone' }],
    } as const
    const row = rowOf(
      [settled('mask', { notes: { found: '0170' } }), { type: 'verdict', node: 'mask', verdict }, finished],
      { plan: redacting },
    )
    expect(row.input).toEqual({ question: 'hi', phone: '[redacted]' })
    expect(row.output).toEqual({ answer: 'yes', raw: '[redacted]' })
    expect(row.steps[0]).not.toHaveProperty('notes')
    expect(row.verdicts[0]).not.toHaveProperty('spans')
  })

  it('holds no messages where a part of the chat is redacted', () => {
    const chatty = {
      ...plan(step('chat', ['last_text'])),
      request: { fields: {}, chat: {} },
    } as unknown as Plan
    const row = rowOf([finished], {
      plan: chatty,
      input: { messages: [{ role: 'user', content: '0170' }] } as Json,
    })
    expect(JSON.stringify(row.input)).not.toContain('0170')
  })

  it('holds no bodies where none are to be kept', () => {
    const row = rowOf([finished], { input: null, keepOutput: false })
    expect([row.input, row.output]).toEqual([null, null])
  })
})
