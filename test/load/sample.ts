import type { ContestantName } from './contestant.ts'
import type { Answers, OpenAnswers, Streamed } from './load.ts'

/** Microseconds of the monotonic clock. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** What the gateway's process tree used while something was measured. */
export interface Meter {
  readonly cpuUs: number | undefined
  /** Share of the wall time; 1 is one core fully used. */
  readonly busy: number | undefined
  /** Cores that processes outside the bench used meanwhile. */
  readonly foreign: number
  readonly span: Span
}

export type Metered<Result> = Result & { readonly meter: Meter }

/** One contestant in one round. What was not asked for or could not be measured is absent. */
export interface Sample {
  readonly contestant: ContestantName
  readonly round: number
  /** From spawn to the first answer that came from the provider. */
  startMs?: number
  idleMiB?: number
  /** Provider calls for each of a known number of requests. */
  callsPerRequest?: number
  json?: Metered<Answers>
  open?: Metered<OpenAnswers>
  /** Streams at the provider's pace. */
  paced?: Metered<Streamed>
  /** Streams as fast as they go. */
  unpaced?: Metered<Streamed>
  /** Very many streams. */
  crowd?: Metered<Streamed>
  big?: Metered<Answers>
  steps?: { readonly two: Metered<Answers>; readonly twelve: Metered<Answers> }
  soak?: Metered<Answers> & { readonly afterMiB: number | undefined }
}
