// The runner of a step is called: when there is a place for it, within its time, and again where its policy says so.
import { AppError } from '#shared/errors.ts'
import type { Outlets } from '#shared/flow/definition.ts'
import { broke, type OutletsHost, settleOutlets } from './outlets.ts'
import type { Places } from './places.ts'
import { pauseBefore } from './retry.ts'
import { type StepRun, stepError } from './step.ts'

export function runStep(host: OutletsHost, run: StepRun): void {
  const { places } = run.step
  if (places) inPlace(host, run, places)
  else invoke(host, run)
}

/** Waiting for a place counts as time of the step. */
function inPlace(host: OutletsHost, run: StepRun, places: Places): void {
  const then = () => {
    if (!run.alive) {
      places.free()
      return
    }
    run.offEnd(leave)
    run.placed = true
    invoke(host, run)
    host.drain()
  }
  const leave = () => places.leave(then)
  if (places.take(then)) {
    run.placed = true
    invoke(host, run)
    return
  }
  run.onEnd(leave)
  limit(host, run)
}

function invoke(host: OutletsHost, run: StepRun): void {
  const { step, input } = run
  run.calls += 1
  let outlets: Outlets | Promise<Outlets>
  try {
    outlets = step.run({ config: step.plan.config, ready: step.ready, input, ctx: run })
  } catch (thrown) {
    threw(host, run, thrown)
    return
  }
  if (!(outlets instanceof Promise)) {
    settle(host, run, outlets)
    return
  }
  limit(host, run)
  outlets.then(
    (late) => {
      settle(host, run, late)
      host.drain()
    },
    (thrown: unknown) => {
      threw(host, run, thrown)
      host.drain()
    },
  )
}

/** A node that gives back something else than outlets fails, and not the process with it. */
function settle(host: OutletsHost, run: StepRun, outlets: Outlets): void {
  try {
    settleOutlets(host, run, outlets)
  } catch (thrown) {
    host.failed(run, thrown)
  }
}

/** Starts the clock of `policy.timeout_ms`, once. */
function limit(host: OutletsHost, run: StepRun): void {
  const { timeoutMs } = run.step.plan.policy
  if (timeoutMs === null || run.deadline || !run.alive) return
  run.deadline = run.host.deadlines.add(timeoutMs, () => {
    const message = `The step took longer than ${timeoutMs} ms.`
    broke(host, run, new AppError('upstream_timeout', { message, node: run.node }))
  })
}

/** Model calls have had their own retries; everything else is repeated as a whole. */
function threw(host: OutletsHost, run: StepRun, thrown: unknown): void {
  if (!run.alive) return
  const error = stepError(run.step, thrown)
  run.blame(error.code)
  const pause = run.modelCalls === 0 ? pauseBefore(run, error, run.calls) : null
  if (pause === null) {
    host.failed(run, error)
    return
  }
  run.waitedMs = pause
  limit(host, run)
  run.after(pause, () => {
    invoke(host, run)
    host.drain()
  })
}
