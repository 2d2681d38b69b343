// Records all effects of one Run as they happen.
import { toAppError } from '#shared/errors.ts'
import type { Plan } from '#shared/flow/plan.ts'
import type { ChatResponse, StreamEvent } from '#shared/model/chat.ts'
import {
  type CallEntry,
  type Cassette,
  type ClockEntry,
  type PriceEntry,
  recordedError,
  type TargetEntry,
} from './cassette-entry.ts'
import { chatFields, digest, type Fields, httpFields, keyOf } from './cassette-key.ts'
import type { Effects, ModelAttempt } from './effects.ts'

export interface RecordOptions {
  /** Tells which steps must not leave their results behind. */
  readonly plan?: Plan
  /** `RunContext.seed`. */
  readonly seed?: number
}

type Open = { -readonly [Name in keyof CallEntry]: CallEntry[Name] }

export class Tape {
  readonly #outside: Effects
  readonly #seed: number
  readonly #hidden: ReadonlySet<string>
  readonly #silent: ReadonlySet<string>
  readonly #calls: CallEntry[] = []
  readonly #targets = new Map<string, TargetEntry>()
  readonly #prices = new Map<string, PriceEntry>()
  readonly #times = new Map<string, number[]>()
  #run = ''
  #at: number | null = null

  constructor(outside: Effects, { plan, seed = 0 }: RecordOptions) {
    this.#outside = outside
    this.#seed = seed
    const steps = plan?.steps ?? []
    this.#silent = new Set(steps.filter((step) => step.policy.redact.length > 0).map((step) => step.id))
    this.#hidden = new Set(
      steps
        .filter(({ policy, outlets }) =>
          outlets.some(({ name, secret }) => secret || policy.redact.includes(name)),
        )
        .map((step) => step.id),
    )
  }

  cassette(): Cassette {
    const times = [...this.#times].map(([node, all]): ClockEntry => ({ kind: 'clock', node, times: all }))
    return {
      format: 'sluice/cassette@1',
      run: this.#run,
      seed: this.#seed,
      at: this.#at ?? 0,
      entries: [
        ...this.#calls.map((call) => ({ ...call })),
        ...this.#targets.values(),
        ...this.#prices.values(),
        ...times,
      ],
    }
  }

  effects(): Effects {
    const { clock, models, http } = this.#outside
    return {
      clock: {
        now: (node) => this.#now(node),
        ticks: () => clock.ticks(),
        after: (ms, call) => clock.after(ms, call),
      },
      models: {
        chat: (attempt) => this.#chat(attempt),
        stream: (attempt, on) => this.#stream(attempt, on),
        facts: (target) => {
          const facts = models.facts(target)
          this.#targets.set(target, { kind: 'target', target, facts: facts ?? null })
          return facts
        },
        price: (target, usage, at) => {
          const usd = models.price(target, usage, at)
          const key = digest(usage, '')
          this.#prices.set(`${target} ${key}`, { kind: 'price', target, key, usd })
          return usd
        },
      },
      http: (call, options) => {
        const entry = this.#begin('http', options.node, httpFields(call, this.#salt(options.run)))
        const answer = http(call, options)
        return this.#outcome(entry, options.signal, answer, ({ status, headers, body }) => {
          entry.answer = { status, headers, body: Buffer.from(body).toString('base64') }
        })
      },
    }
  }

  #now(node: string | undefined): number {
    const now = this.#outside.clock.now(node)
    this.#at ??= now
    if (node === undefined) return now
    const times = this.#times.get(node)
    if (times) times.push(now)
    else this.#times.set(node, [now])
    return now
  }

  #salt(run: string): string {
    this.#run = run
    return run
  }

  #begin(kind: CallEntry['kind'], node: string, fields: Fields): Open {
    const entry: Open = { kind, node, key: keyOf(fields) }
    if (!this.#silent.has(node)) entry.fields = fields
    if (this.#hidden.has(node)) entry.hidden = true
    this.#calls.push(entry)
    return entry
  }

  #chat(attempt: ModelAttempt): Promise<ChatResponse> {
    const { target, request, node, run, signal } = attempt
    const entry = this.#begin('chat', node, chatFields(target, request, this.#salt(run)))
    return this.#outcome(entry, signal, this.#outside.models.chat(attempt), (response) => {
      entry.response = response
    })
  }

  async #outcome<T>(
    entry: Open,
    signal: AbortSignal,
    outcome: Promise<T>,
    keep: (value: T) => void,
  ): Promise<T> {
    const start = this.#outside.clock.ticks()
    const took = () => Math.max(0, this.#outside.clock.ticks() - start)
    try {
      const value = await outcome
      entry.ms = took()
      if (!entry.hidden) keep(value)
      return value
    } catch (thrown) {
      if (!signal.aborted) {
        entry.ms = took()
        entry.error = recordedError(toAppError(thrown))
      }
      throw thrown
    }
  }

  #stream(attempt: ModelAttempt, on: (event: StreamEvent) => boolean | undefined) {
    const { target, request, node, run, signal } = attempt
    const entry = this.#begin('stream', node, chatFields(target, request, this.#salt(run)))
    const { clock } = this.#outside
    const start = clock.ticks()
    const events: [number, StreamEvent][] = []
    if (!entry.hidden) entry.events = events
    let burst: number | null = null
    const handle = this.#outside.models.stream(attempt, (event) => {
      if (!signal.aborted) {
        // Events of one chunk carry one time: what came at once is played at once, with nothing in between.
        if (burst === null) {
          burst = Math.max(0, clock.ticks() - start)
          queueMicrotask(() => {
            burst = null
          })
        }
        const ms: number = burst
        if (event.type === 'finish' || event.type === 'error') entry.ms = ms
        events.push([ms, withoutExcerpt(event)])
      }
      return on(event)
    })
    if (handle.warnings) entry.warnings = handle.warnings
    return handle
  }
}

/** What the vendor's body said is for the log of the moment. */
function withoutExcerpt(event: StreamEvent): StreamEvent {
  if (event.type !== 'error' || event.error.raw === undefined) return event
  const { raw: _raw, ...error } = event.error
  return { type: 'error', error }
}
