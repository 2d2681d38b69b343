// Runs at once: places of the whole gateway with a short queue before them, and caps per holder without one.
import type { Clock } from '#main/engine/effects.ts'
import { AppError } from '#shared/errors.ts'

export type Priority = 'high' | 'normal' | 'low'

export interface Room {
  readonly maxRuns: number
  readonly maxQueue: number
  readonly queueMs: number
}

interface Waiting {
  readonly enter: () => void
  readonly refuse: (error: AppError) => void
  readonly stopClock: () => void
}

const lanes = ['high', 'normal', 'low'] as const satisfies readonly Priority[]

export interface Places {
  readonly running: number
  readonly queued: number
  /** Takes a place at once. False: none is free, or others were here before. */
  tryEnter(room: Room): boolean
  /** Waits for a place; rejects with `overloaded`, or `cancelled` after `leave`. Throws `overloaded` when the queue is full. */
  wait(room: Room, priority: Priority): { readonly entered: Promise<void>; leave(): void }
  leave(room: Room): void
  /** Sends everyone away who waits. */
  empty(error: () => AppError): void
}

export function createPlaces(clock: Clock): Places {
  let running = 0
  let queued = 0
  const queues: Record<Priority, Set<Waiting>> = { high: new Set(), normal: new Set(), low: new Set() }

  function next(room: Room): void {
    while (running < room.maxRuns && queued > 0) {
      const lane = lanes.find((name) => queues[name].size > 0)
      if (!lane) return
      const [first] = queues[lane]
      if (!first) return
      remove(first, lane)
      running += 1
      first.enter()
    }
  }
  function remove(waiting: Waiting, lane: Priority): void {
    if (!queues[lane].delete(waiting)) return
    queued -= 1
    waiting.stopClock()
  }

  return {
    get running() {
      return running
    },
    get queued() {
      return queued
    },
    tryEnter(room) {
      if (running >= room.maxRuns || queued > 0) return false
      running += 1
      return true
    },
    wait(room, priority) {
      if (queued >= room.maxQueue) throw busy('The queue is full.')
      const { promise: entered, resolve, reject } = Promise.withResolvers<void>()
      const late = () => {
        remove(waiting, priority)
        reject(busy(`No place became free in ${room.queueMs} ms.`))
      }
      const waiting: Waiting = { enter: resolve, refuse: reject, stopClock: clock.after(room.queueMs, late) }
      queues[priority].add(waiting)
      queued += 1
      const leave = () => {
        remove(waiting, priority)
        reject(new AppError('cancelled', { message: 'The wait for a place was given up.' }))
      }
      return { entered, leave }
    },
    leave(room) {
      running -= 1
      if (queued > 0) next(room)
    },
    empty(error) {
      for (const lane of lanes) {
        for (const waiting of [...queues[lane]]) {
          remove(waiting, lane)
          waiting.refuse(error())
        }
      }
    },
  }
}

function busy(why: string): AppError {
  return new AppError('overloaded', { message: `The gateway is busy. ${why}`, retryAfterMs: 1000 })
}

/** Idle holders are forgotten together: a Map that deletes and adds with every request rebuilds its table all the time. */
const idleHolders = 10_000

/** How many Runs each Key, Consumer and Endpoint has now. */
export function createTally() {
  const counts = new Map<string, number>()
  function forgetIdle(): void {
    for (const [name, count] of counts) if (count <= 0) counts.delete(name)
  }
  return {
    of: (name: string) => counts.get(name) ?? 0,
    add(name: string): void {
      if (counts.size >= idleHolders && !counts.has(name)) forgetIdle()
      counts.set(name, (counts.get(name) ?? 0) + 1)
    },
    remove(name: string): void {
      counts.set(name, (counts.get(name) ?? 1) - 1)
    },
  }
}
export type Tally = ReturnType<typeof createTally>
