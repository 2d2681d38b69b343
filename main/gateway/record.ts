// The row of the log that a Run leaves behind.
import type { Json } from '#shared/json.ts'
import type { RunEvent, StepRecord } from '#shared/run/events.ts'
import type { RunOrigin, RunRow } from '#shared/run/row.ts'
import type { KeyEntry, ServedVersion } from './ports.ts'
import type { Begun, Metadata } from './surfaces/call.ts'

export interface Recording {
  event(event: RunEvent): void
  end(event: Extract<RunEvent, { type: 'run-finished' | 'run-failed' }>): RunRow
}
export interface RecordOf {
  readonly begun: Begun
  readonly origin: RunOrigin
  readonly key: KeyEntry
  readonly version: ServedVersion
  readonly input: Json
  readonly metadata: Metadata
}
export function recordOf({ begun, origin, key, input, metadata }: RecordOf): Recording {
  const steps: StepRecord[] = []
  let streamed = false
  return {
    event(event) {
      if (event.type === 'step-settled') steps.push(event.record)
      if (event.type === 'delta') streamed = true
    },
    end(event) {
      const { totals } = event
      const error = event.type === 'run-failed' ? event.error : null
      return {
        id: begun.id,
        origin,
        state: error ? 'failed' : 'completed',
        endpoint: begun.endpoint,
        label: begun.label,
        version: begun.version,
        versionHash: begun.hash,
        variant: totals.variant,
        consumer: key.consumer.id,
        key: key.id,
        startedAt: begun.createdAt,
        finishedAt: begun.createdAt + totals.ms,
        latencyMs: totals.ms,
        firstTokenMs: totals.firstTokenMs ?? null,
        streamed,
        usage: totals.usage,
        modelCalls: totals.modelCalls,
        attempts: totals.attempts,
        costUsd: totals.costUsd,
        servedBy: totals.servedBy,
        degraded: totals.degraded,
        errorCode: error?.code ?? null,
        error: error
          ? {
              code: error.code,
              message: error.message,
              retryable: error.retryable,
              status: error.status,
              node: error.node ?? null,
              connection: error.connection ?? null,
              model: error.model ?? null,
              details: error.details,
            }
          : null,
        warnings: totals.warnings,
        steps: steps.map((s) => ({
          node: s.node,
          status: s.status,
          atMs: s.atMs,
          ms: s.ms,
          code: s.error?.code ?? null,
        })),
        verdicts: [],
        input,
        output: event.answer as Json,
        metadata,
        parent: null,
      }
    },
  }
}
