// The one event stream of a Run. The reply, the run log and the page's live view read it, and nothing else.
import type { AppError } from '../errors.ts'
import type { GuardVerdict } from '../flow/definition.ts'
import type { Json } from '../json.ts'
import type { StreamEvent, Usage } from '../model/chat.ts'

export type StepStatus = 'ok' | 'failed' | 'skipped' | 'standby' | 'aborted'

/** One upstream attempt of a step. Times in milliseconds since the Run began. */
export interface Attempt {
  readonly target: string
  readonly atMs: number
  readonly ms: number
  readonly code: string | null
  /** Waited before this attempt (back-off or Retry-After). */
  readonly waitedMs: number
}

/** What a model step records; no node can drop it. */
export interface ModelFacts {
  readonly target: string
  /** The model that answered, as the vendor names it. */
  readonly model: string
  readonly usage: Usage
  /** Null when the price is unknown. */
  readonly costUsd: number | null
  readonly firstTokenMs: number | null
  readonly finish: string
}

export interface StepRecord {
  readonly step: number
  readonly node: string
  readonly status: StepStatus
  /** Milliseconds since the Run began. */
  readonly atMs: number
  readonly ms: number
  readonly error: AppError | null
  /** Outlets that got a value. */
  readonly taken: readonly string[]
  readonly attempts: readonly Attempt[]
  /** One entry per answered model call. */
  readonly models: readonly ModelFacts[]
  readonly notes: Readonly<Record<string, Json>> | null
}

export interface RunTotals {
  /** Null counts are unknown. */
  readonly usage: Usage
  readonly modelCalls: number
  readonly attempts: number
  /** Null when a price is unknown. */
  readonly costUsd: number | null
  readonly ms: number
  /** To the first streamed part of the answer; null or left out when nothing streamed. */
  readonly firstTokenMs?: number | null
  /** Target of the last answered model call. */
  readonly servedBy: string | null
  readonly variant: string | null
  readonly degraded: boolean
  readonly warnings: readonly RunWarning[]
}
export interface RunWarning {
  readonly code: string
  readonly message: string
  readonly node: string | null
}

export type RunEvent =
  | { readonly type: 'run-started'; readonly run: string; readonly at: number }
  | { readonly type: 'step-started'; readonly step: number; readonly node: string; readonly atMs: number }
  /** Part of a streamed answer field: text, or a stream event of a messages field. */
  | { readonly type: 'delta'; readonly field: string; readonly part: string | StreamEvent }
  | { readonly type: 'field'; readonly field: string; readonly value: unknown }
  | { readonly type: 'restarted'; readonly fields: readonly string[]; readonly reason: string }
  /** Live text of a step for the page; only when the caller of `execute` asked to watch. */
  | { readonly type: 'step-text'; readonly node: string; readonly outlet: string; readonly text: string }
  | { readonly type: 'step-value'; readonly node: string; readonly outlet: string; readonly value: unknown }
  | { readonly type: 'step-settled'; readonly record: StepRecord }
  | { readonly type: 'verdict'; readonly node: string; readonly verdict: GuardVerdict }
  | {
      readonly type: 'route-switched'
      readonly node: string
      readonly from: string
      readonly to: string
      readonly reason: string
    }
  | { readonly type: 'usage'; readonly usage: Usage; readonly costUsd: number | null }
  | { readonly type: 'warning'; readonly warning: RunWarning }
  | {
      readonly type: 'run-finished'
      readonly answer: Readonly<Record<string, unknown>>
      readonly totals: RunTotals
    }
  | {
      readonly type: 'run-failed'
      readonly error: AppError
      readonly answer: Readonly<Record<string, unknown>>
      readonly totals: RunTotals
    }
