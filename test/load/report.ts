import { type ContestantName, contestantNames } from './contestant.ts'
import { type Figure, figures, type Target } from './figures.ts'
import type { Sample } from './sample.ts'

export interface Row {
  readonly label: string
  readonly unit: string
  readonly digits: number
  /** Medians over the rounds. */
  readonly values: Partial<Record<ContestantName, number>>
  /** sluice to reference: formed within each round, then the median. */
  readonly ratio: number | undefined
  readonly target: Target | undefined
  readonly verdict: 'stretch' | 'met' | 'missed' | undefined
}

export function evaluate(samples: readonly Sample[]): readonly Row[] {
  return figures.map((figure) => row(figure, samples)).filter(({ values }) => Object.keys(values).length > 0)
}

function row({ label, unit, digits, read, target }: Figure, samples: readonly Sample[]): Row {
  const of = (name: ContestantName, round: number) =>
    samples.find((sample) => sample.contestant === name && sample.round === round)
  const value = (sample: Sample | undefined) => sample && read(sample, of('direct', sample.round))
  const values: Partial<Record<ContestantName, number>> = {}
  for (const name of contestantNames) {
    const middle = median(samples.filter(({ contestant }) => contestant === name).map(value))
    if (middle !== undefined) values[name] = middle
  }
  const ratios = samples
    .filter(({ contestant }) => contestant === 'sluice')
    .map((sample) => {
      const own = value(sample)
      const other = value(of('reference', sample.round))
      // Added latencies can come out at nothing or less, which is no base for a ratio.
      return own === undefined || other === undefined || Math.min(own, other) <= 0 ? undefined : own / other
    })
  const ratio = median(ratios)
  const judged = target?.of === 'ratio' ? ratio : values.sluice
  return { label, unit, digits, values, ratio, target, verdict: judge(judged, target) }
}

function judge(value: number | undefined, target: Target | undefined): Row['verdict'] {
  if (value === undefined || !target) return undefined
  const holds = (bound: number) => (target.kind === 'at least' ? value >= bound : value <= bound)
  if (target.stretch !== undefined && holds(target.stretch)) return 'stretch'
  return holds(target.bound) ? 'met' : 'missed'
}

export function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values
    .filter((value): value is number => value !== undefined && !Number.isNaN(value))
    .sort((a, b) => a - b)
  const upper = sorted[sorted.length >> 1]
  const lower = sorted[(sorted.length - 1) >> 1]
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2
}

/** One text table; a contestant that was not measured has no column. */
export function table(rows: readonly Row[]): string {
  const names = contestantNames.filter((name) => rows.some(({ values }) => values[name] !== undefined))
  const head = ['', 'unit', ...names, 'to reference', 'target (stretch)', '']
  const cells = rows.map(({ label, unit, digits, values, ratio, target, verdict }) => [
    label,
    unit,
    ...names.map((name) => number(values[name], digits)),
    ratio === undefined ? '–' : `${ratio.toFixed(2)} ×`,
    target ? goal(target) : '',
    verdict ?? '',
  ])
  const widths = head.map((_, column) =>
    Math.max(...[head, ...cells].map((line) => line[column]?.length ?? 0)),
  )
  // The first two columns and the last are words, the others figures.
  const line = (parts: readonly string[]) =>
    parts
      .map((part, column) => {
        const width = widths[column] ?? 0
        return column < 2 || column === head.length - 1 ? part.padEnd(width) : part.padStart(width)
      })
      .join('  ')
      .trimEnd()
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...cells.map(line)].join('\n')
}

function number(value: number | undefined, digits: number) {
  if (value === undefined) return '–'
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

function goal({ id, of, kind, bound, stretch }: Target) {
  const show = (value: number) => (of === 'ratio' ? `${value.toFixed(2)} ×` : `${value}`)
  const sign = kind === 'at least' ? '≥' : '≤'
  return `${id}: ${sign} ${show(bound)}${stretch === undefined ? '' : ` (${show(stretch)})`}`
}

/** What makes a sample worthless, as sentences. */
export function problemsOf(sample: Sample): readonly string[] {
  const { contestant, round, callsPerRequest, json, open, paced, unpaced, crowd, big, steps, soak } = sample
  const of = `${contestant}, round ${round}`
  const loads = {
    json,
    open,
    paced,
    unpaced,
    crowd,
    big,
    'steps-2': steps?.two,
    'steps-12': steps?.twelve,
    soak,
  }
  const failures = Object.entries(loads).flatMap(([name, load]) =>
    load && load.failed > 0 ? [`${of}: ${load.failed} failures in ${name}`] : [],
  )
  return callsPerRequest === undefined || callsPerRequest === 1
    ? failures
    : [`${of}: ${callsPerRequest} provider calls per request, not 1`, ...failures]
}

/** The median over all measured spans of what other processes used. */
export function foreignCores(samples: readonly Sample[]): number {
  const spans = samples.flatMap(({ json, open, paced, big }) => [json, open, paced, big])
  return median(spans.map((load) => load?.meter.foreign)) ?? 0
}
