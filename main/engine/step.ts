// One step of one Run: its context for the runner, its facts for the record, its clock and its end.
import { AppError } from '#shared/errors.ts'
import type { GuardVerdict, HttpAnswer, HttpCall, StepContext, TryFacts } from '#shared/flow/definition.ts'
import type { AnyLive } from '#shared/flow/live.ts'
import type { Json } from '#shared/json.ts'
import type { Attempt, ModelFacts, RunEvent, StepRecord, StepStatus } from '#shared/run/events.ts'
import { bucketOf } from './bucket.ts'
import type { Deadline, Deadlines } from './deadlines.ts'
import type { RunContext } from './effects.ts'
import { httpCall } from './http-call.ts'
import { ModelCalls } from './model-call.ts'
import type { Purse } from './money.ts'
import type { PreparedStep } from './prepare.ts'
import { randomOf } from './random.ts'
import type { Totals } from './totals.ts'

/** What a step needs of its Run. */
export interface StepHost {
  readonly context: RunContext
  readonly streaming: boolean
  readonly totals: Totals
  readonly purse: Purse | null
  readonly deadlines: Deadlines
  /** Milliseconds since the Run began. */
  elapsed(): number
  emit(event: RunEvent): void
  fence(): (text: string) => string
  tryFacts(step: PreparedStep): readonly TryFacts[]
}

/** An attempt upstream that has no answer yet. */
export type OpenAttempt = Omit<Attempt, 'ms' | 'code'>

const none: readonly never[] = Object.freeze([])

export class StepRun implements StepContext {
  readonly host: StepHost
  readonly step: PreparedStep
  readonly input: Readonly<Record<string, unknown>>
  readonly atMs: number
  /** Still running: nothing that comes after its end counts. */
  alive = true
  /** An outlet with an edge has a value: from then on a failure breaks streams and can no longer be handled here. */
  valued = false
  /** Promises and streams among its outlets that have not ended. */
  open = 0
  /** Holds one of the node's places. */
  placed = false
  /** Calls of `run` so far. */
  calls = 0
  /** Its time limit, once the clock runs. */
  deadline: Deadline | null = null
  modelCalls = 0
  /** Upstream attempts so far, answered or not. */
  attemptCount = 0
  /** How long the retry that now runs has waited. */
  waitedMs = 0
  taken: string[] | null = null
  lives: AnyLive[] | null = null
  attempts: Attempt[] | null = null
  modelFacts: ModelFacts[] | null = null
  #notes: Record<string, Json> | null = null
  #attempting: OpenAttempt[] | null = null
  #controller: AbortController | null = null
  #stops: (() => void)[] | null = null
  #aborted: AppError | null = null
  #reason: AppError | null = null
  #jitter: (() => number) | null = null
  #models: ModelCalls | null = null
  #random: (() => number) | null = null

  constructor(host: StepHost, step: PreparedStep, input: Readonly<Record<string, unknown>>) {
    this.host = host
    this.step = step
    this.input = input
    this.atMs = host.elapsed()
  }

  get node() {
    return this.step.id
  }

  get run() {
    return this.host.context.facts
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort(this.#aborted)
    }
    return this.#controller.signal
  }

  get streams() {
    return this.host.streaming && this.step.streams
  }

  get models(): ModelCalls {
    this.#models ??= new ModelCalls(this)
    return this.#models
  }

  get tries(): readonly TryFacts[] {
    return this.host.tryFacts(this.step)
  }

  http(call: HttpCall): Promise<HttpAnswer> {
    return httpCall(this, call)
  }

  now(): number {
    return this.host.context.effects.clock.now(this.step.id)
  }

  random(): number {
    this.#random ??= randomOf(this.host.context.seed, this.step.id)
    return this.#random()
  }

  bucket(salt: string, key?: string): number {
    return bucketOf(salt, key ?? this.run.id)
  }

  note(key: string, value: Json): void {
    this.#notes ??= {}
    this.#notes[key] = value
  }

  warn(code: string, message: string): void {
    if (!this.alive) return
    const warning = { code, message, node: this.step.id }
    this.host.totals.warnings ??= []
    this.host.totals.warnings.push(warning)
    this.host.emit({ type: 'warning', warning })
  }

  arm(name: string): void {
    this.host.totals.arms ??= []
    this.host.totals.arms.push(`${this.step.id}:${name}`)
  }

  verdict(verdict: GuardVerdict): void {
    if (this.alive) this.host.emit({ type: 'verdict', node: this.step.id, verdict })
  }

  untrusted(inlet: string): boolean {
    return this.step.plan.untrusted.includes(inlet)
  }

  fence(text: string): string {
    return this.host.fence()(text)
  }

  /** For pauses between retries: apart from `random`, so that a retry does not change what a node draws. */
  jitter(): number {
    this.#jitter ??= randomOf(this.host.context.seed, `${this.step.id} retry`)
    return this.#jitter()
  }

  /** An HTTP answer that the node refused: the attempt had come back without an error. */
  blame(code: string): void {
    const last = this.attempts?.at(-1)
    if (last && last.code === null) this.attempts?.splice(-1, 1, { ...last, code })
  }

  /** Calls back after `ms` unless the step ends before. */
  after(ms: number, call: () => void): () => void {
    const cancel = this.host.context.effects.clock.after(ms, () => {
      this.offEnd(cancel)
      if (this.alive) call()
    })
    this.onEnd(cancel)
    return () => {
      this.offEnd(cancel)
      cancel()
    }
  }

  /** `stop` is called when the step ends. */
  onEnd(stop: () => void): void {
    this.#stops ??= []
    this.#stops.push(stop)
  }

  offEnd(stop: () => void): void {
    const at = this.#stops?.indexOf(stop) ?? -1
    if (at >= 0) this.#stops?.splice(at, 1)
  }

  /** Resolves after `ms`; never, once the step has ended. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  began(target: string, waitedMs: number): OpenAttempt {
    const attempt = { target, atMs: this.host.elapsed(), waitedMs }
    this.#attempting ??= []
    this.#attempting.push(attempt)
    this.attemptCount += 1
    this.host.totals.attempts += 1
    return attempt
  }

  ended(attempt: OpenAttempt, code: string | null): void {
    const at = this.#attempting?.indexOf(attempt) ?? -1
    if (at < 0) return
    this.#attempting?.splice(at, 1)
    this.attempts ??= []
    const { target, atMs, waitedMs } = attempt
    this.attempts.push({ target, atMs, waitedMs, ms: this.host.elapsed() - atMs, code })
  }

  /** Nothing after this counts: timers stop, upstream calls are aborted where there is a reason, streams break. */
  end(reason: AppError | null): void {
    this.alive = false
    this.#reason = reason
    if (this.deadline) this.host.deadlines.remove(this.deadline)
    // Streams first: they break with the reason, not with what the upstream says about being aborted.
    const stops = this.#stops
    this.#stops = null
    if (stops) for (const stop of stops) stop()
    if (reason && this.lives) for (const live of this.lives) live.fail(reason)
    const left = this.#attempting?.length ? this.#attempting.slice() : none
    if (!reason && left.length === 0) return
    const cause = reason ?? new AppError('cancelled')
    for (const attempt of left) this.ended(attempt, cause.code)
    this.#aborted = cause
    this.#controller?.abort(cause)
  }

  /** What it was ended with before its time. */
  get reason(): AppError | null {
    return this.#reason
  }

  record(status: StepStatus, error: AppError | null): StepRecord {
    return {
      step: this.step.index,
      node: this.step.id,
      status,
      atMs: this.atMs,
      ms: this.host.elapsed() - this.atMs,
      error,
      taken: this.taken ?? none,
      attempts: this.attempts ?? none,
      models: this.modelFacts ?? none,
      notes: this.#notes,
    }
  }
}

/** The record of a step that never ran. */
export function unrun(step: PreparedStep, status: StepStatus, atMs: number): StepRecord {
  return {
    step: step.index,
    node: step.id,
    status,
    atMs,
    ms: 0,
    error: null,
    taken: none,
    attempts: none,
    models: none,
    notes: null,
  }
}

/** What a step failed of, with its name. */
export function stepError(step: PreparedStep, thrown: unknown): AppError {
  if (!(thrown instanceof AppError)) return new AppError('internal', { cause: thrown, node: step.id })
  return thrown.node === undefined ? thrown.at({ node: step.id }) : thrown
}
