// Events of a Run → the server-sent events of the REST surface. Ids rise by 1 from 1; the last event is final.
import { type AppError, errorValue } from '#shared/errors.ts'
import type { JsonObject } from '#shared/json.ts'
import { type StreamEvent, unknownUsage } from '#shared/model/chat.ts'
import type { RunEvent, RunTotals, StepRecord } from '#shared/run/events.ts'
import { restError } from '../../errors.ts'
import { answerShape } from '../answer.ts'
import type { Begun, Finished, StreamWriter } from '../call.ts'
import { restUsage } from '../usage.ts'
import { restWhole } from './response.ts'

export function restWriter(begun: Begun): StreamWriter {
  const shape = answerShape(begun.plan)
  let id = 0
  let calls = 0
  /** Values of `messages` fields that arrive in parts: `output.delta` carries their text. */
  const prefixes = new Map<string, string>()

  const send = (event: string, data: JsonObject): string => text(event, JSON.stringify(data))
  function text(event: string, data: string): string {
    id += 1
    return `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`
  }
  function delta(field: string, part: string): string {
    if (part === '') return ''
    let prefix = prefixes.get(field)
    if (prefix === undefined) {
      prefix = `{"field":${JSON.stringify(field)},"delta":`
      prefixes.set(field, prefix)
    }
    return text('output.delta', `${prefix}${JSON.stringify(part)}}`)
  }

  return {
    event(event: RunEvent): string {
      switch (event.type) {
        case 'run-started':
          return started(begun, send)
        case 'delta':
          if (!shape.isShared(event.field)) return ''
          return delta(event.field, typeof event.part === 'string' ? event.part : textOfPart(event.part))
        case 'field':
          if (!shape.isShared(event.field)) return ''
          return send('output.field', { field: event.field, value: shape.field(event.field, event.value) })
        case 'restarted':
          return send('output.restarted', {
            fields: event.fields.filter((field) => shape.isShared(field)),
            reason: event.reason,
          })
        case 'verdict': {
          if (!begun.shareEvents && !begun.trace) return ''
          const { stage, verdict, reason } = event.verdict
          return send('guard.verdict', { node: event.node, stage, verdict, reason })
        }
        case 'route-switched': {
          if (!begun.shareEvents && !begun.trace) return ''
          const { node, from, to, reason } = event
          return send('route.switched', { node, from, to, reason })
        }
        case 'step-started':
          return begun.trace ? send('step.started', step(event.node, event.atMs, null)) : ''
        case 'step-settled':
          return begun.trace ? settled(event.record, send) : ''
        case 'usage': {
          calls += 1
          const usage = restUsage(event.usage, calls)
          return send('usage', { usage, ...(begun.cost ? { cost_usd: event.costUsd } : {}) })
        }
        case 'warning':
          return send('warning', { ...event.warning })
        case 'step-text':
        case 'step-value':
        case 'run-finished':
        case 'run-failed':
          return ''
      }
    },
    finished: (outcome: Finished) => text('run.completed', restWhole(begun, outcome)),
    failed(error: AppError, totals: RunTotals | null): string {
      const { trace, cost } = begun
      return send('run.failed', {
        error: restError(error, { run: begun.id, trace }),
        usage: restUsage(totals?.usage ?? unknownUsage, totals?.modelCalls ?? 0),
        ...(cost ? { cost_usd: totals?.costUsd ?? null } : {}),
        latency_ms: Math.round(totals?.ms ?? 0),
      })
    },
    ping: () => 'event: ping\ndata: {}\n\n',
  }
}

type Send = (event: string, data: JsonObject) => string

function started(begun: Begun, send: Send): string {
  const { endpoint, label, version, variant } = begun
  const created_at = new Date(begun.createdAt).toISOString()
  const first = send('run.started', { id: begun.id, endpoint, label, version, variant, created_at })
  return first + begun.warnings.map((warning) => send('warning', { ...warning })).join('')
}

/** Text of the answer is what a reader waits for; calls and reasoning come whole with `output.field`. */
function textOfPart(part: StreamEvent): string {
  return part.type === 'text-delta' ? part.text : ''
}

const names = { ok: 'step.completed', failed: 'step.failed', aborted: 'step.failed' } as const

function settled({ node, status, atMs, ms, error }: StepRecord, send: Send): string {
  const name = status === 'skipped' || status === 'standby' ? 'step.skipped' : names[status]
  return send(name, step(node, atMs + ms, error))
}

function step(node: string, atMs: number, error: AppError | null): JsonObject {
  return {
    node,
    round: null,
    at_ms: Math.round(atMs * 100) / 100,
    cached: false,
    error: error === null ? null : { ...errorValue(error) },
  }
}
