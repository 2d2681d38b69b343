// Models that answer as a test says, on a virtual clock: an answer in parts with gaps, a failure, or nothing at all.
import type { ModelAttempt, Models, TargetFacts } from '#main/engine/effects.ts'
import { AppError, type ErrorCode } from '#shared/errors.ts'
import type { ChatResponse, FinishReason, ModelWarning, StreamEvent, Usage } from '#shared/model/chat.ts'
import { foldStream } from '#shared/model/reduce.ts'
import type { VirtualClock } from './virtual-clock.ts'

export interface Reply {
  /** Parts of a text answer. */
  readonly parts?: readonly string[]
  /** Before the first part (or the failure). */
  readonly afterMs?: number
  /** Between parts. */
  readonly everyMs?: number
  /** Fails: at once, or after the parts. */
  readonly error?: ErrorCode
  readonly retryAfterMs?: number
  readonly retryable?: boolean
  readonly reason?: string
  readonly finish?: FinishReason
  readonly usage?: Usage
  /** In the middle of a stream, before a cut. */
  readonly usageAtFirst?: boolean
  /** Whole events instead of parts of a text. */
  readonly events?: readonly StreamEvent[]
  readonly warnings?: readonly ModelWarning[]
  /** Never answers; ends only by being aborted. */
  readonly hang?: true
}

export interface Call {
  readonly target: string
  readonly node: string
  readonly at: number
  readonly streamed: boolean
  readonly attempt: ModelAttempt
  /** When it was aborted. */
  abortedAt: number | null
  /** Parts given so far. */
  given: number
  paused: boolean
}

export const usageOf = (input: number, output: number): Usage => ({
  input,
  cacheRead: 0,
  cacheWrite: 0,
  output,
  reasoning: 0,
})

export interface ScriptedModels extends Models {
  readonly calls: Call[]
}

interface Options {
  readonly facts?: Readonly<Record<string, Partial<TargetFacts>>>
  /** US dollars per token, in and out; null: unknown. */
  readonly price?: number | null
}

/** By target: its answers in order, the last one again and again. */
export function scriptedModels(
  clock: VirtualClock,
  script: Readonly<Record<string, readonly Reply[]>>,
  options: Options = {},
): ScriptedModels {
  const calls: Call[] = []
  const used = new Map<string, number>()

  function next(attempt: ModelAttempt, streamed: boolean): { reply: Reply; call: Call } {
    const replies = script[attempt.target] ?? [{ error: 'upstream_unavailable' }]
    const number = used.get(attempt.target) ?? 0
    used.set(attempt.target, number + 1)
    const { target, node } = attempt
    const call: Call = {
      target,
      node,
      at: clock.ticks(),
      streamed,
      attempt,
      abortedAt: null,
      given: 0,
      paused: false,
    }
    calls.push(call)
    return { reply: replies[Math.min(number, replies.length - 1)] as Reply, call }
  }

  return {
    calls,
    chat: (attempt) => {
      const { reply, call } = next(attempt, false)
      return new Promise((resolve, reject) => {
        const events = eventsOf(reply, attempt.target)
        const total =
          (reply.afterMs ?? 0) + (reply.everyMs ?? 0) * Math.max(0, (reply.parts?.length ?? 1) - 1)
        const limit = attempt.firstTokenMs
        const cancels = [
          ...(reply.hang
            ? []
            : [
                clock.after(total, () => {
                  stop()
                  if (reply.error) reject(errorOf(reply, attempt.target))
                  else resolve(responseOf(events, reply, total))
                }),
              ]),
          ...(limit === null
            ? []
            : [
                clock.after(limit, () => {
                  stop()
                  reject(new AppError('upstream_timeout'))
                }),
              ]),
        ]
        const abort = () => {
          stop()
          call.abortedAt = clock.ticks()
          reject(attempt.signal.reason as AppError)
        }
        const stop = () => {
          for (const cancel of cancels) cancel()
          attempt.signal.removeEventListener('abort', abort)
        }
        attempt.signal.addEventListener('abort', abort)
      })
    },
    stream: (attempt, on) => {
      const { reply, call } = next(attempt, true)
      const events = eventsOf(reply, attempt.target)
      let at = 0
      let ended = false
      let cancel: () => void = () => undefined
      const limit = attempt.firstTokenMs
      const cancelLimit =
        limit === null
          ? () => undefined
          : clock.after(limit, () => {
              if (call.given === 0) give({ type: 'error', error: providerError('upstream_timeout', reply) })
            })
      const end = () => {
        ended = true
        cancel()
        cancelLimit()
        attempt.signal.removeEventListener('abort', abort)
      }
      const give = (event: StreamEvent) => {
        if (event.type === 'finish' || event.type === 'error') end()
        if (event.type === 'text-delta') call.given += 1
        if (on(event) === false) call.paused = true
      }
      const abort = () => {
        end()
        call.abortedAt = clock.ticks()
      }
      const step = () => {
        cancel = () => undefined
        while (!ended && !call.paused && at < events.length) {
          const event = events[at] as StreamEvent
          at += 1
          give(event)
          if (event.type === 'text-delta' && reply.everyMs && at < events.length) {
            cancel = clock.after(reply.everyMs, step)
            return
          }
        }
        if (!ended && !call.paused && reply.error)
          give({ type: 'error', error: providerError(reply.error, reply) })
      }
      if (!reply.hang) cancel = clock.after(reply.afterMs ?? 0, step)
      attempt.signal.addEventListener('abort', abort)
      return {
        resume: () => {
          if (!call.paused) return
          call.paused = false
          cancel = clock.after(0, step)
        },
        ...(reply.warnings ? { warnings: reply.warnings } : {}),
      }
    },
    facts: (target) => {
      const known = options.facts?.[target]
      if (!known) return undefined
      const [connection = '', model = ''] = target.split('/')
      return {
        connection,
        provider: 'scripted',
        model,
        local: false,
        known: true,
        context: null,
        maxOutput: null,
        tools: null,
        images: null,
        schema: null,
        priced: true,
        ...known,
      }
    },
    price: (_target, usage) => {
      const price = options.price === undefined ? 0 : options.price
      return price === null || usage.input === null || usage.output === null
        ? null
        : (usage.input + usage.output) * price
    },
  }
}

function eventsOf(reply: Reply, target: string): readonly StreamEvent[] {
  if (reply.events) return reply.events
  const parts = reply.parts ?? []
  const usage = reply.usage ?? usageOf(10, parts.length)
  const events: StreamEvent[] = [{ type: 'start', id: 'id', model: target, created: 1 }]
  if (reply.usageAtFirst) events.push({ type: 'usage', usage })
  if (parts.length > 0) events.push({ type: 'part-start', index: 0, part: 'text' })
  for (const text of parts) events.push({ type: 'text-delta', index: 0, text })
  if (reply.error) return events
  if (parts.length > 0) events.push({ type: 'part-end', index: 0 })
  events.push({ type: 'finish', finish: { reason: reply.finish ?? 'stop', raw: null }, usage })
  return events
}

function responseOf(events: readonly StreamEvent[], reply: Reply, totalMs: number): ChatResponse {
  return {
    ...foldStream(events, { firstByteMs: reply.afterMs ?? 0, totalMs }),
    warnings: reply.warnings ?? [],
  }
}

function errorOf(reply: Reply, target: string): AppError {
  const [connection = '', model = ''] = target.split('/')
  return new AppError(reply.error as ErrorCode, {
    connection,
    model,
    ...(reply.retryAfterMs === undefined ? {} : { retryAfterMs: reply.retryAfterMs }),
    ...(reply.retryable === undefined ? {} : { retryable: reply.retryable }),
    ...(reply.reason === undefined ? {} : { details: { reason: reply.reason } }),
  })
}

const kinds = {
  upstream_rate_limited: 'rate-limit',
  upstream_unavailable: 'server',
  upstream_timeout: 'timeout',
  upstream_bad_response: 'truncated',
  upstream_auth: 'auth',
  upstream_quota: 'quota',
  upstream_rejected: 'invalid',
  context_too_long: 'context-length',
  model_refused: 'content-filter',
} as const

function providerError(code: ErrorCode, reply: Reply) {
  const kind = kinds[code as keyof typeof kinds] ?? 'server'
  const retryable = reply.retryable ?? ['rate-limit', 'server', 'timeout', 'truncated'].includes(kind)
  return {
    kind,
    message: `scripted ${code}`,
    retryable,
    provider: 'scripted',
    ...(reply.reason === undefined ? {} : { code: reply.reason }),
    ...(reply.retryAfterMs === undefined ? {} : { retryAfterMs: reply.retryAfterMs }),
  }
}
