// One contestant through all workloads, from its start to its end.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stop } from './children.ts'
import type { Target } from './connection.ts'
import { type Contestant, firstAnswer, type Gateway, type Site } from './contestant.ts'
import { type Answers, exactly, saturate, sendAtRate, stream } from './load.ts'
import { foreignSeconds, usage } from './measure.ts'
import type { Options } from './options.ts'
import type { Pace } from './provider.ts'
import type { ProviderControl } from './provider-control.ts'
import type { Metered, Sample } from './sample.ts'
import { nowUs } from './schedule.ts'
import { saturateByWrk } from './wrk.ts'

export interface Bench {
  readonly options: Options
  readonly site: Site
  readonly wrk: boolean
  readonly provider: ProviderControl
}

export async function measureRound(bench: Bench, contestant: Contestant, round: number): Promise<Sample> {
  const { workloads, sizes } = bench.options
  const sample: Sample = { contestant: contestant.name, round }
  await serving(bench, contestant, sample, async (gateway) => {
    const { json, big, steps } = gateway.requests
    const closed = (target: Target, seconds: number, connections = 32) =>
      undisturbed(bench, gateway, () => closedLoop(bench, target, seconds, connections))
    if (gateway.child) await closedLoop(bench, json, sizes.warm, 32)
    if (workloads.has('json')) sample.json = await closed(json, sizes.json)
    if (workloads.has('open')) {
      const plan = { perSecond: 200, seconds: sizes.open, warmSeconds: sizes.openWarm }
      sample.open = await undisturbed(bench, gateway, () => sendAtRate(json, plan))
    }
    if (workloads.has('sse')) await streams(bench, gateway, sample)
    if (workloads.has('big')) sample.big = await closed(big, sizes.big, 8)
    if (workloads.has('steps') && steps) {
      await closedLoop(bench, steps.twelve, sizes.steps, 32)
      const two = await closed(steps.two, sizes.steps)
      sample.steps = { two, twelve: await closed(steps.twelve, sizes.steps) }
    }
  })
  return sample
}

/** Memory after a long time of small JSON at saturation, in a process that has done nothing else. */
export async function measureSoak(bench: Bench, contestant: Contestant): Promise<Sample> {
  const sample: Sample = { contestant: contestant.name, round: bench.options.rounds + 1 }
  await serving(bench, contestant, sample, async (gateway) => {
    const soak = await metered(gateway, () =>
      closedLoop(bench, gateway.requests.json, bench.options.sizes.soak, 32),
    )
    await sleep(1_000)
    sample.soak = { ...soak, afterMiB: gateway.child && usage(gateway.child.pid)?.rssMiB }
  })
  return sample
}

/** Starts the contestant, checks that it really calls the provider, and stops it on every way out. */
async function serving(
  bench: Bench,
  contestant: Contestant,
  sample: Sample,
  work: (gateway: Gateway) => Promise<void>,
) {
  const begin = performance.now()
  const gateway = await contestant.start(bench.site, profileFlags(bench))
  const { child } = gateway
  try {
    await firstAnswer(gateway)
    if (child) {
      sample.startMs = performance.now() - begin
      await sleep(500)
      const idle = usage(child.pid)?.rssMiB
      if (idle !== undefined) sample.idleMiB = idle
    }
    await countCalls(bench, gateway, sample)
    await work(gateway)
  } finally {
    if (child) await stop(child)
  }
}

/** One provider call for each request: nothing is answered from a cache, nothing is asked twice. */
async function countCalls({ provider }: Bench, { requests }: Gateway, sample: Sample) {
  const before = await provider.calls()
  const { answered, failed } = await exactly(requests.json, 100)
  if (failed > 0) throw new Error(`${failed} of ${answered + failed} first requests failed`)
  sample.callsPerRequest = ((await provider.calls()) - before) / answered
}

async function streams(bench: Bench, gateway: Gateway, sample: Sample) {
  const { options, provider } = bench
  const { chunks, crowd } = options.sizes
  const run = async (count: number, pace: Pace) => {
    await provider.pace(pace)
    const rampMs = pace.intervalMs > 0 ? 500 : 0
    const plan = { streams: count, chunks: pace.chunks, rampMs, timeoutMs: 20_000 }
    return undisturbed(bench, gateway, () => stream(gateway.requests.stream, plan))
  }
  sample.paced = await run(64, { chunks, intervalMs: 10 })
  sample.unpaced = await run(64, { chunks, intervalMs: 0 })
  if (crowd > 0) sample.crowd = await run(crowd, { chunks: 100, intervalMs: 20 })
}

function closedLoop(bench: Bench, target: Target, seconds: number, connections: number): Promise<Answers> {
  return bench.wrk
    ? saturateByWrk(target, { connections, seconds, folder: bench.site.folder })
    : saturate(target, { connections, seconds })
}

/** Of several attempts the one that other processes disturbed least; the first will do when none did. */
async function undisturbed<Result>(
  bench: Bench,
  gateway: Gateway,
  work: () => Promise<Result>,
): Promise<Metered<Result>> {
  let best = await metered(gateway, work)
  for (let again = 0; again < bench.options.sizes.repeats && best.meter.foreign > 0.1; again++) {
    const next = await metered(gateway, work)
    if (next.meter.foreign < best.meter.foreign) best = next
  }
  return best
}

async function metered<Result>({ child }: Gateway, work: () => Promise<Result>): Promise<Metered<Result>> {
  const foreign = foreignSeconds()
  const before = child && usage(child.pid)
  const from = nowUs()
  const result = await work()
  const to = nowUs()
  const after = child && usage(child.pid)
  const cpuUs = before && after && after.cpuUs - before.cpuUs
  const meter = {
    cpuUs,
    busy: cpuUs === undefined ? undefined : cpuUs / (to - from),
    foreign: Math.max(0, foreignSeconds() - foreign) / ((to - from) / 1e6),
    span: { from, to },
  }
  return { ...result, meter }
}

export function profileFolder({ folder }: Site) {
  return join(folder, 'profiles')
}

function profileFlags({ options, site }: Bench): readonly string[] {
  if (!options.profile) return []
  mkdirSync(profileFolder(site), { recursive: true })
  return ['--cpu-prof', `--cpu-prof-dir=${profileFolder(site)}`, '--cpu-prof-interval=500']
}
