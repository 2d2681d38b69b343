// The steps of one Run: when one starts, what it is given, and what its end does to the rest (nodes.md 1.1).
import { AppError, errorValue } from '#shared/errors.ts'
import { type AnyLive, isLive } from '#shared/flow/live.ts'
import type { Json } from '#shared/json.ts'
import type { RunEvent, StepStatus } from '#shared/run/events.ts'
import type { Answer } from './answer.ts'
import type { Edges } from './edges.ts'
import { finished, type OutletsHost, settleOutlets } from './outlets.ts'
import type { Prepared, PreparedEdge, PreparedStep } from './prepare.ts'
import { type Reading, Readings } from './readings.ts'
import { runStep } from './run-step.ts'
import { type StepHost, StepRun, stepError, unrun } from './step.ts'
import type { Tries } from './tries.ts'
import { stubOutlets } from './values.ts'

export interface StepsHost extends StepHost {
  readonly prepared: Prepared
  readonly edges: Edges
  readonly tries: Tries | null
  readonly result: Answer
  readonly over: boolean
  /** Goes on with whatever is ready. */
  drain(): void
  degraded(): void
  /** Fails the Run. */
  abort(error: AppError): void
  /** Until `unhold`, a failure of the Run waits and nothing is started. */
  hold(): void
  unhold(): void
}

type State = 0 | 1 | 2 | 3
const waiting = 0
const collecting = 1
const running = 2
const done = 3

type Input = Record<string, unknown>

/**
 * Inherits nothing: an inlet may be called `constructor`, and an absent one is undefined. Unlike objects without a
 * prototype, those of a class have a shape, so that runners read their inlets quickly.
 */
class StepInput {
  [inlet: string]: unknown
}
Object.setPrototypeOf(StepInput.prototype, null)
Reflect.deleteProperty(StepInput.prototype, 'constructor')
const none: readonly never[] = Object.freeze([])

export class Steps implements OutletsHost {
  readonly #run: StepsHost
  readonly #steps: readonly PreparedStep[]
  readonly #states: State[] = []
  readonly #running: (StepRun | null)[] = []
  #readings: Readings | null = null
  #started = 0
  /** Steps that have not ended. */
  left: number

  constructor(run: StepsHost) {
    this.#run = run
    this.#steps = run.prepared.steps
    this.left = this.#steps.length
    for (let i = 0; i < this.left; i += 1) {
      this.#states.push(waiting)
      this.#running.push(null)
    }
  }

  start(index: number): void {
    if (this.#states[index] !== waiting) return
    const step = this.#steps[index] as PreparedStep
    const { plan } = step
    const { edges, tries } = this.#run
    if (plan.gates.length > 0 && tries?.shut(plan.gates)) this.#skip(step, 'standby')
    else if (plan.mode === 'off' || !edges.wanted(step.when)) this.#skip(step, 'skipped')
    else this.#begin(step)
  }

  #begin(step: PreparedStep): void {
    const outcome = step.tries.length > 0 ? (this.#run.tries as Tries).outcome(step.index) : -1
    const input: Input = new StepInput()
    let readings: readonly Reading[] | null
    try {
      readings = this.#gather(step, outcome, input)
    } catch (thrown) {
      // A value that is not what its outlet said, so that it cannot be converted.
      this.#failUnrun(step, input, stepError(step, thrown))
      return
    }
    if (readings === null) this.#skip(step, 'skipped')
    else if (outcome instanceof AppError) this.#failUnrun(step, input, outcome)
    else if (readings.length > 0) this.#collect(step, input, readings)
    else this.#enter(step, input)
  }

  /** Fills `input` and gives the streams that have to be collected for it; null: a required inlet is absent. */
  #gather(step: PreparedStep, outcome: number | AppError, input: Input): readonly Reading[] | null {
    const { edges, tries, streaming } = this.#run
    let readings: Reading[] | null = null
    for (const inlet of step.inlets) {
      if (inlet.branch >= 0) {
        if (inlet.branch === outcome) input[inlet.name] = tries?.value(outcome)
        continue
      }
      const edge = edges.given(inlet)
      if (edge < 0) {
        if (inlet.required) return null
      } else if (streaming && edges.collects(edge)) {
        readings ??= []
        const whole = (value: unknown) => {
          input[inlet.name] = this.#converted(edge, value)
        }
        readings.push({ live: edges.value(edge) as AnyLive, whole })
      } else input[inlet.name] = this.#converted(edge, edges.value(edge))
    }
    return readings ?? none
  }

  #converted(edge: number, value: unknown): unknown {
    const { convert } = this.#run.prepared.edges[edge] as PreparedEdge
    return convert ? convert(value, () => this.#run.fence()) : value
  }

  #skip(step: PreparedStep, status: StepStatus): void {
    this.#states[step.index] = done
    this.left -= 1
    this.emit({ type: 'step-settled', record: unrun(step, status, this.#run.elapsed()) })
    this.#absentAll(step)
  }

  #collect(step: PreparedStep, input: Input, readings: readonly Reading[]): void {
    this.#states[step.index] = collecting
    this.#readings ??= new Readings()
    this.#readings.begin(step.index, readings, {
      done: () => {
        this.#enter(step, input)
        this.drain()
      },
      broke: (error) => {
        this.#failUnrun(step, input, error)
        this.drain()
      },
    })
  }

  #open(step: PreparedStep, input: Input): StepRun | null {
    const { context, tries } = this.#run
    const { maxSteps } = context.limits
    this.#started += 1
    if (this.#started > maxSteps) {
      const message = `A run may take ${maxSteps} steps.`
      this.#run.abort(new AppError('loop_limit', { message, details: { reason: 'steps' } }))
      return null
    }
    const run = new StepRun(this.#run, step, input)
    this.#states[step.index] = running
    this.#running[step.index] = run
    this.emit({ type: 'step-started', step: step.index, node: step.id, atMs: run.atMs })
    tries?.started(step)
    return run
  }

  /** A step that fails of what came to it, without running. */
  #failUnrun(step: PreparedStep, input: Input, error: AppError): void {
    const run = this.#open(step, input)
    if (run) this.failed(run, error)
  }

  #enter(step: PreparedStep, input: Input): void {
    const run = this.#open(step, input)
    if (!run) return
    const { plan } = step
    if (typeof plan.mode === 'object') {
      settleOutlets(this, run, { [plan.mode.to]: input[plan.mode.from] })
    } else if (plan.effects === 'writes' && this.#run.context.facts.stubWrites) {
      settleOutlets(this, run, stubOutlets(plan, input))
    } else runStep(this, run)
  }

  get streaming() {
    return this.#run.streaming
  }

  get watching() {
    return this.#run.context.watch
  }

  emit(event: RunEvent): void {
    this.#run.emit(event)
  }

  give(edge: number, value: unknown): void {
    this.#run.edges.give(edge, value)
  }

  absent(edge: number): void {
    this.#run.edges.absent(edge)
  }

  drain(): void {
    this.#run.drain()
  }

  answer(run: StepRun, value: unknown): void {
    const { result } = this.#run
    const field = run.step.plan.answer
    if (isLive(value)) {
      run.open += 1
      result.read(field, value, {
        streams: this.streaming,
        done: () => finished(this, run),
        fail: (error) => this.failed(run, error),
      })
      return
    }
    try {
      result.take(field, value)
    } catch (thrown) {
      this.failed(run, thrown)
    }
  }

  close(run: StepRun, status: StepStatus, error: AppError | null): void {
    if (this.#run.over) return
    this.#end(run, status, error)
    this.#absentAll(run.step)
  }

  failed(run: StepRun, thrown: unknown): void {
    if (this.#run.over || !run.alive) return
    const { plan, capture, error: caught } = run.step
    const error = stepError(run.step, thrown)
    const values = caught.length === 0 && capture < 0 && plan.policy.onError === 'default'
    if (values) this.#default(run, error)
    else this.#end(run, 'failed', error)
    if (caught.length > 0) {
      const value = errorValue(error)
      for (const edge of caught) this.give(edge, value)
    } else if (capture >= 0) this.#run.tries?.memberFailed(capture, error)
    else if (!values) this.#run.abort(error)
    this.#absentAll(run.step)
  }

  #default(run: StepRun, error: AppError): void {
    const { outlets } = run.step
    const { policy } = run.step.plan
    const values = (policy.default ?? {}) as Readonly<Record<string, Json>>
    const taken = outlets.filter((outlet) => Object.hasOwn(values, outlet.name))
    run.taken = taken.map((outlet) => outlet.name)
    this.#run.degraded()
    this.#end(run, 'failed', error)
    for (const outlet of taken) for (const edge of outlet.edges) this.give(edge, values[outlet.name])
  }

  #end(run: StepRun, status: StepStatus, error: AppError | null): void {
    const { index } = run.step
    this.#states[index] = done
    this.#running[index] = null
    this.left -= 1
    // Its streams break with it, and whoever reads them may fail the Run: that comes after the record of this step.
    if (error) this.#run.hold()
    run.end(error)
    leavePlace(run)
    this.emit({ type: 'step-settled', record: run.record(status, error) })
    if (error) this.#run.unhold()
  }

  #absentAll(step: PreparedStep): void {
    for (const edge of step.edges) this.absent(edge)
  }

  /** Ends steps that are no longer wanted: first all of them, then their edges, so that none starts another. */
  cut(indexes: readonly number[], reason: AppError): void {
    const ended: PreparedStep[] = []
    this.#run.hold()
    for (const index of indexes) {
      if (this.#states[index] === done) continue
      const step = this.#steps[index] as PreparedStep
      const run = this.#running[index]
      ended.push(step)
      this.#states[index] = done
      this.#running[index] = null
      this.left -= 1
      if (run) this.#abort(run, reason)
      else this.#cutUnrun(step)
    }
    for (const step of ended) this.#absentAll(step)
    this.#run.unhold()
  }

  #cutUnrun(step: PreparedStep): void {
    const status = this.#readings?.stop(step.index) ? 'aborted' : 'skipped'
    this.emit({ type: 'step-settled', record: unrun(step, status, this.#run.elapsed()) })
  }

  #abort(run: StepRun, reason: AppError): void {
    // A stream that broke tells its readers first, and one of them may end the step before it says so itself.
    const own = run.lives?.find((live) => live.error)?.error
    run.end(own ?? reason)
    leavePlace(run)
    this.#run.context.on({
      type: 'step-settled',
      record: run.record(own ? 'failed' : 'aborted', own ?? reason),
    })
  }

  /** The Run is over: whatever runs is aborted. */
  abortAll(reason: AppError): void {
    this.#readings?.stopAll()
    for (const run of this.#running) if (run) this.#abort(run, reason)
  }
}

function leavePlace(run: StepRun): void {
  if (!run.placed) return
  run.placed = false
  run.step.places?.free()
}
