// What is read out of the samples, and the targets of docs/performance.md.
import type { Metered, Sample } from './sample.ts'

export interface Figure {
  readonly label: string
  readonly unit: string
  readonly digits: number
  /** `direct` is the same round without a gateway. */
  readonly read: (sample: Sample, direct: Sample | undefined) => number | undefined
  readonly target?: Target
}

export interface Target {
  readonly id: string
  /** Of the ratio to the reference, or of the value itself. */
  readonly of: 'ratio' | 'value'
  readonly kind: 'at least' | 'at most'
  readonly bound: number
  readonly stretch?: number
}

const ratio = (id: string, bound: number, stretch?: number): Target => ({
  id,
  of: 'ratio',
  kind: 'at least',
  bound,
  ...(stretch !== undefined && { stretch }),
})

const most = (id: string, bound: number, stretch?: number): Target => ({
  id,
  of: 'value',
  kind: 'at most',
  bound,
  ...(stretch !== undefined && { stretch }),
})

export const figures: readonly Figure[] = [
  {
    label: 'small JSON, 32 connections',
    unit: 'req/s',
    digits: 0,
    read: ({ json }) => rate(json),
    target: ratio('P1', 0.7, 0.9),
  },
  {
    label: '  gateway CPU',
    unit: 'µs/req',
    digits: 1,
    read: ({ json }) => cost(json, json?.answered),
    target: most('P1', 50),
  },
  { label: '  gateway core busy', unit: '%', digits: 0, read: ({ json }) => scaled(json?.meter.busy, 100) },
  {
    label: '200 req/s, open loop: added p50',
    unit: 'ms',
    digits: 2,
    read: (sample, direct) => added(sample, direct, ({ open }) => open?.latency.p50),
    target: most('P2', 0.3, 0.2),
  },
  {
    label: '  added p99',
    unit: 'ms',
    digits: 2,
    read: (sample, direct) => added(sample, direct, ({ open }) => open?.latency.p99),
    target: most('P2', 1, 0.7),
  },
  {
    label: 'SSE, 64 streams paced: first chunk added p50',
    unit: 'ms',
    digits: 2,
    read: (sample, direct) => added(sample, direct, ({ paced }) => paced?.first.p50),
    target: most('P3', 0.5),
  },
  {
    label: '  gateway CPU',
    unit: 'µs/chunk',
    digits: 1,
    read: ({ paced }) => cost(paced, paced?.chunks),
    target: most('P3', 30, 24),
  },
  {
    label: '  age of a chunk p99',
    unit: 'ms',
    digits: 2,
    read: ({ paced }) => scaled(paced?.age.p99, 1e-3),
  },
  {
    label: 'SSE, 64 streams unpaced',
    unit: 'chunks/s',
    digits: 0,
    read: ({ unpaced }) => unpaced && unpaced.chunks / unpaced.seconds,
  },
  {
    label: '  gateway CPU',
    unit: 'µs/chunk',
    digits: 1,
    read: ({ unpaced }) => cost(unpaced, unpaced?.chunks),
  },
  {
    label: 'SSE, 512 streams of 50 chunks/s: age p99',
    unit: 'ms',
    digits: 1,
    read: ({ crowd }) => (crowd?.failed === 0 ? scaled(crowd.age.p99, 1e-3) : undefined),
    target: most('P3', 100),
  },
  {
    label: '100 KB bodies, 8 connections',
    unit: 'req/s',
    digits: 0,
    read: ({ big }) => rate(big),
    target: ratio('P4', 0.6),
  },
  { label: '  gateway CPU', unit: 'µs/req', digits: 1, read: ({ big }) => cost(big, big?.answered) },
  {
    label: 'start to first answer',
    unit: 'ms',
    digits: 0,
    read: ({ startMs }) => startMs,
    target: most('P4b', 300),
  },
  { label: 'RSS idle', unit: 'MiB', digits: 0, read: ({ idleMiB }) => idleMiB, target: most('P4b', 130) },
  {
    label: 'RSS after the soak',
    unit: 'MiB',
    digits: 0,
    read: ({ soak }) => soak?.afterMiB,
    target: most('P4b', 320),
  },
  { label: '  req/s of the soak', unit: 'req/s', digits: 0, read: ({ soak }) => rate(soak) },
  {
    label: 'each further pure node',
    unit: 'µs',
    digits: 2,
    read: (sample) => costOfStep(sample),
    target: most('P5', 3),
  },
  {
    label: '  12 such steps',
    unit: 'µs',
    digits: 1,
    read: (sample) => scaled(costOfStep(sample), 12),
    target: most('P5', 40),
  },
  {
    label: 'provider calls per request',
    unit: '',
    digits: 2,
    read: ({ callsPerRequest }) => callsPerRequest,
  },
]

function rate(load: { readonly answered: number; readonly seconds: number } | undefined) {
  return load && load.answered / load.seconds
}

function cost(load: Metered<object> | undefined, units: number | undefined) {
  return load?.meter.cpuUs === undefined || !units ? undefined : load.meter.cpuUs / units
}

function added(
  sample: Sample,
  direct: Sample | undefined,
  read: (sample: Sample) => number | undefined,
): number | undefined {
  const own = read(sample)
  const without = direct && read(direct)
  return own === undefined || without === undefined || sample === direct ? undefined : (own - without) / 1000
}

/** Two plans that differ by ten nodes and nothing else, over the wire. */
function costOfStep({ steps }: Sample) {
  const two = cost(steps?.two, steps?.two.answered)
  const twelve = cost(steps?.twelve, steps?.twelve.answered)
  return two === undefined || twelve === undefined ? undefined : (twelve - two) / 10
}

function scaled(value: number | undefined, by: number) {
  return value === undefined ? undefined : value * by
}
