import { parseArgs } from 'node:util'
import { type ContestantName, contestantNames } from './contestant.ts'

export const workloadNames = ['json', 'open', 'sse', 'big', 'steps', 'soak'] as const
export type WorkloadName = (typeof workloadNames)[number]

export interface Options {
  readonly quick: boolean
  readonly profile: boolean
  readonly rounds: number
  readonly workloads: ReadonlySet<WorkloadName>
  readonly contestants: ReadonlySet<ContestantName>
  readonly sizes: Sizes
}

/** Seconds and counts of the workloads. */
export interface Sizes {
  readonly warm: number
  readonly json: number
  readonly open: number
  readonly openWarm: number
  readonly chunks: number
  /** 512 streams at 50 chunks a second; 0 leaves it out. */
  readonly crowd: number
  readonly big: number
  readonly steps: number
  readonly soak: number
  /** How often a measurement is repeated when other processes disturbed it. */
  readonly repeats: number
  /** For everything: when it is over, all is stopped and the run fails. */
  readonly deadline: number
}

const full: Omit<Sizes, 'deadline'> = {
  warm: 5,
  json: 4,
  open: 10,
  openWarm: 1,
  chunks: 200,
  crowd: 512,
  big: 3,
  steps: 3,
  soak: 60,
  repeats: 2,
}

const quick: typeof full = {
  warm: 1,
  json: 2,
  open: 2,
  openWarm: 0.5,
  chunks: 50,
  crowd: 0,
  big: 1,
  steps: 1,
  soak: 0,
  repeats: 0,
}

export const help = `npm run bench -- [options]

  --quick              one short round, no soak: about half a minute
  --rounds N           rounds to take the median of (default 3, 1 with --quick)
  --only LIST          of ${workloadNames.join(', ')} (default all)
  --contestants LIST   of ${contestantNames.join(', ')} (default all that are installed)
  --profile            profile the gateway and print its 40 longest functions for each workload
                       (default json, sluice)
`

/** Throws with a sentence for the person at the keyboard. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      contestants: { type: 'string' },
    },
  })
  const rounds = Number(values.rounds ?? (values.quick || values.profile ? 1 : 3))
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 20) throw new Error('--rounds takes 1 to 20.')
  const parts = values.quick ? quick : full
  const workloads = choice('--only', values.only ?? (values.profile ? 'json' : undefined), workloadNames)
  const chosen = values.contestants ?? (values.profile ? 'sluice' : undefined)
  const contestants = choice('--contestants', chosen, contestantNames)
  const round =
    parts.warm + (parts.json + parts.open + parts.big + 2 * parts.steps + 15) * (1 + parts.repeats)
  const deadline = (rounds * (round + 10) + parts.soak + 15) * contestants.size
  return {
    quick: values.quick,
    profile: values.profile,
    rounds,
    workloads,
    contestants,
    sizes: { ...parts, deadline },
  }
}

function choice<Name extends string>(option: string, list: string | undefined, names: readonly Name[]) {
  if (list === undefined) return new Set(names)
  const known = (name: string): name is Name => names.some((each) => each === name)
  return new Set(
    list.split(',').map((part) => {
      const name = part.trim()
      if (!known(name)) throw new Error(`${option} knows ${names.join(', ')}; "${name}" is none of them.`)
      return name
    }),
  )
}
