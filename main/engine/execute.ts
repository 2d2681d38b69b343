// Runs a prepared Plan: edges settle once, a step starts when what it waits for has settled (nodes.md 1.1). Everything
// that can be is synchronous: a Plan without I/O is over before `execute` returns.
import { AppError } from '#shared/errors.ts'
import type { TryFacts } from '#shared/flow/definition.ts'
import type { RunEvent } from '#shared/run/events.ts'
import { Answer, type AnswerHost } from './answer.ts'
import { Deadlines } from './deadlines.ts'
import { Edges, type EdgesHost } from './edges.ts'
import type { RunContext, RunHandle } from './effects.ts'
import { fenceOf } from './fence.ts'
import { type Purse, purseOf } from './money.ts'
import type { Prepared, PreparedStep } from './prepare.ts'
import { Steps, type StepsHost } from './steps.ts'
import { closeTotals, newTotals } from './totals.ts'
import { Tries, type TriesHost } from './tries.ts'

/**
 * Events come through `context.on`, in order and synchronously, also while this is being called; exactly one
 * `run-finished` or `run-failed` is last.
 */
export function execute(prepared: Prepared, context: RunContext): RunHandle {
  const run = new Execution(prepared, context)
  run.begin()
  return run
}

class Execution implements RunHandle, StepsHost, EdgesHost, TriesHost, AnswerHost {
  readonly prepared: Prepared
  readonly context: RunContext
  readonly streaming: boolean
  readonly totals = newTotals()
  readonly purse: Purse | null
  readonly edges: Edges
  readonly tries: Tries | null
  readonly result: Answer
  readonly deadlines = new Deadlines(this)
  over = false
  readonly #steps: Steps
  #queue: number[]
  #next = 0
  #draining = false
  /** Steps are being ended: a failure of the Run that follows from it waits until all have said so. */
  #held = 0
  #cause: AppError | null = null
  #startTicks = 0
  #fence: ((text: string) => string) | null = null

  constructor(prepared: Prepared, context: RunContext) {
    this.prepared = prepared
    this.context = context
    this.streaming = context.stream && prepared.plan.streams
    this.purse = purseOf(context.effects, context.limits.maxCostUsd, context.ledger)
    this.edges = new Edges(this, prepared)
    this.tries = prepared.branches.length > 0 ? new Tries(this) : null
    this.result = new Answer(this, prepared.answer, context.limits.answerBytes)
    this.#steps = new Steps(this)
    this.#queue = prepared.start.slice()
  }

  begin(): void {
    const { clock } = this.context.effects
    this.#startTicks = clock.ticks()
    this.emit({ type: 'run-started', run: this.context.facts.id, at: clock.now() })
    this.drain()
    if (this.over) return
    const { timeoutMs } = this.context.limits
    this.deadlines.add(timeoutMs, () => {
      this.abort(new AppError('timeout', { message: `The run took longer than ${timeoutMs} ms.` }))
    })
  }

  abort(error: AppError): void {
    if (this.over) return
    if (this.#held > 0) {
      this.#cause ??= error
      return
    }
    this.over = true
    this.#stop()
    this.#steps.abortAll(error)
    this.context.on({ type: 'run-failed', error, answer: this.result.collected(), totals: this.#closed() })
  }

  pause(): void {
    this.result.pause()
  }

  resume(): void {
    this.result.resume()
  }

  get clock() {
    return this.context.effects.clock
  }

  elapsed(): number {
    return this.context.effects.clock.ticks() - this.#startTicks
  }

  emit(event: RunEvent): void {
    if (!this.over) this.context.on(event)
  }

  passed(): void {
    this.totals.firstTokenMs ??= this.elapsed()
  }

  degraded(): void {
    this.totals.degraded = true
  }

  fence(): (text: string) => string {
    this.#fence ??= fenceOf(this.context.seed)
    return this.#fence
  }

  tryFacts(step: PreparedStep): readonly TryFacts[] {
    return this.tries?.facts(step) ?? []
  }

  ready(step: number): void {
    this.#queue.push(step)
  }

  branchSettled(branch: number): void {
    this.tries?.edgeSettled(branch)
  }

  lost(steps: readonly number[]): void {
    this.cut(steps, new AppError('cancelled', { message: 'Another branch was faster.' }))
  }

  cut(steps: readonly number[], reason: AppError): void {
    if (!this.over) this.#steps.cut(steps, reason)
  }

  hold(): void {
    this.#held += 1
  }

  unhold(): void {
    this.#held -= 1
    if (this.#cause && this.#held === 0) this.abort(this.#cause)
  }

  drain(): void {
    if (this.#draining || this.#held > 0 || this.over) return
    this.#draining = true
    while (this.#next < this.#queue.length && !this.over) {
      const step = this.#queue[this.#next] as number
      this.#next += 1
      this.#steps.start(step)
    }
    this.#queue.length = 0
    this.#next = 0
    this.#draining = false
    if (this.#steps.left === 0 && !this.over) this.#finish()
  }

  #finish(): void {
    const missing = this.result.missing()
    if (missing) {
      const { field, step } = missing
      const node = (this.prepared.steps[step] as PreparedStep).id
      const message = `The required output '${field}' got no value.`
      this.abort(new AppError('no_value', { message, details: { field }, node }))
      return
    }
    this.over = true
    this.#stop()
    this.context.on({ type: 'run-finished', answer: this.result.collected(), totals: this.#closed() })
  }

  #stop(): void {
    this.deadlines.stop()
    this.tries?.stop()
    this.result.close()
  }

  #closed() {
    return closeTotals(this.totals, this.context.facts.variant, this.elapsed())
  }
}
