// The edges of one Run: each settles once, with a value or as absent (nodes.md 1.1.2), and lets the step behind it know.
import { isLive } from '#shared/flow/live.ts'
import type { Prepared, PreparedEdge, PreparedInlet, Race } from './prepare.ts'

export interface EdgesHost {
  /** All that the step waited for has come. */
  ready(step: number): void
  /** An edge settled that carries the result of a Branch. */
  branchSettled(branch: number): void
  /** A race is decided: these steps worked for the others. */
  lost(steps: readonly number[]): void
}

type State = 0 | 1 | 2
const unsettled = 0
const valued = 1
const absent = 2

export class Edges {
  readonly #host: EdgesHost
  readonly #edges: readonly PreparedEdge[]
  readonly #states: State[] = []
  readonly #values: unknown[] = []
  readonly #pending: number[]
  /** Edges that won a race. */
  #winners: Set<number> | null = null

  constructor(host: EdgesHost, { edges, pending }: Prepared) {
    this.#host = host
    this.#edges = edges
    for (let i = 0; i < edges.length; i += 1) this.#states.push(unsettled)
    this.#pending = pending.slice()
  }

  give(edge: number, value: unknown): void {
    if (this.#states[edge] !== unsettled) return
    this.#states[edge] = valued
    this.#values[edge] = value
    this.#arrived(edge)
  }

  absent(edge: number): void {
    if (this.#states[edge] !== unsettled) return
    this.#states[edge] = absent
    this.#arrived(edge)
  }

  /** One of the things that a step waits for has come. */
  release(step: number): void {
    const left = (this.#pending[step] as number) - 1
    this.#pending[step] = left
    if (left === 0) this.#host.ready(step)
  }

  /** Undefined: not yet. */
  settled(edge: number): { readonly value: unknown } | 'absent' | undefined {
    if (this.#states[edge] === unsettled) return undefined
    return this.#states[edge] === valued ? { value: this.#values[edge] } : 'absent'
  }

  /** The edge that has a value for this inlet, or -1. */
  given(inlet: PreparedInlet): number {
    for (const edge of inlet.edges) {
      if (this.#states[edge] === valued && (!inlet.race || this.#winners?.has(edge))) return edge
    }
    return -1
  }

  /** Presence counts, not truth (nodes.md 1.2). */
  wanted(when: readonly number[]): boolean {
    if (when.length === 0) return true
    for (const edge of when) if (this.#states[edge] === valued) return true
    return false
  }

  value(edge: number): unknown {
    return this.#values[edge]
  }

  /** A stream on an edge that does not stream: it has to be collected for the step behind it. */
  collects(edge: number): boolean {
    return isLive(this.#values[edge]) && !(this.#edges[edge] as PreparedEdge).streams
  }

  #arrived(edge: number): void {
    const { to, branch, race } = this.#edges[edge] as PreparedEdge
    if (branch >= 0) this.#host.branchSettled(branch)
    else if (race) this.#race(edge, race)
    else this.release(to)
  }

  #race(edge: number, race: Race): void {
    if (race.edges.some((other) => this.#winners?.has(other))) return
    if (this.#states[edge] === valued) {
      this.#winners ??= new Set()
      this.#winners.add(edge)
      this.release(race.step)
      this.#host.lost(race.edges.flatMap((other) => (other === edge ? [] : (race.feeders.get(other) ?? []))))
    } else if (race.edges.every((other) => this.#states[other] === absent)) this.release(race.step)
  }
}
