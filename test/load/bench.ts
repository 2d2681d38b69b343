// `npm run bench`: the published path with everything on, beside a bare proxy and nginx, in one run.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { killAll, stopAll } from './children.ts'
import type { Contestant } from './contestant.ts'
import { contestants } from './contestants.ts'
import { help, type Options, parseOptions } from './options.ts'
import { chooseCores, pinSelf } from './pin.ts'
import { printProfiles } from './profile.ts'
import { startProvider } from './provider-control.ts'
import { evaluate, foreignCores, problemsOf, table } from './report.ts'
import { type Bench, measureRound, measureSoak, profileFolder } from './round.ts'
import type { Sample } from './sample.ts'
import { hasWrk } from './wrk.ts'

const say = (text: string) => console.log(text)

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    say(help)
    return 0
  }
  const options = parseOptions(args)
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  endCleanly(folder, options.sizes.deadline)
  const cores = chooseCores()
  if (cores) pinSelf(cores.load)
  const provider = await startProvider()
  const site = { folder, cores, providerPort: provider.port }
  const bench: Bench = { options, site, provider, wrk: hasWrk() }
  const machine = describe(bench)
  say(Object.values(machine).join(' · '))

  const problems: string[] = []
  const samples = await measure(bench, problems)
  await stopAll()

  problems.push(...samples.flatMap(problemsOf))
  const rows = evaluate(samples)
  say(rows.length > 0 ? `\n${table(rows)}\n` : 'Nothing was measured.')
  if (options.profile) say(printProfiles(profileFolder(site), samples))
  const foreign = foreignCores(samples)
  if (foreign > 0.1)
    say(`Other processes used ${foreign.toFixed(1)} cores meanwhile: trust CPU time and ratios, not rates.`)
  for (const problem of problems) say(`PROBLEM  ${problem}`)
  say(`Written to ${save({ machine, options: shown(options), rows, samples, problems })}`)
  return problems.length > 0 ? 1 : 0
}

/** Rounds over contestants, so that a change of the machine's mood hits all of them; soaks at the end. */
async function measure(bench: Bench, problems: string[]): Promise<readonly Sample[]> {
  const { options, site } = bench
  const samples: Sample[] = []
  const attempt = async (contestant: Contestant, what: string, work: () => Promise<Sample | undefined>) => {
    const begin = performance.now()
    try {
      const sample = await work()
      if (sample) samples.push(sample)
      say(`${what}, ${contestant.name}: ${((performance.now() - begin) / 1000).toFixed(1)} s`)
      return true
    } catch (error) {
      problems.push(`${contestant.name}, ${what}: ${error instanceof Error ? error.message : String(error)}`)
      return false
    }
  }
  const running: Contestant[] = []
  for (const contestant of contestants) {
    if (!options.contestants.has(contestant.name)) continue
    const missing = contestant.missing?.()
    const prepare = async () => {
      await contestant.prepare?.(site)
      return undefined
    }
    if (missing) say(`${contestant.name} is left out: ${missing}`)
    else if (!contestant.prepare || (await attempt(contestant, 'preparation', prepare)))
      running.push(contestant)
  }
  for (let round = 1; round <= options.rounds; round++)
    for (const contestant of running)
      await attempt(contestant, `round ${round}`, () => measureRound(bench, contestant, round))
  if (options.workloads.has('soak') && options.sizes.soak > 0)
    for (const contestant of running)
      if (contestant.name !== 'direct')
        await attempt(contestant, 'soak', () => measureSoak(bench, contestant))
  return samples
}

/** Whatever ends this process ends its children and removes its folder. */
function endCleanly(folder: string, deadline: number) {
  process.on('exit', () => {
    killAll()
    rmSync(folder, { recursive: true, force: true })
  })
  const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
  for (const [signal, code] of Object.entries(signals)) process.on(signal, () => process.exit(code))
  const late = () => {
    console.error(`bench: not done after ${deadline} s, giving up`)
    process.exit(1)
  }
  setTimeout(late, deadline * 1000).unref()
}

function describe({ site: { cores }, wrk }: Bench) {
  return {
    cpu: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`,
    system: `${process.platform} ${release()}`,
    node: `Node ${process.version}`,
    pinning: cores
      ? `gateway on core ${cores.gateway}, load and provider on core ${cores.load}`
      : 'not pinned',
    load: wrk ? 'closed loop by wrk' : 'closed loop by Node',
  }
}

/** Sets do not survive JSON. */
function shown({ workloads, contestants, ...rest }: Options) {
  return { ...rest, workloads: [...workloads], contestants: [...contestants] }
}

function save(results: object): string {
  const folder = join(import.meta.dirname, 'results')
  mkdirSync(folder, { recursive: true })
  const date = new Date().toISOString()
  const file = join(folder, `${date.slice(0, 19).replaceAll(':', '-')}.json`)
  writeFileSync(file, `${JSON.stringify({ date, ...results }, undefined, 2)}\n`)
  return file
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
process.exit()
