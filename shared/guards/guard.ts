// Applies a guard to a value: looks, writes the verdict, and passes, rewrites or blocks. Streams: guard-stream.ts.
import type { Outlets } from '../flow/definition.ts'
import { isLive } from '../flow/live.ts'
import { guardStream } from './guard-stream.ts'
import type { GuardArgs } from './judge.ts'
import { blockedValue, Scribe, verdictOf, verdictValue } from './scribe.ts'
import { inspectValue } from './whole.ts'

export async function guard(args: GuardArgs): Promise<Outlets> {
  const { value } = args
  return isLive(value) ? guardStream(args, value) : guardWhole(args)
}

async function guardWhole({ ctx, config, stage, value, judge, map }: GuardArgs): Promise<Outlets> {
  const scribe = new Scribe(ctx, config.stage ?? stage, judge)
  try {
    const { reason, score, spans, rewritten } = await inspectValue(value, judge)
    const done = verdictOf(config.action, reason)
    const pass = done === 'rewritten' ? rewritten() : value
    const verdict = scribe.write({ verdict: done, reason: reason ?? null, score, spans })
    if (done === 'blocked') return { blocked: blockedValue(verdict), verdict: verdictValue(verdict) }
    return { pass, verdict: verdictValue(verdict), ...(map && { map: map() }) }
  } catch (thrown) {
    const verdict = scribe.failed(config, thrown)
    return { pass: value, verdict: verdictValue(verdict), ...(map && { map: map() }) }
  }
}
