import { describe, expect, it } from 'vitest'
import { pickByWeight } from './weights.ts'

describe('pickByWeight', () => {
  it('gives each its share of the line', () => {
    const weights = [
      ['a', 1],
      ['b', 2],
      ['c', 1],
    ] as const
    const picked = [0, 0.249, 0.25, 0.749, 0.75, 0.999].map((at) => pickByWeight(weights, at))
    expect(picked).toEqual(['a', 'a', 'b', 'b', 'c', 'c'])
  })

  it('never picks what weighs nothing, not even by rounding', () => {
    const weights = [
      ['none', 0],
      ['a', 0.1],
      ['b', 0.2],
      ['last', 0],
    ] as const
    expect(pickByWeight(weights, 0)).toBe('a')
    expect(pickByWeight(weights, 1 - Number.EPSILON / 2)).toBe('b')
    expect(pickByWeight(weights, 1)).toBe('b')
  })

  it('picks nothing where all weigh nothing', () => {
    expect(pickByWeight([['a', 0]], 0.5)).toBeUndefined()
    expect(pickByWeight([], 0.5)).toBeUndefined()
  })
})
