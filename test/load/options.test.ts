import { describe, expect, test } from 'vitest'
import { parseOptions } from './options.ts'

describe('options', () => {
  test('measure everything three times by default', () => {
    const { rounds, workloads, contestants, sizes } = parseOptions([])
    expect(rounds).toBe(3)
    expect([...workloads]).toEqual(['json', 'open', 'sse', 'big', 'steps', 'soak'])
    expect([...contestants]).toEqual(['direct', 'nginx', 'reference', 'sluice'])
    expect(sizes.soak).toBe(60)
  })

  test('--quick is one short round without a soak', () => {
    const { rounds, sizes } = parseOptions(['--quick'])
    expect(rounds).toBe(1)
    expect(sizes.soak).toBe(0)
    expect(sizes.json).toBeLessThan(parseOptions([]).sizes.json)
  })

  test('--rounds and --only choose', () => {
    const { rounds, workloads } = parseOptions(['--quick', '--rounds', '2', '--only', 'json,sse'])
    expect(rounds).toBe(2)
    expect([...workloads]).toEqual(['json', 'sse'])
  })

  test('--profile looks at the gateway under JSON load unless told otherwise', () => {
    const plain = parseOptions(['--profile'])
    expect([[...plain.workloads], [...plain.contestants], plain.rounds]).toEqual([['json'], ['sluice'], 1])
    const told = parseOptions(['--profile', '--only', 'big', '--contestants', 'reference'])
    expect([[...told.workloads], [...told.contestants]]).toEqual([['big'], ['reference']])
  })

  test.each([
    [['--rounds', '0'], /1 to 20/],
    [['--rounds', 'many'], /1 to 20/],
    [['--only', 'json,sees'], /"sees" is none of them/],
    [['--contestants', 'portkey'], /"portkey" is none of them/],
    [['--fast'], /--fast/],
  ])('%j is refused', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message)
  })
})
