import { beforeEach, describe, expect, it } from 'vitest'
import { type VirtualClock, virtualClock } from '../../test/virtual-clock.ts'
import { Deadlines } from './deadlines.ts'

describe('deadlines', () => {
  let clock: VirtualClock
  let deadlines: Deadlines
  let passed: string[]
  const add = (name: string, ms: number) =>
    deadlines.add(ms, () => void passed.push(`${name} at ${clock.ticks()}`))
  beforeEach(() => {
    clock = virtualClock()
    deadlines = new Deadlines({ clock, elapsed: () => clock.ticks() })
    passed = []
  })

  it('pass in the order of their time, on one timer', async () => {
    add('run', 100)
    add('late', 60)
    add('early', 20)
    expect(clock.waiting).toBe(1)
    await clock.advance(99)
    expect(passed).toEqual(['early at 20', 'late at 60'])
    await clock.advance(1)
    expect(passed.at(-1)).toBe('run at 100')
    expect(clock.waiting).toBe(0)
  })

  it('do not pass once they are removed, and the others keep their time', async () => {
    const gone = add('gone', 10)
    add('run', 30)
    deadlines.remove(gone)
    await clock.advance(29)
    expect(passed).toEqual([])
    await clock.advance(1)
    expect(passed).toEqual(['run at 30'])
  })

  it('may add others when they pass', async () => {
    deadlines.add(10, () => void add('next', 5))
    add('run', 40)
    await clock.advance(50)
    expect(passed).toEqual(['next at 15', 'run at 40'])
  })

  it('end together, also from one that passes', async () => {
    deadlines.add(10, () => deadlines.stop())
    add('run', 10)
    await clock.advance(50)
    expect(passed).toEqual([])
    expect(clock.waiting).toBe(0)
  })
})
