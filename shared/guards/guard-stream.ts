// A guard on a stream: nothing is taken before the first part may leave, and a block after that breaks the stream.
import type { AppError } from '../errors.ts'
import type { GuardVerdict, Outlets } from '../flow/definition.ts'
import { type AnyLive, Live, type Subscription } from '../flow/live.ts'
import type { Gate } from './gate.ts'
import type { Finding, GuardArgs, Hit } from './judge.ts'
import { MessagesGate } from './messages-gate.ts'
import { blockedValue, Scribe, verdictOf, verdictValue } from './scribe.ts'
import { TextGate } from './text-gate.ts'
import type { WindowOptions } from './window.ts'

export function guardStream(args: GuardArgs, input: AnyLive): Promise<Outlets> {
  const window = windowOptions(args)
  return input.kind.name === 'text'
    ? new Passage(args, input as Live<unknown, unknown>, () => new TextGate(window) as Gate<unknown>).taken
    : new Passage(args, input as Live<unknown, unknown>, () => new MessagesGate(window) as Gate<unknown>)
        .taken
}

/** Held back at the least, so that what stands behind a hit has been seen before its beginning leaves. */
export function windowOptions({ config, judge }: Pick<GuardArgs, 'config' | 'judge'>): WindowOptions {
  return {
    action: config.action,
    inspect: (text) => judge.inspect(text, 'chat'),
    replace: (text, span) => judge.replace(text, span),
    hold: Math.max(config.hold_back_chars, judge.lookahead + 32),
    every: config.check_every_chars,
    lookahead: judge.lookahead,
    encodedRun: config.encoded_run,
  }
}

/** The delay a reader sees, in characters: what is held, and on average half of what waits for the next check. */
export function delayChars({ hold, every }: Pick<WindowOptions, 'hold' | 'every'>): number {
  return hold + Math.round(every / 2)
}

class Passage {
  readonly taken: Promise<Outlets>
  readonly #args: GuardArgs
  readonly #input: Live<unknown, unknown>
  readonly #makeGate: () => Gate<unknown>
  readonly #scribe: Scribe
  readonly #verdict = Promise.withResolvers<unknown>()
  readonly #map = Promise.withResolvers<unknown>()
  /** Not there yet while `read` hands over what was waiting. */
  #subscription: Subscription | undefined
  #gate: Gate<unknown>
  #out: Live<unknown, unknown> | undefined
  #changed = false
  /** The guard failed and lets pass: nothing is checked any more. */
  #open = false
  #over = false
  #firstAt: number | undefined
  #take: (outlets: Outlets) => void
  #refuse: (error: unknown) => void

  constructor(args: GuardArgs, input: Live<unknown, unknown>, makeGate: () => Gate<unknown>) {
    this.#args = args
    this.#input = input
    this.#makeGate = makeGate
    this.#gate = makeGate()
    this.#scribe = new Scribe(args.ctx, args.config.stage ?? args.stage, args.judge)
    const { promise, resolve, reject } = Promise.withResolvers<Outlets>()
    this.taken = promise
    this.#take = resolve
    this.#refuse = reject
    args.ctx.note('hold_back_chars', delayChars(windowOptions(args)))
    this.#subscription = input.read({
      part: (part) => this.#part(part),
      end: (whole) => this.#end(whole),
      fail: (error) => this.#fail(error),
      restart: (reason) => this.#restart(reason),
    })
    if (this.#over) this.#subscription.cancel()
  }

  #part(part: unknown): boolean {
    if (this.#over) return true
    this.#firstAt ??= this.#args.ctx.now()
    return this.#release(() => (this.#open ? [part] : this.#gate.push(part)))
  }

  #end(whole: unknown): void {
    if (this.#over) return
    this.#release(() => (this.#open ? [] : this.#gate.end()))
    if (this.#over) return
    this.#over = true
    const out = this.#live()
    if (!this.#open) this.#settle()
    if (this.#changed) out.end()
    else out.end(whole)
  }

  /** The source broke: so does what follows. The guard did not finish, so it writes no verdict. */
  #fail(error: AppError): void {
    if (this.#over) return
    this.#over = true
    if (this.#out) {
      this.#out.fail(error)
      this.#resolveLate(undefined)
    } else this.#refuse(error)
  }

  #restart(reason: AppError): void {
    if (this.#over) return
    this.#gate = this.#makeGate()
    this.#changed = false
    this.#out?.restart(reason)
  }

  /** False when a reader is full. */
  #release(step: () => readonly unknown[]): boolean {
    let parts: readonly unknown[]
    try {
      parts = step()
    } catch (thrown) {
      return this.#broken(thrown)
    }
    if (this.#gate.blocked && !this.#open) {
      this.#block(this.#gate.blocked)
      return true
    }
    return this.#forward(parts)
  }

  #forward(parts: readonly unknown[]): boolean {
    if (parts.length === 0) return true
    const out = this.#live()
    let room = true
    for (const part of parts) if (!out.push(part)) room = false
    return room
  }

  /** The outlet is taken with the first part. */
  #live(): Live<unknown, unknown> {
    if (this.#out) return this.#out
    const out = new Live<unknown, unknown>(this.#input.kind)
    out.onDrain(() => this.#subscription?.resume())
    out.onCancel(() => {
      this.#over = true
      this.#subscription?.cancel()
      this.#resolveLate(undefined)
    })
    this.#out = out
    const { ctx } = this.#args
    if (this.#firstAt !== undefined) ctx.note('held_back_ms', ctx.now() - this.#firstAt)
    this.#take({
      pass: out,
      verdict: this.#verdict.promise,
      ...(this.#args.map && { map: this.#map.promise }),
    })
    return out
  }

  #block({ reason, spans }: Finding): void {
    this.#over = true
    this.#subscription?.cancel()
    const score = spans.length === 0 ? null : Math.max(...spans.map((span) => span.score))
    const all = [...this.#gate.hits, ...spans].map(place)
    const verdict = this.#scribe.write({ verdict: 'blocked', reason, score, spans: all })
    if (this.#out) {
      this.#resolveLate(verdictValue(verdict))
      this.#out.fail(this.#scribe.stopped(reason))
    } else this.#take({ blocked: blockedValue(verdict), verdict: verdictValue(verdict) })
  }

  #settle(): void {
    const { hits } = this.#gate
    const reason = hits[0]?.reason
    const verdict = verdictOf(this.#args.config.action, reason)
    this.#changed = verdict === 'rewritten'
    const score = hits.length === 0 ? null : Math.max(...hits.map((hit) => hit.score))
    const written = this.#scribe.write({ verdict, reason: reason ?? null, score, spans: hits.map(place) })
    this.#resolveLate(verdictValue(written))
  }

  #broken(thrown: unknown): boolean {
    try {
      const verdict = this.#scribe.failed(this.#args.config, thrown)
      this.#open = true
      // What was changed before stays changed: the whole is what left.
      this.#changed = this.#gate.hits.length > 0
      const room = this.#forward(this.#gate.flush())
      this.#live()
      this.#resolveLate(verdictValue(verdict))
      return room
    } catch (error) {
      this.#over = true
      this.#subscription?.cancel()
      if (this.#out) {
        this.#resolveLate(undefined)
        this.#out.fail(error)
      } else this.#refuse(error)
      return true
    }
  }

  #resolveLate(verdict: unknown): void {
    this.#verdict.resolve(verdict)
    this.#map.resolve(this.#args.map?.())
  }
}

function place({ start, end, kind, part }: Hit & { readonly part?: string }): GuardVerdict['spans'][number] {
  return part === undefined ? { start, end, kind } : { start, end, kind, part }
}
