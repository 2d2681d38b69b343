// Branches of a Run (nodes.md 2): which tries are open, what each came to, and when the next gate opens.
import { type AnyCode, AppError, inCodes } from '#shared/errors.ts'
import type { TryFacts } from '#shared/flow/definition.ts'
import { type AnyLive, isLive } from '#shared/flow/live.ts'
import type { PlanBranch } from '#shared/flow/plan.ts'
import type { RunEvent } from '#shared/run/events.ts'
import type { Edges } from './edges.ts'
import type { Clock } from './effects.ts'
import type { Prepared, PreparedBranch, PreparedStep } from './prepare.ts'
import { Relay } from './relay.ts'

/** What Branches need of their Run. */
export interface TriesHost {
  readonly prepared: Prepared
  readonly streaming: boolean
  readonly clock: Clock
  readonly edges: Edges
  emit(event: RunEvent): void
  /** Ends these steps and settles what they have not settled as absent. */
  cut(steps: readonly number[], reason: AppError): void
  drain(): void
  degraded(): void
}

/**
 * `waiting`: its gate is shut for now · `open`: its members may run · `won`: it gave the value · `failed` · `shut`: it
 * will never open (standby), or was ended together with what surrounds it.
 */
type State = 'waiting' | 'open' | 'won' | 'failed' | 'shut'

export class Tries {
  readonly #host: TriesHost
  readonly #branches: readonly PreparedBranch[]
  readonly #states: State[]
  readonly #values: unknown[] = []
  readonly #codes: (AnyCode | null)[]
  /** Limits to the whole value and to the first part. */
  readonly #timers: ((() => void) | null)[]
  readonly #firstTimers: ((() => void) | null)[]
  readonly #timed: boolean[]
  /** Owners whose tries came to an end: the Branch that won, or the last error. */
  readonly #outcomes = new Map<number, number | AppError>()
  /** The stream that outlives a try, by owner (`restart`). */
  readonly #relays = new Map<number, Relay>()

  constructor(host: TriesHost) {
    this.#host = host
    this.#branches = host.prepared.branches
    this.#states = this.#branches.map((branch) => (branch.plan.k === 1 ? 'open' : 'waiting'))
    this.#codes = this.#branches.map(() => null)
    this.#timers = this.#branches.map(() => null)
    this.#firstTimers = this.#branches.map(() => null)
    this.#timed = this.#branches.map(() => false)
  }

  /** Is one of these gates shut for good? */
  shut(gates: readonly number[]): boolean {
    return gates.some((gate) => this.#states[gate] === 'shut' || this.#states[gate] === 'failed')
  }

  /** The Branch that won, or what the last one failed of. */
  outcome(owner: number): number | AppError {
    return this.#outcomes.get(owner) ?? new AppError('no_value')
  }

  value(branch: number): unknown {
    return this.#values[branch]
  }

  facts(owner: PreparedStep): readonly TryFacts[] {
    return owner.tries.map((index) => {
      const state = this.#states[index]
      const status = state === 'won' ? 'ok' : state === 'failed' ? 'failed' : 'standby'
      return { port: this.#plan(index).port, status, code: this.#codes[index] ?? null }
    })
  }

  /** A step begins: the time of first tries around it runs from now. */
  started(step: PreparedStep): void {
    for (const branch of step.opens) {
      if (this.#states[branch] === 'open' && !this.#timed[branch]) this.#time(branch)
    }
  }

  edgeSettled(branch: number): void {
    if (this.#states[branch] === 'open') this.#look(branch)
  }

  /** A member failed and has nobody to tell but the Branch. */
  memberFailed(branch: number, error: AppError): void {
    if (this.#states[branch] === 'open') this.#fail(branch, error)
  }

  /** The Run is over. */
  stop(): void {
    for (let branch = 0; branch < this.#branches.length; branch += 1) this.#untime(branch)
  }

  #plan(branch: number): PlanBranch {
    return (this.#branches[branch] as PreparedBranch).plan
  }

  #look(branch: number): void {
    let missing = false
    for (const edge of this.#plan(branch).edges) {
      const settled = this.#host.edges.settled(edge)
      if (settled === undefined) missing = true
      else if (settled !== 'absent') {
        this.#arrived(branch, edge, settled.value)
        return
      }
    }
    if (missing) return
    this.#fail(
      branch,
      new AppError('no_value', { message: `Try ${this.#plan(branch).k} ended without a value.` }),
    )
  }

  #arrived(branch: number, edge: number, value: unknown): void {
    this.#firstTimers[branch]?.()
    this.#firstTimers[branch] = null
    if (!isLive(value)) this.#win(branch, value)
    else if (this.#host.streaming && this.#host.prepared.edges[edge]?.streams) this.#stream(branch, value)
    else this.#collect(branch, value)
  }

  /** The port wants the whole value, so the try succeeds only when it is complete. */
  #collect(branch: number, live: AnyLive): void {
    live.read({
      part: () => undefined,
      restart: () => undefined,
      end: (whole) => {
        if (this.#states[branch] !== 'open') return
        this.#win(branch, whole)
        this.#host.drain()
      },
      fail: (error) => {
        this.memberFailed(branch, error)
        this.#host.drain()
      },
    })
  }

  #stream(branch: number, live: AnyLive): void {
    const plan = this.#plan(branch)
    const relay = this.#relays.get(plan.owner)
    if (!plan.restart && !relay) {
      live.watch({ over: () => this.#untime(branch) })
      this.#win(branch, live)
      return
    }
    this.#take(branch, live)
  }

  /** With `restart` a stream that breaks goes on in the next try; later gates stay shut for as long as it may. */
  #take(branch: number, live: AnyLive): void {
    const plan = this.#plan(branch)
    const existing = this.#relays.get(plan.owner)
    const relay = existing ?? new Relay(live.kind)
    this.#states[branch] = 'won'
    this.#values[branch] = relay.live
    if (plan.degraded) this.#host.degraded()
    relay.from(live, {
      end: () => {
        this.#untime(branch)
        this.#shutFrom(plan.next)
        this.#host.drain()
      },
      fail: (error) => {
        if (this.#states[branch] !== 'won') return
        this.#states[branch] = 'open'
        this.#fail(branch, error)
        this.#host.drain()
      },
    })
    if (existing) return
    this.#relays.set(plan.owner, relay)
    this.#decide(plan.owner, branch)
  }

  #win(branch: number, value: unknown): void {
    const plan = this.#plan(branch)
    this.#states[branch] = 'won'
    if (!isLive(value)) this.#untime(branch)
    if (plan.degraded) this.#host.degraded()
    this.#shutFrom(plan.next)
    const relay = this.#relays.get(plan.owner)
    if (relay) {
      relay.whole(value)
      return
    }
    this.#values[branch] = value
    this.#decide(plan.owner, branch)
  }

  #fail(branch: number, error: AppError): void {
    const { plan, outer } = this.#branches[branch] as PreparedBranch
    this.#states[branch] = 'failed'
    this.#codes[branch] = error.code
    this.#untime(branch)
    this.#endInner(branch)
    this.#host.cut(plan.members, error)
    const next = plan.next
    if (next >= 0 && inCodes(error.code, plan.advanceOn) && !this.shut(outer)) {
      this.#relays.get(plan.owner)?.restart(error)
      this.#open(next, plan.port, error.code)
      return
    }
    this.#shutFrom(next)
    const relay = this.#relays.get(plan.owner)
    if (relay) relay.live.fail(error)
    else this.#decide(plan.owner, error)
  }

  #open(branch: number, from: string, reason: string): void {
    const { plan, gated } = this.#branches[branch] as PreparedBranch
    const { steps } = this.#host.prepared
    this.#states[branch] = 'open'
    const node = (steps[plan.owner] as PreparedStep).id
    this.#host.emit({ type: 'route-switched', node, from, to: plan.port, reason })
    this.#time(branch)
    for (const step of gated) this.#host.edges.release(step)
    this.#look(branch)
  }

  /** This try and those after it will not be needed. */
  #shutFrom(first: number): void {
    for (let branch = first; branch >= 0; branch = this.#plan(branch).next) {
      if (this.#states[branch] !== 'waiting') continue
      this.#states[branch] = 'shut'
      for (const step of (this.#branches[branch] as PreparedBranch).gated) this.#host.edges.release(step)
    }
  }

  /** What lies inside of a failed Branch ends with it. */
  #endInner(branch: number): void {
    for (const inner of (this.#branches[branch] as PreparedBranch).inner) {
      this.#untime(inner)
      const state = this.#states[inner]
      if (state === 'open' || state === 'waiting') this.#states[inner] = 'shut'
    }
  }

  #decide(owner: number, outcome: number | AppError): void {
    if (this.#outcomes.has(owner)) return
    this.#outcomes.set(owner, outcome)
    this.#host.edges.release(owner)
  }

  #time(branch: number): void {
    const { firstTokenMs, attemptMs, k } = this.#plan(branch)
    this.#timed[branch] = true
    if (firstTokenMs !== null) {
      this.#firstTimers[branch] = this.#host.clock.after(firstTokenMs, () => {
        this.#late(branch, `Try ${k} gave nothing in ${firstTokenMs} ms.`)
      })
    }
    if (attemptMs !== null) {
      this.#timers[branch] = this.#host.clock.after(attemptMs, () => {
        this.#late(branch, `Try ${k} was not complete in ${attemptMs} ms.`)
      })
    }
  }

  #late(branch: number, message: string): void {
    const error = new AppError('upstream_timeout', { message })
    if (this.#states[branch] === 'open') this.#fail(branch, error)
    // It had begun to stream: its members are ended, and whoever reads the stream finds it broken.
    else if (this.#states[branch] === 'won') this.#host.cut(this.#plan(branch).members, error)
    this.#host.drain()
  }

  #untime(branch: number): void {
    this.#firstTimers[branch]?.()
    this.#timers[branch]?.()
    this.#firstTimers[branch] = null
    this.#timers[branch] = null
  }
}
