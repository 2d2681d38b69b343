import { describe, expect, test } from 'vitest'
import type { Answers } from './load.ts'
import { evaluate, foreignCores, median, problemsOf, table } from './report.ts'
import type { Metered, Sample } from './sample.ts'

interface Loaded {
  readonly answered: number
  readonly cpuUs?: number
  readonly p50?: number
  readonly failed?: number
  readonly foreign?: number
}

/** One second of load. */
function load({ answered, cpuUs, p50 = 0, failed = 0, foreign = 0 }: Loaded): Metered<Answers> {
  const latency = { count: answered, p50, p90: p50, p99: p50, max: p50 }
  const meter = { cpuUs, busy: undefined, foreign, span: { from: 0, to: 1e6 } }
  return { answered, failed, seconds: 1, latency, meter }
}

const json = (contestant: Sample['contestant'], round: number, answered: number, cpuUs = 1e6): Sample => ({
  contestant,
  round,
  json: load({ answered, cpuUs }),
})

function rowOf(samples: readonly Sample[], label: string) {
  const row = evaluate(samples).find((each) => each.label.trim() === label)
  if (!row) throw new Error(`no row "${label}"`)
  return row
}

describe('an evaluation', () => {
  test('forms the ratio within each round and takes the median over the rounds', () => {
    const samples = [
      // The machine was slow in round 2 for both: the ratio does not notice.
      ...[json('reference', 1, 20_000), json('sluice', 1, 16_000)],
      ...[json('reference', 2, 10_000), json('sluice', 2, 8_000)],
      ...[json('reference', 3, 20_000), json('sluice', 3, 12_000)],
    ]
    const row = rowOf(samples, 'small JSON, 32 connections')
    expect(row.ratio).toBeCloseTo(0.8)
    expect(row.values).toEqual({ reference: 20_000, sluice: 12_000 })
    expect(row.verdict).toBe('met')
  })

  test.each([
    [9_500, 'stretch'],
    [7_000, 'met'],
    [6_900, 'missed'],
  ])('judges %i req/s beside a reference of 10,000 as %s', (rate, verdict) => {
    const samples = [json('reference', 1, 10_000), json('sluice', 1, rate)]
    expect(rowOf(samples, 'small JSON, 32 connections').verdict).toBe(verdict)
  })

  test('judges CPU time by its value', () => {
    expect(rowOf([json('sluice', 1, 20_000, 1e6)], 'gateway CPU').verdict).toBe('met')
    expect(rowOf([json('sluice', 1, 10_000, 1e6)], 'gateway CPU').verdict).toBe('missed')
  })

  test('gives no verdict without the product, and no ratio without the reference', () => {
    expect(rowOf([json('reference', 1, 10_000)], 'small JSON, 32 connections').verdict).toBeUndefined()
    expect(rowOf([json('sluice', 1, 10_000)], 'small JSON, 32 connections')).toMatchObject({
      ratio: undefined,
      verdict: undefined,
    })
  })

  test('counts added latency from the same round without a gateway', () => {
    const open = (contestant: Sample['contestant'], p50: number): Sample => {
      const one = load({ answered: 100, p50 })
      return { contestant, round: 1, open: { ...one, fromDue: one.latency } }
    }
    const row = rowOf([open('direct', 120), open('sluice', 370)], '200 req/s, open loop: added p50')
    expect(row.values).toEqual({ sluice: 0.25 })
    expect(row.verdict).toBe('met')
  })

  test('takes a step for a tenth of what ten more of them cost', () => {
    const steps = {
      two: load({ answered: 1_000, cpuUs: 20_000 }),
      twelve: load({ answered: 1_000, cpuUs: 45_000 }),
    }
    expect(rowOf([{ contestant: 'sluice', round: 1, steps }], 'each further pure node')).toMatchObject({
      values: { sluice: 2.5 },
      verdict: 'met',
    })
  })

  test('leaves out what nobody measured', () => {
    expect(evaluate([json('sluice', 1, 1)]).map(({ label }) => label.trim())).toEqual([
      'small JSON, 32 connections',
      'gateway CPU',
    ])
  })
})

test('a table has a column for each contestant that was measured, and the target with its verdict', () => {
  const lines = table(evaluate([json('reference', 1, 10_000), json('sluice', 1, 8_000)])).split('\n')
  expect(lines[0]?.trim().split(/\s{2,}/)).toEqual([
    'unit',
    'reference',
    'sluice',
    'to reference',
    'target (stretch)',
  ])
  expect(lines[2]?.split(/\s{2,}/)).toEqual([
    'small JSON, 32 connections',
    'req/s',
    '10,000',
    '8,000',
    '0.80 ×',
    'P1: ≥ 0.70 × (0.90 ×)',
    'met',
  ])
})

describe('a sample is worthless', () => {
  test('when requests failed', () => {
    const sample: Sample = { contestant: 'sluice', round: 2, big: load({ answered: 9, failed: 3 }) }
    expect(problemsOf(sample)).toEqual(['sluice, round 2: 3 failures in big'])
  })

  test('when a request was not exactly one provider call', () => {
    const sample: Sample = { contestant: 'sluice', round: 1, callsPerRequest: 0.5 }
    expect(problemsOf(sample)).toEqual(['sluice, round 1: 0.5 provider calls per request, not 1'])
    expect(problemsOf({ ...sample, callsPerRequest: 1 })).toEqual([])
  })
})

test('a median is the middle, or the mean of the two in the middle, of what is there', () => {
  expect(median([3, undefined, 1, 2])).toBe(2)
  expect(median([4, 1, 2, Number.NaN, 3])).toBe(2.5)
  expect(median([undefined])).toBeUndefined()
})

test('what other processes used is the median over what was measured', () => {
  const sample = (foreign: number): Sample => ({
    contestant: 'sluice',
    round: 1,
    json: load({ answered: 1, foreign }),
  })
  expect(foreignCores([sample(0.1), sample(0.9), sample(0.2)])).toBe(0.2)
  expect(foreignCores([])).toBe(0)
})
