// Runs a prepared Plan: edges settle once, a step starts when what it waits for has settled (nodes.md 1.1). Everything
// that can be is synchronous: a Plan without I/O is over before `execute` returns.
import { AppError, errorValue } from '#shared/errors.ts'
import type { Outlets, TryFacts } from '#shared/flow/definition.ts'
import { type AnyLive, isLive } from '#shared/flow/live.ts'
import type { Json } from '#shared/json.ts'
import type { RunEvent, StepStatus } from '#shared/run/events.ts'
import { Answer } from './answer.ts'
import type { RunContext, RunHandle } from './effects.ts'
import { fenceOf } from './fence.ts'
import { purseOf } from './money.ts'
import { broke, finished, type OutletsHost, settleOutlets } from './outlets.ts'
import type { Prepared, PreparedInlet, PreparedStep } from './prepare.ts'
import { pauseBefore } from './retry.ts'
import { type StepHost, StepRun, stepError, unrun } from './step.ts'
import { closeTotals, newTotals } from './totals.ts'
import { Tries, type TriesHost } from './tries.ts'
import { stubOutlets } from './values.ts'

/**
 * Events come through `context.on`, in order and synchronously, also while this is being called; exactly one
 * `run-finished` or `run-failed` is last.
 */
export function execute(prepared: Prepared, context: RunContext): RunHandle {
  const run = new Execution(prepared, context)
  run.begin()
  return run
}

type EdgeState = 0 | 1 | 2
const unsettled = 0
const valued = 1
const absent = 2

type StepState = 0 | 1 | 2 | 3
const waiting = 0
const collecting = 1
const running = 2
const done = 3

/** A streamed value on an inlet that needs it whole. */
interface Reading {
  readonly inlet: PreparedInlet
  readonly edge: number
  readonly live: AnyLive
}

class Execution implements RunHandle, StepHost, OutletsHost, TriesHost {
  readonly prepared: Prepared
  readonly context: RunContext
  readonly streaming: boolean
  readonly watching: boolean
  readonly totals = newTotals()
  readonly purse
  readonly #answer: Answer
  readonly #tries: Tries | null
  readonly #edges: EdgeState[] = []
  readonly #values: unknown[] = []
  readonly #steps: StepState[] = []
  readonly #pending: number[]
  readonly #running: (StepRun | null)[] = []
  /** Stops what a step collects, by step. */
  #readings: Map<number, () => void> | null = null
  /** Edges that won a race, by step and inlet. */
  #won: Set<number> | null = null
  #queue: number[]
  #next = 0
  #left: number
  #started = 0
  #draining = false
  #over = false
  /** Steps are being ended together: a failure of the Run that follows from it waits until all are. */
  #cutting = 0
  #cause: AppError | null = null
  #startTicks = 0
  #fence: ((text: string) => string) | null = null
  #stopTimer: (() => void) | null = null

  constructor(prepared: Prepared, context: RunContext) {
    this.prepared = prepared
    this.context = context
    this.streaming = context.stream && prepared.plan.streams
    this.watching = context.watch
    this.purse = purseOf(context.effects, context.limits.maxCostUsd, context.ledger)
    this.#answer = new Answer(this, context.limits.answerBytes)
    this.#tries = prepared.branches.length > 0 ? new Tries(this) : null
    for (let i = 0; i < prepared.edges.length; i += 1) this.#edges.push(unsettled)
    for (let i = 0; i < prepared.steps.length; i += 1) {
      this.#steps.push(waiting)
      this.#running.push(null)
    }
    this.#pending = prepared.pending.slice()
    this.#queue = prepared.start.slice()
    this.#left = prepared.steps.length
  }

  begin(): void {
    const { clock } = this.context.effects
    this.#startTicks = clock.ticks()
    this.emit({ type: 'run-started', run: this.context.facts.id, at: clock.now() })
    this.drain()
    if (this.#over) return
    const { timeoutMs } = this.context.limits
    this.#stopTimer = clock.after(timeoutMs, () => {
      this.abort(new AppError('timeout', { message: `The run took longer than ${timeoutMs} ms.` }))
    })
  }

  // ------------------------------------------------------------------------------------------------ from outside

  abort(error: AppError): void {
    if (this.#over) return
    if (this.#cutting > 0) {
      this.#cause ??= error
      return
    }
    this.#over = true
    this.#stop()
    for (const run of this.#running) {
      if (run) this.#cut(run, error)
    }
    this.context.on({ type: 'run-failed', error, answer: this.#collected(), totals: this.#closed() })
  }

  pause(): void {
    this.#answer.pause()
  }

  resume(): void {
    this.#answer.resume()
  }

  // ------------------------------------------------------------------------------------------------ for its parts

  get clock() {
    return this.context.effects.clock
  }

  elapsed(): number {
    return this.context.effects.clock.ticks() - this.#startTicks
  }

  emit(event: RunEvent): void {
    if (!this.#over) this.context.on(event)
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
    return this.#tries?.facts(step) ?? []
  }

  settled(edge: number): { readonly value: unknown } | 'absent' | undefined {
    if (this.#edges[edge] === unsettled) return undefined
    return this.#edges[edge] === valued ? { value: this.#values[edge] } : 'absent'
  }

  release(step: number): void {
    const left = (this.#pending[step] as number) - 1
    this.#pending[step] = left
    if (left === 0) this.#queue.push(step)
  }

  give(edge: number, value: unknown): void {
    if (this.#edges[edge] !== unsettled) return
    this.#edges[edge] = valued
    this.#values[edge] = value
    this.#arrived(edge)
  }

  absent(edge: number): void {
    if (this.#edges[edge] !== unsettled) return
    this.#edges[edge] = absent
    this.#arrived(edge)
  }

  drain(): void {
    if (this.#draining || this.#cutting > 0 || this.#over) return
    this.#draining = true
    while (this.#next < this.#queue.length && !this.#over) {
      const index = this.#queue[this.#next] as number
      this.#next += 1
      this.#start(this.prepared.steps[index] as PreparedStep)
    }
    this.#queue = []
    this.#next = 0
    this.#draining = false
    if (this.#left === 0 && !this.#over) this.#finish()
  }

  // ------------------------------------------------------------------------------------------------ edges

  #arrived(edge: number): void {
    const { to, branch, race } = this.prepared.edges[edge] as Prepared['edges'][number]
    if (branch >= 0) this.#tries?.edgeSettled(branch)
    else if (race) this.#raced(edge, race)
    else this.release(to)
  }

  #raced(edge: number, race: NonNullable<Prepared['edges'][number]['race']>): void {
    if (race.edges.some((other) => this.#won?.has(other))) return
    if (this.#edges[edge] === valued) {
      this.#won ??= new Set()
      this.#won.add(edge)
      this.release(race.step)
      const lost = race.edges.flatMap((other) => (other === edge ? [] : (race.feeders.get(other) ?? [])))
      this.abortSteps(lost, new AppError('cancelled', { message: 'Another branch was faster.' }))
    } else if (race.edges.every((other) => this.#edges[other] === absent)) this.release(race.step)
  }

  /** The edge that has a value for this inlet, or -1. */
  #given(inlet: PreparedInlet): number {
    for (const edge of inlet.edges) {
      if (this.#edges[edge] === valued && (!inlet.race || this.#won?.has(edge))) return edge
    }
    return -1
  }

  // ------------------------------------------------------------------------------------------------ steps

  #start(step: PreparedStep): void {
    if (this.#steps[step.index] !== waiting) return
    const { plan, tries } = step
    if (plan.gates.length > 0 && this.#tries?.shut(plan.gates)) {
      this.#skip(step, 'standby')
      return
    }
    if (plan.mode === 'off' || !this.#wanted(plan.when)) {
      this.#skip(step, 'skipped')
      return
    }
    const outcome = tries.length > 0 ? (this.#tries as Tries).outcome(step.index) : -1
    const input: Record<string, unknown> = {}
    let readings: Reading[] | null = null
    for (const inlet of step.inlets) {
      if (inlet.branch >= 0) {
        if (inlet.branch === outcome) input[inlet.name] = this.#tries?.value(outcome)
        continue
      }
      const edge = this.#given(inlet)
      if (edge < 0) {
        if (!inlet.required) continue
        this.#skip(step, 'skipped')
        return
      }
      const value = this.#values[edge]
      if (this.streaming && isLive(value) && !this.#streams(edge)) {
        readings ??= []
        readings.push({ inlet, edge, live: value })
      } else input[inlet.name] = this.#convert(edge, value)
    }
    if (outcome instanceof AppError) this.#fail(step, input, outcome)
    else if (readings) this.#collect(step, input, readings)
    else this.#enter(step, input)
  }

  #streams(edge: number): boolean {
    return (this.prepared.edges[edge] as Prepared['edges'][number]).streams
  }

  #convert(edge: number, value: unknown): unknown {
    const { convert } = this.prepared.edges[edge] as Prepared['edges'][number]
    return convert ? convert(value, () => this.fence()) : value
  }

  #wanted(when: readonly number[]): boolean {
    if (when.length === 0) return true
    for (const edge of when) if (this.#edges[edge] === valued) return true
    return false
  }

  #skip(step: PreparedStep, status: StepStatus): void {
    this.#steps[step.index] = done
    this.#left -= 1
    this.emit({ type: 'step-settled', record: unrun(step, status, this.elapsed()) })
    for (const edge of step.edges) this.absent(edge)
  }

  /** Reads the streams that this step needs whole. A stream that breaks is this step's failure (nodes.md 1.4.3). */
  #collect(step: PreparedStep, input: Record<string, unknown>, readings: readonly Reading[]): void {
    this.#steps[step.index] = collecting
    let left = readings.length
    const broken = (error: AppError) => {
      if (this.#steps[step.index] !== collecting) return
      stop()
      this.#fail(step, input, error)
      this.drain()
    }
    const subscriptions = readings.map(({ inlet, edge, live }) =>
      live.read({
        part: () => undefined,
        restart: () => undefined,
        end: (whole) => {
          if (this.#steps[step.index] !== collecting) return
          input[inlet.name] = this.#convert(edge, whole)
          left -= 1
          if (left > 0) return
          this.#readings?.delete(step.index)
          this.#enter(step, input)
          this.drain()
        },
        fail: broken,
      }),
    )
    const stop = () => {
      this.#readings?.delete(step.index)
      for (const subscription of subscriptions) subscription.cancel()
    }
    this.#readings ??= new Map()
    this.#readings.set(step.index, stop)
  }

  #open(step: PreparedStep, input: Readonly<Record<string, unknown>>): StepRun | null {
    this.#started += 1
    const { maxSteps } = this.context.limits
    if (this.#started > maxSteps) {
      this.abort(
        new AppError('loop_limit', {
          message: `A run may take ${maxSteps} steps.`,
          details: { reason: 'steps' },
        }),
      )
      return null
    }
    const run = new StepRun(this, step, input)
    this.#steps[step.index] = running
    this.#running[step.index] = run
    this.emit({ type: 'step-started', step: step.index, node: step.id, atMs: run.atMs })
    this.#tries?.started(step)
    return run
  }

  /** A step that fails of what came to it, without running. */
  #fail(step: PreparedStep, input: Readonly<Record<string, unknown>>, error: AppError): void {
    const run = this.#open(step, input)
    if (run) this.failed(run, error)
  }

  #enter(step: PreparedStep, input: Readonly<Record<string, unknown>>): void {
    const run = this.#open(step, input)
    if (!run) return
    const { plan, places } = step
    if (typeof plan.mode === 'object') {
      settleOutlets(this, run, { [plan.mode.to]: input[plan.mode.from] })
    } else if (plan.effects === 'writes' && this.context.facts.stubWrites) {
      settleOutlets(this, run, stubOutlets(plan, input))
    } else if (!places) this.#invoke(run)
    else {
      const then = () => {
        if (!run.alive) {
          places.free()
          return
        }
        run.offEnd(leave)
        run.placed = true
        this.#invoke(run)
        this.drain()
      }
      const leave = () => places.leave(then)
      if (places.take(then)) {
        run.placed = true
        this.#invoke(run)
      } else {
        run.onEnd(leave)
        this.#limit(run)
      }
    }
  }

  #invoke(run: StepRun): void {
    const { step, input } = run
    run.calls += 1
    let outlets: Outlets | Promise<Outlets>
    try {
      outlets = step.run({ config: step.plan.config, ready: step.ready, input, ctx: run })
    } catch (thrown) {
      this.#threw(run, thrown)
      return
    }
    if (!(outlets instanceof Promise)) {
      this.#returned(run, outlets)
      return
    }
    this.#limit(run)
    outlets.then(
      (late) => {
        this.#returned(run, late)
        this.drain()
      },
      (thrown: unknown) => {
        this.#threw(run, thrown)
        this.drain()
      },
    )
  }

  /** Starts the clock of `policy.timeout_ms`, once. */
  #limit(run: StepRun): void {
    const { timeoutMs } = run.step.plan.policy
    if (timeoutMs === null || run.limited) return
    run.limited = true
    run.after(timeoutMs, () => {
      broke(
        this,
        run,
        new AppError('upstream_timeout', {
          message: `The step took longer than ${timeoutMs} ms.`,
          node: run.node,
        }),
      )
    })
  }

  #returned(run: StepRun, outlets: Outlets): void {
    if (!run.alive) return
    settleOutlets(this, run, outlets)
  }

  /** `run` threw. Model calls have had their own retries; everything else is repeated as a whole. */
  #threw(run: StepRun, thrown: unknown): void {
    if (!run.alive) return
    const error = stepError(run.step, thrown)
    run.blame(error.code)
    const pause = run.modelCalls === 0 ? pauseBefore(run, error, run.calls) : null
    if (pause === null) {
      this.failed(run, error)
      return
    }
    run.waitedMs = pause
    this.#limit(run)
    run.after(pause, () => {
      this.#invoke(run)
      this.drain()
    })
  }

  // ------------------------------------------------------------------------------------------------ ends of steps

  close(run: StepRun, status: StepStatus, error: AppError | null): void {
    if (this.#over) return
    this.#end(run, status, error)
    for (const edge of run.step.edges) this.absent(edge)
  }

  #end(run: StepRun, status: StepStatus, error: AppError | null): void {
    const { index } = run.step
    run.end(null)
    this.#steps[index] = done
    this.#running[index] = null
    this.#left -= 1
    this.#leavePlace(run)
    this.emit({ type: 'step-settled', record: run.record(status, error) })
  }

  #leavePlace(run: StepRun): void {
    if (!run.placed) return
    run.placed = false
    run.step.places?.free()
  }

  failed(run: StepRun, thrown: unknown): void {
    if (this.#over) return
    const { plan, capture } = run.step
    const error = stepError(run.step, thrown)
    if (plan.error.length > 0) {
      this.#end(run, 'failed', error)
      const value = errorValue(error)
      for (const edge of plan.error) this.give(edge, value)
    } else if (capture >= 0) {
      this.#end(run, 'failed', error)
      this.#tries?.memberFailed(capture, error)
    } else if (plan.policy.onError === 'default') {
      this.#default(run, error)
    } else {
      this.#end(run, 'failed', error)
      this.abort(error)
    }
    for (const edge of run.step.edges) this.absent(edge)
  }

  #default(run: StepRun, error: AppError): void {
    const values = (run.step.plan.policy.default ?? {}) as Readonly<Record<string, Json>>
    const outlets = run.step.plan.outlets.filter((outlet) => Object.hasOwn(values, outlet.name))
    run.taken = outlets.map((outlet) => outlet.name)
    this.degraded()
    this.#end(run, 'failed', error)
    for (const outlet of outlets) for (const edge of outlet.edges) this.give(edge, values[outlet.name])
  }

  /** Ends steps that are no longer wanted: first all of them, then their edges, so that none starts another. */
  abortSteps(indexes: readonly number[], reason: AppError): void {
    const ended: PreparedStep[] = []
    this.#cutting += 1
    for (const index of indexes) {
      const step = this.prepared.steps[index] as PreparedStep
      if (this.#steps[index] === done) continue
      ended.push(step)
      const run = this.#running[index]
      this.#steps[index] = done
      this.#running[index] = null
      this.#left -= 1
      if (run) this.#cut(run, reason)
      else {
        const status = this.#readings?.has(index) ? 'aborted' : 'skipped'
        this.#readings?.get(index)?.()
        this.emit({ type: 'step-settled', record: unrun(step, status, this.elapsed()) })
      }
    }
    this.#cutting -= 1
    if (this.#cause) this.abort(this.#cause)
    else for (const step of ended) for (const edge of step.edges) this.absent(edge)
  }

  #cut(run: StepRun, reason: AppError): void {
    // A stream that broke tells its readers first, and one of them may end the step before it says so itself.
    const own = run.lives?.find((live) => live.error)?.error
    run.end(own ?? reason)
    this.#leavePlace(run)
    this.context.on({ type: 'step-settled', record: run.record(own ? 'failed' : 'aborted', own ?? reason) })
  }

  // ------------------------------------------------------------------------------------------------ the answer

  answer(run: StepRun, value: unknown): void {
    const field = this.prepared.plan.answer.fields[run.step.plan.answer]
    if (!field) return
    const pending = {
      field,
      done: () => finished(this, run),
      fail: (error: AppError) => {
        if (run.alive) this.failed(run, error)
      },
    }
    if (!isLive(value)) {
      try {
        this.#answer.put(field, value)
      } catch (thrown) {
        this.failed(run, thrown)
      }
      return
    }
    run.open += 1
    if (this.streaming && field.stream && field.share) this.#answer.forward(value, pending)
    else this.#answer.hold(value, pending)
  }

  #finish(): void {
    for (const { field, required, step } of this.prepared.plan.answer.fields) {
      if (!required || this.#answer.has(field)) continue
      const node = this.prepared.steps[step]?.id
      this.abort(
        new AppError('no_value', {
          message: `The required output '${field}' got no value.`,
          details: { field },
          ...(node === undefined ? {} : { node }),
        }),
      )
      return
    }
    this.#over = true
    this.#stop()
    this.context.on({ type: 'run-finished', answer: this.#collected(), totals: this.#closed() })
  }

  #stop(): void {
    this.#stopTimer?.()
    this.#tries?.stop()
    this.#answer.close()
    for (const stop of this.#readings?.values() ?? []) stop()
  }

  #collected(): Record<string, unknown> {
    return this.#answer.collected(this.prepared.plan.answer.fields)
  }

  #closed() {
    return closeTotals(this.totals, this.context.facts.variant, this.elapsed())
  }
}
