// The load generators: a closed loop for saturation, an open loop for latency, and streams.
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, serialize, type Target } from './connection.ts'
import { Histogram, type Summary } from './histogram.ts'
import { nowUs, realClock, sendWhenDue } from './schedule.ts'
import { StampReader } from './stamps.ts'

export interface Answers {
  /** Answered with status 200 and complete. */
  readonly answered: number
  readonly failed: number
  readonly seconds: number
  /** Microseconds from sending to the last byte. */
  readonly latency: Summary
}

/** Each connection sends the next request when it has the answer: how much goes through, not how long one waits. */
export async function saturate(
  target: Target,
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
) {
  const until = nowUs() + seconds * 1e6
  return closedLoop(target, connections, () => nowUs() < until)
}

/** Exactly so many requests, so that the provider's calls can be compared with them. */
export async function exactly(target: Target, count: number) {
  let left = count
  return closedLoop(target, Math.min(8, count), () => left-- > 0)
}

async function closedLoop(target: Target, connections: number, more: () => boolean): Promise<Answers> {
  const request = serialize(target)
  const latency = new Histogram()
  const begin = nowUs()
  let failed = 0
  const one = (connection: Connection) =>
    new Promise<boolean>((resolve) => {
      const sent = nowUs()
      exchange(connection, request, (ok) => {
        if (ok) latency.record(nowUs() - sent)
        else failed++
        resolve(connection.open)
      })
    })
  const worker = async () => {
    let connection = new Connection(target.port)
    while (more()) if (!(await one(connection))) connection = new Connection(target.port)
    connection.close()
  }
  await Promise.all(Array.from({ length: connections }, worker))
  return { answered: latency.count, failed, seconds: (nowUs() - begin) / 1e6, latency: latency.summary() }
}

export interface OpenAnswers extends Answers {
  /** Microseconds from the due time to the last byte: also holds the generator's own lateness. */
  readonly fromDue: Summary
}

export async function sendAtRate(
  target: Target,
  { perSecond, seconds, warmSeconds }: Record<'perSecond' | 'seconds' | 'warmSeconds', number>,
): Promise<OpenAnswers> {
  const request = serialize(target)
  const latency = new Histogram()
  const fromDue = new Histogram()
  const idle = Array.from({ length: 16 }, () => new Connection(target.port))
  const all = new Set(idle)
  const warm = perSecond * warmSeconds
  const count = perSecond * seconds + warm
  let failed = 0
  let outstanding = 0
  const fire = (index: number, due: number) => {
    const connection = idle.pop() ?? new Connection(target.port)
    all.add(connection)
    outstanding++
    const sent = nowUs()
    exchange(connection, request, (ok) => {
      const at = nowUs()
      outstanding--
      if (connection.open) idle.push(connection)
      if (!ok) failed++
      else if (index >= warm) {
        latency.record(at - sent)
        fromDue.record(at - due)
      }
    })
  }
  await sleep(100) // For the connections to open.
  const begin = nowUs()
  await sendWhenDue({ perSecond, count, fire }, realClock)
  for (let waited = 0; outstanding > 0 && waited < 5_000; waited += 50) await sleep(50)
  for (const connection of all) connection.close()
  return {
    answered: latency.count,
    failed: failed + outstanding,
    seconds: (nowUs() - begin) / 1e6,
    latency: latency.summary(),
    fromDue: fromDue.summary(),
  }
}

/** `settled` hears whether the answer was complete and its status 200. */
function exchange(connection: Connection, request: Buffer, settled: (ok: boolean) => void) {
  let status = 0
  connection.send(request, {
    status: (code) => {
      status = code
    },
    done: (failure) => settled(!failure && status === 200),
  })
}

export interface StreamPlan {
  readonly streams: number
  /** How many chunks the provider sends on each. */
  readonly chunks: number
  /** The starts are spread over this time. */
  readonly rampMs: number
  readonly timeoutMs: number
}

export interface Streamed {
  readonly streams: number
  /** Ended early, with a status other than 200, or with a chunk missing or out of order. */
  readonly failed: number
  readonly chunks: number
  readonly seconds: number
  /** Microseconds from the request to the arrival of the first chunk that the provider wrote. */
  readonly first: Summary
  /** Microseconds from the provider's write to the arrival of a chunk. */
  readonly age: Summary
}

export async function stream(target: Target, plan: StreamPlan): Promise<Streamed> {
  const request = serialize(target)
  const first = new Histogram()
  const age = new Histogram()
  const begin = nowUs()
  let failed = 0
  const one = () =>
    new Promise<void>((resolve) => {
      const connection = new Connection(target.port)
      const sent = nowUs()
      let at = sent
      const stamps = new StampReader((stamp, index) => {
        if (index === 0) first.record(at - sent)
        age.record(at - stamp)
      })
      const settle = (ok: boolean) => {
        clearTimeout(timer)
        connection.close()
        if (!ok || stamps.count !== plan.chunks) failed++
        resolve()
      }
      const timer = setTimeout(() => settle(false), plan.timeoutMs)
      let status = 0
      connection.send(request, {
        status: (code) => {
          status = code
        },
        body: (bytes) => {
          at = nowUs()
          if (stamps.count < plan.chunks) stamps.feed(bytes)
        },
        done: (failure) => settle(!failure && status === 200),
      })
    })
  const running: Promise<void>[] = []
  const perSecond = plan.rampMs > 0 ? (plan.streams * 1000) / plan.rampMs : Number.POSITIVE_INFINITY
  await sendWhenDue({ perSecond, count: plan.streams, fire: () => running.push(one()) }, realClock)
  await Promise.all(running)
  return {
    streams: plan.streams,
    failed,
    chunks: age.count,
    seconds: (nowUs() - begin) / 1e6,
    first: first.summary(),
    age: age.summary(),
  }
}
