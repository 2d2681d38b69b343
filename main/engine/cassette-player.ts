// Plays the effects of a recorded Run again.
import { AppError } from '#shared/errors.ts'
import type { HttpAnswer } from '#shared/flow/definition.ts'
import type { ChatResponse, StreamEvent } from '#shared/model/chat.ts'
import { fromProvider } from '#shared/model/provider-error.ts'
import { Fold } from '#shared/model/reduce.ts'
import {
  type CallEntry,
  type Cassette,
  type Entry,
  type PriceEntry,
  replayedError,
  type TargetEntry,
} from './cassette-entry.ts'
import { changedFields, chatFields, digest, type Fields, httpFields, keyOf } from './cassette-key.ts'
import type { Clock, Effects, ModelAttempt } from './effects.ts'
import { unfold } from './unfold.ts'

export interface ReplayOptions {
  /** As it happened, or as fast as it can be read. */
  readonly speed: 'recorded' | 'full'
  readonly clock: Clock
  /** Steps that are not replayed but really run. Without it nothing leaves. */
  readonly live?: { readonly nodes: ReadonlySet<string>; readonly effects: Effects }
}

export class Player {
  readonly #cassette: Cassette
  readonly #options: ReplayOptions
  readonly #calls: CallEntry[]
  readonly #used = new Set<CallEntry>()
  readonly #targets: ReadonlyMap<string, TargetEntry>
  readonly #prices: ReadonlyMap<string, PriceEntry>
  readonly #times = new Map<string, number[]>()
  readonly #start: number

  constructor(cassette: Cassette, options: ReplayOptions) {
    const { entries } = cassette
    this.#cassette = cassette
    this.#options = options
    this.#calls = entries.filter(isCall)
    this.#targets = new Map(
      entries.flatMap((entry) => (entry.kind === 'target' ? [[entry.target, entry]] : [])),
    )
    this.#prices = new Map(
      entries.flatMap((entry) => (entry.kind === 'price' ? [[`${entry.target} ${entry.key}`, entry]] : [])),
    )
    for (const entry of entries) if (entry.kind === 'clock') this.#times.set(entry.node, [...entry.times])
    this.#start = options.clock.ticks()
  }

  effects(): Effects {
    const { clock, live } = this.#options
    const isLive = (node: string) => live?.nodes.has(node) === true
    return {
      clock: {
        now: (node) => this.#now(node),
        ticks: () => clock.ticks(),
        after: (ms, call) => clock.after(ms, call),
      },
      models: {
        chat: (attempt) =>
          live && isLive(attempt.node) ? live.effects.models.chat(attempt) : this.#chat(attempt),
        stream: (attempt, on) =>
          live && isLive(attempt.node) ? live.effects.models.stream(attempt, on) : this.#stream(attempt, on),
        facts: (target) => {
          const known = this.#targets.get(target)
          return known ? (known.facts ?? undefined) : live?.effects.models.facts(target)
        },
        price: (target, usage, at) => {
          const known = this.#prices.get(`${target} ${digest(usage, '')}`)
          return known ? known.usd : (live?.effects.models.price(target, usage, at) ?? null)
        },
      },
      http: async (call, options) => {
        if (live && isLive(options.node)) return live.effects.http(call, options)
        const entry = this.#take('http', options.node, httpFields(call, this.#cassette.run))
        return this.#later(entry, options.signal, () => httpAnswer(entry))
      },
    }
  }

  #now(node: string | undefined): number {
    const times = node === undefined ? undefined : this.#times.get(node)
    // The last one stays: a step that asks more often than before still gets a time of that Run.
    const recorded = times && times.length > 1 ? times.shift() : times?.[0]
    return recorded ?? this.#cassette.at + this.#options.clock.ticks() - this.#start
  }

  /** The first call of the same kind with the same request that has not been played. */
  #take(kind: 'model' | 'http', node: string, fields: Fields): CallEntry {
    const key = keyOf(fields)
    const ofNode = this.#calls.filter(
      (entry) => entry.node === node && (entry.kind === 'http') === (kind === 'http'),
    )
    const left = ofNode.filter((entry) => !this.#used.has(entry))
    const entry = left.find((one) => one.key === key)
    if (!entry) throw miss(node, ofNode, left, fields)
    this.#used.add(entry)
    if (entry.hidden && !entry.error) throw missed(node, 'redacted', [])
    return entry
  }

  async #chat(attempt: ModelAttempt): Promise<ChatResponse> {
    const { target, request, node, signal } = attempt
    const entry = this.#take('model', node, chatFields(target, request, this.#cassette.run))
    return this.#later(entry, signal, () => responseOf(entry, this.#targets.get(target)?.facts))
  }

  /** Waits as long as it took; what was aborted before it had an outcome waits to be aborted again. */
  #later<T>(entry: CallEntry, signal: AbortSignal, outcome: () => T): Promise<T> {
    const { clock, speed } = this.#options
    return new Promise((resolve, reject) => {
      const stop = () => {
        cancel()
        reject(signal.reason as Error)
      }
      const cancel =
        entry.ms === undefined
          ? () => undefined
          : clock.after(speed === 'full' ? 0 : entry.ms, () => {
              signal.removeEventListener('abort', stop)
              try {
                if (entry.error) throw replayedError(entry.error)
                resolve(outcome())
              } catch (thrown) {
                reject(thrown as Error)
              }
            })
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
    })
  }

  #stream(attempt: ModelAttempt, on: (event: StreamEvent) => boolean | undefined) {
    const { target, request, node, signal } = attempt
    const entry = this.#take('model', node, chatFields(target, request, this.#cassette.run))
    if (entry.kind === 'chat' && entry.error) {
      // A whole call that failed: as a stream it fails before its first part.
      throw replayedError(entry.error)
    }
    const events = entry.events ?? unfolded(entry)
    const { clock, speed } = this.#options
    const start = clock.ticks()
    let at = 0
    let paused = false
    let cancel: () => void = () => undefined
    const stop = () => cancel()
    const give = () => {
      const [burst] = events[at] ?? []
      while (!paused && at < events.length && events[at]?.[0] === burst) {
        const event = (events[at] as (typeof events)[number])[1]
        at += 1
        if (event.type === 'finish' || event.type === 'error') signal.removeEventListener('abort', stop)
        if (on(event) === false) paused = true
      }
    }
    const play = () => {
      give()
      // Each of the first chunks has its turn, so that steps start where they did; then speed counts.
      if (speed === 'full' && at > 32) for (let more = 0; more < 64; more += 1) give()
      if (!paused) next()
    }
    const next = () => {
      const [ms] = events[at] ?? []
      if (ms === undefined) return
      cancel = clock.after(speed === 'full' ? 0 : Math.max(0, start + ms - clock.ticks()), play)
    }
    signal.addEventListener('abort', stop, { once: true })
    next()
    return {
      resume: () => {
        if (!paused) return
        paused = false
        next()
      },
      ...(entry.warnings ? { warnings: entry.warnings } : {}),
    }
  }
}

function isCall(entry: Entry): entry is CallEntry {
  return entry.kind === 'chat' || entry.kind === 'stream' || entry.kind === 'http'
}

function httpAnswer(entry: CallEntry): HttpAnswer {
  const { status, headers, body } = entry.answer as NonNullable<CallEntry['answer']>
  return { status, headers, body: new Uint8Array(Buffer.from(body, 'base64')) }
}

/** What was recorded as a stream, asked for as a whole. */
function responseOf(entry: CallEntry, facts: TargetEntry['facts'] | undefined): ChatResponse {
  if (entry.response) return entry.response
  const fold = new Fold()
  for (const [, event] of entry.events ?? []) fold.push(event)
  if (fold.error) throw fromProvider(fold.error, facts ?? undefined)
  const totalMs = entry.ms ?? 0
  const firstByteMs = entry.events?.find(([, event]) => event.type.endsWith('-delta'))?.[0] ?? totalMs
  return fold.response({ firstByteMs, totalMs }, entry.warnings)
}

function unfolded(entry: CallEntry): readonly (readonly [number, StreamEvent])[] {
  const { response, ms = 0 } = entry
  return response ? unfold(response).map((event) => [ms, event] as const) : []
}

function miss(
  node: string,
  ofNode: readonly CallEntry[],
  left: readonly CallEntry[],
  fields: Fields,
): AppError {
  const place = left[0]
  if (!place) return missed(node, ofNode.length === 0 ? 'not_recorded' : 'exhausted', [])
  return missed(node, 'changed', place.fields ? changedFields(place.fields, fields) : ['request'])
}

function missed(node: string, reason: string, changed: readonly string[]): AppError {
  const what = {
    changed: `its request differs in ${changed.join(', ')}`,
    redacted: 'its result is not kept',
    not_recorded: 'it made no call',
    exhausted: 'it made fewer calls',
  }[reason]
  return new AppError('cassette_miss', {
    message: `The cassette has no answer for '${node}': ${what}.`,
    details: { reason, changed: [...changed] },
    node,
  })
}
