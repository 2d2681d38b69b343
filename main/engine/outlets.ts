// What a step returned, put on its edges: at once, when a promise settles, or as a stream (nodes.md 1.1, 1.4).
import { AppError } from '#shared/errors.ts'
import type { Outlets } from '#shared/flow/definition.ts'
import { type AnyLive, isLive } from '#shared/flow/live.ts'
import type { PlanOutlet } from '#shared/flow/plan.ts'
import type { RunEvent, StepStatus } from '#shared/run/events.ts'
import { type StepRun, stepError } from './step.ts'

/** What the outlets of a step need of its Run. */
export interface OutletsHost {
  readonly streaming: boolean
  readonly watching: boolean
  emit(event: RunEvent): void
  /** Settles an edge with a value. */
  give(edge: number, value: unknown): void
  absent(edge: number): void
  /** Ends the step; whatever has not settled is absent. */
  close(step: StepRun, status: StepStatus, error: AppError | null): void
  /** The step failed before an outlet had a value: its error can still be handled. */
  failed(step: StepRun, thrown: unknown): void
  /** The value of an answer field. */
  answer(step: StepRun, value: unknown): void
  drain(): void
}

export function settleOutlets(host: OutletsHost, step: StepRun, outlets: Outlets): void {
  if (step.alive && !failsUnheard(host, step, outlets)) {
    // One more than there is: a stream that is over already must not end the step before its other outlets are put.
    step.open += 1
    for (const outlet of step.step.outlets) {
      put(host, step, outlet, own(step, outlets, outlet.name))
      if (!step.alive) break
    }
    if (step.alive && step.step.plan.answer >= 0) answer(host, step, outlets.value)
    if (step.alive) {
      step.open -= 1
      if (step.open === 0) host.close(step, 'ok', null)
      return
    }
  }
  // Promises that nobody waits for any more must not end the process when they fail.
  for (const value of Object.values(outlets)) if (isPromise(value)) value.then(undefined, () => undefined)
}

function failsUnheard(host: OutletsHost, step: StepRun, outlets: Outlets): boolean {
  for (const outlet of step.step.unheard) {
    const value = own(step, outlets, outlet.name)
    if (value === undefined || isPromise(value)) continue
    host.failed(step, unheardError(outlet, value))
    return true
  }
  return false
}

function put(host: OutletsHost, step: StepRun, outlet: PlanOutlet, value: unknown): void {
  if (value === undefined) for (const edge of outlet.edges) host.absent(edge)
  else if (isPromise(value)) later(host, step, outlet, value)
  else if (isLive(value)) stream(host, step, outlet, value)
  else if (outlet.unhandled && outlet.edges.length === 0) broke(host, step, unheardError(outlet, value))
  else give(host, step, outlet, value)
}

function give(host: OutletsHost, step: StepRun, outlet: PlanOutlet, value: unknown): void {
  step.taken ??= []
  step.taken.push(outlet.name)
  if (host.watching && !outlet.secret) watch(host, step, outlet, value)
  if (outlet.edges.length === 0) return
  if (!step.valued) {
    step.valued = true
    for (const edge of step.step.error) host.absent(edge)
  }
  for (const edge of outlet.edges) host.give(edge, value)
}

function later(host: OutletsHost, step: StepRun, outlet: PlanOutlet, value: PromiseLike<unknown>): void {
  step.open += 1
  value.then(
    (late) => {
      if (!step.alive) return
      put(host, step, outlet, late)
      finished(host, step)
    },
    (thrown: unknown) => broke(host, step, thrown),
  )
}

/** An edge that streams settles at the first part; where none does, the whole value counts and any failure before it. */
function stream(host: OutletsHost, step: StepRun, outlet: PlanOutlet, live: AnyLive): void {
  step.lives ??= []
  step.lives.push(live)
  step.open += 1
  if (!host.streaming || !outlet.streams) {
    live.read({
      part: () => undefined,
      restart: () => undefined,
      end: (value) => {
        if (!step.alive) return
        give(host, step, outlet, value)
        finished(host, step)
      },
      fail: (error) => broke(host, step, error),
    })
    return
  }
  live.watch({
    begin: () => {
      if (!step.alive) return
      give(host, step, outlet, live)
      host.drain()
    },
    over: (error) => {
      if (error) broke(host, step, error)
      else if (step.alive) finished(host, step)
    },
  })
}

function answer(host: OutletsHost, step: StepRun, value: unknown): void {
  if (!isPromise(value)) {
    if (value !== undefined) host.answer(step, value)
    return
  }
  step.open += 1
  value.then(
    (late) => {
      if (!step.alive) return
      if (late !== undefined) host.answer(step, late)
      if (step.alive) finished(host, step)
    },
    (thrown: unknown) => broke(host, step, thrown),
  )
}

/** One of the things that the step waited for has ended well. */
export function finished(host: OutletsHost, step: StepRun): void {
  if (!step.alive) return
  step.open -= 1
  if (step.open === 0) host.close(step, 'ok', null)
  host.drain()
}

/** After a value was given a failure breaks the streams and leaves late outlets absent; before it, it is an error. */
export function broke(host: OutletsHost, step: StepRun, thrown: unknown): void {
  if (!step.alive) return
  if (!step.valued) host.failed(step, thrown)
  else host.close(step, 'failed', stepError(step.step, thrown))
  host.drain()
}

function unheardError(outlet: PlanOutlet, value: unknown): AppError {
  const code = outlet.unhandled as NonNullable<PlanOutlet['unhandled']>
  const reason = (value as { readonly reason?: unknown } | null)?.reason
  return new AppError(
    code as ConstructorParameters<typeof AppError>[0],
    typeof reason === 'string' ? { details: { reason } } : {},
  )
}

function watch(host: OutletsHost, step: StepRun, outlet: PlanOutlet, value: unknown): void {
  const from = { node: step.node, outlet: outlet.name }
  if (!isLive(value)) {
    host.emit({ type: 'step-value', ...from, value })
    return
  }
  value.read({
    part: (part: unknown) => {
      if (typeof part === 'string') host.emit({ type: 'step-text', ...from, text: part })
      return undefined
    },
    restart: () => undefined,
    end: (whole: unknown) => host.emit({ type: 'step-value', ...from, value: whole }),
    fail: () => undefined,
  })
}

/** An outlet may be called `constructor`. */
function own(step: StepRun, outlets: Outlets, name: string): unknown {
  if (!step.step.inherits) return outlets[name]
  return Object.hasOwn(outlets, name) ? outlets[name] : undefined
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
