import { describe, expect, test } from 'vitest'
import { Histogram } from './histogram.ts'

function of(...values: number[]) {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram
}

describe('a histogram', () => {
  test('has no quantiles before the first record', () => {
    expect(new Histogram().summary()).toEqual({
      count: 0,
      p50: undefined,
      p90: undefined,
      p99: undefined,
      max: undefined,
    })
  })

  test('is exact for small values', () => {
    const histogram = of(...Array.from({ length: 100 }, (_, i) => i + 1))
    expect(histogram.quantile(0)).toBe(1)
    expect(histogram.quantile(0.5)).toBe(50)
    expect(histogram.quantile(0.99)).toBe(99)
    expect(histogram.quantile(1)).toBe(100)
  })

  test.each([255, 256, 257, 1_000, 65_535, 65_536, 1_234_567, 2 ** 31 - 1])(
    'reads %i back within 0.4 %',
    (value) => {
      // A larger record keeps the cap at the largest value from hiding an error.
      const read = of(value, value, 2 ** 31 - 1).quantile(0.5) ?? Number.NaN
      expect(Math.abs(read - value) / value).toBeLessThan(0.004)
    },
  )

  test('never reads more than the largest record', () => {
    expect(of(1_000_001).quantile(0.99)).toBeLessThanOrEqual(1_000_001)
  })

  test('takes fractions, negatives and values beyond its range', () => {
    const histogram = of(-5, 2.6, 2 ** 40)
    expect(histogram.count).toBe(3)
    expect(histogram.quantile(0.3)).toBe(0)
    expect(histogram.quantile(0.5)).toBe(3)
    expect(histogram.summary().max).toBe(2 ** 31 - 1)
  })
})
