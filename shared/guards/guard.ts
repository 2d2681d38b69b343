// Applies a guard to a value: looks, writes the verdict, and passes, rewrites or blocks. Streams: guard-stream.ts.
import type { GuardVerdict, Outlets } from '../flow/definition.ts'
import { isLive } from '../flow/live.ts'
import { guardStream } from './guard-stream.ts'
import type { GuardArgs } from './judge.ts'
import { blockedValue, Scribe, verdictOf, verdictValue } from './scribe.ts'
import { inspectValue, type Seen } from './whole.ts'

export function guard(args: GuardArgs): Outlets | Promise<Outlets> {
  const { value } = args
  return isLive(value) ? guardStream(args, value) : guardWhole(args)
}

function guardWhole(args: GuardArgs): Outlets | Promise<Outlets> {
  const { ctx, config, stage, value, judge } = args
  const scribe = new Scribe(ctx, config.stage ?? stage, judge)
  try {
    const seen = inspectValue(value, judge)
    if (!(seen instanceof Promise)) return judged(args, scribe, seen)
    return seen
      .then((late) => judged(args, scribe, late))
      .catch((thrown: unknown) => unjudged(args, scribe, thrown))
  } catch (thrown) {
    return unjudged(args, scribe, thrown)
  }
}

function judged({ config, value, map }: GuardArgs, scribe: Scribe, seen: Seen): Outlets {
  const { reason, score, spans } = seen
  const done = verdictOf(config.action, reason)
  const pass = done === 'rewritten' ? seen.rewritten() : value
  const verdict = scribe.write({ verdict: done, reason: reason ?? null, score, spans })
  if (done === 'blocked') return { blocked: blockedValue(verdict), verdict: verdictValue(verdict) }
  return passed(pass, verdict, map)
}

function unjudged({ config, value, map }: GuardArgs, scribe: Scribe, thrown: unknown): Outlets {
  return passed(value, scribe.failed(config, thrown), map)
}

function passed(pass: unknown, verdict: GuardVerdict, map: GuardArgs['map']): Outlets {
  const value = verdictValue(verdict)
  return map ? { pass, verdict: value, map: map() } : { pass, verdict: value }
}
