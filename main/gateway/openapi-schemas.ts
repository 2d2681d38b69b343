// Schemas that every Endpoint shares: the envelope of an answer, its events, errors and options.
import { errorTable } from '#shared/errors.ts'
import type { JsonObject } from '#shared/json.ts'

const text = { type: 'string' }
const flag = { type: 'boolean' }
const count = { type: ['integer', 'null'], minimum: 0, description: 'null = unknown' }
const orNull = (type: string) => ({ type: [type, 'null'] })
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })

function object(properties: JsonObject, required: readonly string[] = Object.keys(properties)): JsonObject {
  return { type: 'object', properties, required }
}

const head: JsonObject = { id: text, endpoint: text, version: orNull('integer'), variant: orNull('string') }

const events: JsonObject = {
  'run.started': object({ ...head, label: orNull('string'), created_at: { ...text, format: 'date-time' } }),
  'output.delta': object({ field: text, delta: text }),
  'output.field': object({ field: text, value: true }),
  'output.restarted': object({ fields: { type: 'array', items: text }, reason: text }),
  'guard.verdict': object({
    node: text,
    stage: { enum: ['input', 'output'] },
    verdict: { enum: ['pass', 'rewritten', 'blocked', 'error'] },
    reason: orNull('string'),
  }),
  'route.switched': object({ node: text, from: text, to: text, reason: text }),
  ...Object.fromEntries(
    ['step.started', 'step.completed', 'step.failed', 'step.skipped'].map((name) => [
      name,
      object({
        node: text,
        round: orNull('integer'),
        at_ms: { type: 'number' },
        cached: flag,
        error: orNull('object'),
      }),
    ]),
  ),
  usage: object({ usage: ref('Usage'), cost_usd: orNull('number') }, ['usage']),
  warning: ref('Warning'),
  'run.completed': ref('Answer'),
  'run.failed': object(
    {
      error: ref('ErrorBody'),
      usage: ref('Usage'),
      cost_usd: orNull('number'),
      latency_ms: { type: 'number' },
    },
    ['error', 'usage', 'latency_ms'],
  ),
  ping: object({}),
}

export const schemas: JsonObject = {
  Metadata: {
    type: 'object',
    maxProperties: 32,
    propertyNames: { pattern: '^[a-z][a-z0-9_]{0,39}$' },
    additionalProperties: { type: ['string', 'number', 'boolean'], maxLength: 512 },
  },
  Options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      stream: { ...flag, default: false, description: 'Answer as server-sent events.' },
      resumable: { ...flag, default: false, description: 'The run goes on for 60 s when the client leaves.' },
      cache: { enum: ['use', 'bypass', 'refresh'], default: 'use' },
      variant: { ...text, description: 'Forces an arm; scope pick_variant.' },
      timeout_ms: { type: 'number', minimum: 1 },
      max_cost_usd: { type: 'number', minimum: 0 },
      trace: { ...flag, default: false, description: 'Step events and facts; scope trace.' },
      seed: { type: 'integer' },
      dry_run: { ...flag, default: false, description: 'Checks the input and estimates; no run.' },
    },
  },
  Usage: object({
    input_tokens: count,
    cache_read_tokens: count,
    cache_write_tokens: count,
    output_tokens: count,
    reasoning_tokens: count,
    total_tokens: count,
    model_calls: { type: 'integer', minimum: 0 },
  }),
  Warning: object({ code: text, message: text, node: orNull('string') }),
  Answer: object(
    {
      ...head,
      output: { type: 'object' },
      usage: ref('Usage'),
      cost_usd: { ...orNull('number'), description: 'Only with the scope cost; null = unknown.' },
      latency_ms: { type: 'number' },
      warnings: { type: 'array', items: ref('Warning') },
    },
    ['id', 'endpoint', 'version', 'variant', 'output', 'usage', 'latency_ms', 'warnings'],
  ),
  Accepted: object({ ...head, state: { const: 'queued' } }),
  RunState: object({ id: text, state: { enum: ['queued', 'running', 'waiting', 'completed', 'failed'] } }),
  Run: object(
    {
      ...head,
      state: { enum: ['queued', 'running', 'waiting', 'completed', 'failed'] },
      label: orNull('string'),
      version_hash: text,
      created_at: { ...text, format: 'date-time' },
      finished_at: { type: ['string', 'null'], format: 'date-time' },
      output: { type: ['object', 'null'] },
      usage: ref('Usage'),
      cost_usd: orNull('number'),
      latency_ms: { type: 'number' },
      warnings: { type: 'array', items: ref('Warning') },
      error: { oneOf: [ref('ErrorBody'), { type: 'null' }] },
      steps: { type: 'array', items: { type: 'object' } },
    },
    [
      'id',
      'state',
      'endpoint',
      'version',
      'variant',
      'label',
      'version_hash',
      'created_at',
      'finished_at',
      'error',
    ],
  ),
  ErrorBody: object(
    {
      code: { ...text, anyOf: [{ enum: Object.keys(errorTable) }, { pattern: '^app_[a-z0-9_]{1,40}$' }] },
      message: text,
      retryable: flag,
      run_id: text,
      node: text,
      connection: text,
      model: text,
      details: { type: 'object' },
    },
    ['code', 'message', 'retryable', 'details'],
  ),
  Error: object({ error: ref('ErrorBody') }),
  Event: {
    description:
      'Server-sent events. `event` names one of these, `data` is it as JSON, `id` rises by 1 from 1. The last one is run.completed or run.failed.',
    type: 'object',
    properties: events,
  },
}
