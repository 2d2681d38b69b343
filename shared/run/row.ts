// One logged Run, as the recorder makes it, the store keeps it and `GET /runs/{id}` shows it.
import type { Json } from '../json.ts'
import type { Usage } from '../model/chat.ts'
import type { RunWarning } from './events.ts'

export type RunState = 'queued' | 'running' | 'waiting' | 'completed' | 'failed'
/** Where a Run came from: a surface of the gateway, the studio, or the command line. */
export type RunOrigin = 'rest' | 'openai' | 'anthropic' | 'mcp' | 'batch' | 'studio' | 'cli'

export interface RunRow {
  readonly id: string
  readonly origin: RunOrigin
  readonly state: RunState
  /** Endpoint slug, or the flow's slug for studio and CLI Runs. */
  readonly endpoint: string
  readonly label: string | null
  /** Null for a draft. */
  readonly version: number | null
  readonly versionHash: string
  readonly variant: string | null
  readonly consumer: string | null
  readonly key: string | null
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly finishedAt: number | null
  readonly latencyMs: number
  /** To the first streamed part; null when nothing streamed. */
  readonly firstTokenMs: number | null
  readonly streamed: boolean
  readonly usage: Usage
  readonly modelCalls: number
  readonly attempts: number
  readonly costUsd: number | null
  readonly servedBy: string | null
  readonly degraded: boolean
  readonly errorCode: string | null
  readonly error: RunError | null
  readonly warnings: readonly RunWarning[]
  readonly steps: readonly StepRow[]
  readonly verdicts: readonly Json[]
  /** Bodies: dropped first when the queue is full. Redacted where a policy says so. */
  readonly input: Json | null
  readonly output: Json | null
  readonly metadata: Readonly<Record<string, string | number | boolean>>
  readonly parent: string | null
}

export interface RunError {
  readonly code: string
  readonly message: string
  readonly retryable: boolean
  readonly status: number
  readonly node: string | null
  readonly connection: string | null
  readonly model: string | null
  readonly details: Json
}

/** Steps are kept short in the store: one row per Run, its steps packed as JSON. */
export interface StepRow {
  readonly node: string
  readonly status: string
  readonly atMs: number
  readonly ms: number
  readonly code: string | null
  readonly attempts?: readonly {
    readonly target: string
    readonly atMs: number
    readonly ms: number
    readonly code: string | null
    readonly waitedMs: number
  }[]
  readonly models?: readonly {
    readonly target: string
    readonly model: string
    readonly usage: Usage
    readonly costUsd: number | null
    readonly firstTokenMs: number | null
    readonly finish: string
  }[]
  readonly notes?: Readonly<Record<string, Json>>
}

export interface RunFilter {
  readonly endpoint?: string
  readonly state?: RunState
  readonly consumer?: string
  readonly code?: string
  /** Runs that started before this one (id from an earlier page). */
  readonly before?: string
  readonly limit: number
}
