import { expect, test } from 'vitest'
import { budget, endpointLimits, gatewayLimits, limitFacts } from './limits.ts'

test('limits become buckets; a burst that is left out is all of it', () => {
  const limits = gatewayLimits.parse({
    requests: { max: 600, window_s: 60, burst: 100 },
    tokens: { max: 9_000, window_s: 60 },
    cost_usd: { max: 0.5, window_s: 3_600 },
    per_address: { max: 20, window_s: 1 },
    concurrent: 8,
  })
  expect(limitFacts(limits)).toEqual({
    requests: { max: 600, windowS: 60, burst: 100 },
    tokens: { max: 9_000, windowS: 60, burst: 9_000 },
    costUsd: { max: 0.5, windowS: 3_600, burst: 0.5 },
    perAddress: { max: 20, windowS: 1, burst: 20 },
    concurrent: 8,
  })
})

test('a budget is a month unless it says otherwise', () => {
  expect(limitFacts(undefined, budget.parse({ max_usd: 50 }))).toEqual({
    budget: { maxUsd: 50, window: 'month' },
  })
})

test('what is not limited is absent', () => {
  expect(limitFacts(endpointLimits.parse({}))).toEqual({})
})

test.each([
  { max: 0, window_s: 60 },
  { max: 5 },
  { max: 5, window_s: 0 },
  { max: 5, window_s: 60, burst: 0 },
  { max: 5, window_s: 1.5 },
])('refuses the bucket %j', (requests) => {
  expect(gatewayLimits.safeParse({ requests }).success).toBe(false)
})
