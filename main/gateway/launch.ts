// From an admitted, understood call to a running Run: its context, its record, its reply, and its end.
import type { Ledger, RunContext, RunLimits } from '#main/engine/effects.ts'
import { AppError, toAppError } from '#shared/errors.ts'
import type { RunFacts } from '#shared/flow/definition.ts'
import type { RunEvent, RunTotals } from '#shared/run/events.ts'
import type { Recorder } from '#shared/run/record.ts'
import type { Admission } from './admit.ts'
import { remember } from './estimate.ts'
import type { EventBuffer } from './event-buffer.ts'
import { checkFit } from './fit.ts'
import type { LiveRun } from './live-runs.ts'
import type { KeyEntry, ServedVersion } from './ports.ts'
import type { Reply, ReplyParts } from './respond.ts'
import type { Service } from './service.ts'
import { answerShape } from './surfaces/answer.ts'
import type { Begun, Given } from './surfaces/call.ts'

export interface Launch {
  readonly begun: Begun
  readonly key: KeyEntry
  readonly version: ServedVersion
  readonly facts: RunFacts
  readonly limits: RunLimits
  readonly ledger: Ledger | null
  readonly seed: number
  readonly stream: boolean
  readonly hops: number
  readonly mustFit: Given['mustFit']
  readonly admission: Admission
  readonly buffer: EventBuffer | undefined
  /** Without a reader the Run goes on for so long; null: to its end. */
  readonly lingerMs: number | null
  readonly recording: Recorder
  readonly reply: (control: ReplyParts['control']) => Reply
}

type RunEnd = Extract<RunEvent, { type: 'run-finished' | 'run-failed' }>

/** The Run is known and can be cancelled from now on; `start` begins it. */
export function launch(parts: Launch, service: Service): { readonly run: LiveRun; start(): void } {
  const { begun, admission, recording } = parts
  const { prepared } = parts.version
  const { live, engine, deps } = service
  const shape = answerShape(prepared.plan)
  let finish: string | null = null
  let stopLinger: (() => void) | undefined
  /** The one who began it is the first. */
  let readers = 1

  const run: LiveRun = {
    slot: -1,
    begun,
    key: parts.key,
    hops: parts.hops,
    buffer: parts.buffer,
    handle: undefined,
    row: undefined,
    abort(error) {
      if (run.handle) run.handle.abort(error)
      // It waits for its place and has no engine to end it.
      else if (run.row === undefined) end({ type: 'run-failed', error, answer: {}, totals: nothing })
    },
    joined() {
      readers += 1
      stopLinger?.()
    },
    left() {
      readers -= 1
      if (readers > 0 || parts.lingerMs === null || run.row !== undefined) return
      const cancel = () => run.abort(new AppError('cancelled', { message: 'The caller left.' }))
      if (parts.lingerMs === 0) return cancel()
      stopLinger?.()
      stopLinger = deps.effects.clock.after(parts.lingerMs, cancel)
    },
  }
  const reply = parts.reply({
    pause: () => run.handle?.pause(),
    resume: () => run.handle?.resume(),
    abort: (error) => run.abort(error),
    left: () => run.left(),
  })

  /** The engine trusts its listener not to throw: a bug of ours ends this Run and no other. */
  function on(event: RunEvent): void {
    if (run.row !== undefined) return
    try {
      if (event.type === 'run-finished') end(fitted(event))
      else if (event.type === 'run-failed') end(event)
      else {
        if (event.type === 'step-settled') finish = event.record.models.at(-1)?.finish ?? finish
        recording.on(event)
        reply.event(event)
      }
    } catch (thrown) {
      run.abort(toAppError(thrown))
    }
  }
  function fitted(event: Extract<RunEvent, { type: 'run-finished' }>): RunEnd {
    if (parts.mustFit === null) return event
    const error = checkFit(parts.mustFit, event.answer[shape.main ?? ''], engine)
    return error ? { ...event, type: 'run-failed', error } : event
  }
  function end(event: RunEnd): void {
    if (run.row !== undefined) return
    stopLinger?.()
    recording.on(event)
    run.row = recording.row()
    admission.release()
    live.end(run)
    deps.log.push(run.row)
    try {
      tell(event)
    } catch (thrown) {
      reply.failed(toAppError(thrown), event.totals)
    }
  }
  function tell(event: RunEnd): void {
    if (event.type === 'run-failed') reply.failed(event.error, event.totals)
    else {
      remember(parts.version, event.totals)
      reply.finished({ answer: shape.whole(event.answer), totals: event.totals, finish })
    }
  }

  live.add(run)
  return {
    run,
    start() {
      if (run.row !== undefined) return
      const { facts, limits, ledger, seed, stream } = parts
      const context: RunContext = {
        facts,
        effects: deps.effects,
        limits,
        ledger,
        seed,
        stream,
        watch: false,
        on,
      }
      try {
        run.handle = engine.execute(prepared, context)
      } catch (thrown) {
        end({ type: 'run-failed', error: toAppError(thrown), answer: {}, totals: nothing })
      }
    },
  }
}

const nothing: RunTotals = Object.freeze({
  usage: { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 },
  modelCalls: 0,
  attempts: 0,
  costUsd: 0,
  ms: 0,
  servedBy: null,
  variant: null,
  degraded: false,
  warnings: [],
})
