// Where the gateway spends its time: self time by function from the files that `node --cpu-prof` writes.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Metered, Sample, Span } from './sample.ts'

export interface SelfTime {
  readonly name: string
  /** `path:line`, or the native kind. */
  readonly place: string
  readonly us: number
}

/** The parts of V8's format that are read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  /** Microseconds of the monotonic clock. */
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** All threads of all processes that wrote into the folder. */
export function readProfiles(folder: string): readonly CpuProfile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name): CpuProfile => JSON.parse(readFileSync(join(folder, name), 'utf8')))
}

/** Self time within the span, longest first; waiting is left out. */
export function selfTimes(profiles: readonly CpuProfile[], span: Span): readonly SelfTime[] {
  const byFunction = new Map<string, SelfTime>()
  for (const profile of profiles) {
    const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]))
    let at = profile.startTime
    for (const [index, id] of profile.samples.entries()) {
      at += profile.timeDeltas[index] ?? 0
      const frame = frames.get(id)
      if (at < span.from || at > span.to || !frame || frame.functionName === '(idle)') continue
      // A sample stands for the time until the next one.
      const us = profile.timeDeltas[index + 1] ?? 0
      const { functionName, url, lineNumber } = frame
      const place = url ? `${short(url)}:${lineNumber + 1}` : 'native'
      const name = functionName || '(anonymous)'
      const key = `${name} ${place}`
      byFunction.set(key, { name, place, us: (byFunction.get(key)?.us ?? 0) + us })
    }
  }
  return [...byFunction.values()].sort((a, b) => b.us - a.us)
}

/** The longest functions of each workload that was measured. */
export function printProfiles(folder: string, samples: readonly Sample[]): string {
  const profiles = readProfiles(folder)
  return samples
    .flatMap((sample) =>
      measured(sample).map(([name, load, units]) => {
        const times = profileTable(selfTimes(profiles, load.meter.span), units)
        return `${sample.contestant}, ${name}: self time, for each of ${units}\n${times}\n`
      }),
    )
    .join('\n')
}

function measured({ json, open, paced, unpaced, big, steps }: Sample) {
  const loads: readonly (readonly [string, Metered<object> | undefined, number | undefined])[] = [
    ['small JSON', json, json?.answered],
    ['200 req/s', open, open?.answered],
    ['paced streams', paced, paced?.chunks],
    ['unpaced streams', unpaced, unpaced?.chunks],
    ['100 KB bodies', big, big?.answered],
    ['12 steps', steps?.twelve, steps?.twelve.answered],
  ]
  return loads.flatMap(([name, load, units]) => (load && units ? [[name, load, units] as const] : []))
}

/** Lines of a table: share of the busy time, and microseconds for each request or chunk. */
export function profileTable(times: readonly SelfTime[], units: number, top = 40): string {
  const all = times.reduce((sum, { us }) => sum + us, 0)
  const row = ({ name, place, us }: SelfTime) =>
    `${((us / all) * 100).toFixed(1).padStart(5)} %  ${(us / units).toFixed(2).padStart(7)} µs  ${name}  ${place}`
  return times.slice(0, top).map(row).join('\n')
}

function short(url: string) {
  const path = url.startsWith('file:') ? fileURLToPath(url) : url
  const root = join(import.meta.dirname, '..', '..')
  return path.startsWith(root) ? path.slice(root.length + 1) : path
}
