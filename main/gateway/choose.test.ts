import { describe, expect, it } from 'vitest'
import { keyOf, planOf, routeOf, versionOf } from '../../test/gateway/support.ts'
import { type Choice, choose, weighted } from './choose.ts'
import type { LabelTarget } from './ports.ts'
import type { Resolved } from './resolve.ts'

const users = Array.from({ length: 10_000 }, (_, i) => `user-${i}`)

function shares(arms: readonly { name: string; weight: number }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const user of users) {
    const name = weighted(arms, user)?.name ?? 'none'
    counts[name] = (counts[name] ?? 0) + 1 / users.length
  }
  return counts
}
/** Where each user moves when the weights change. */
function moves(
  before: readonly { name: string; weight: number }[],
  after: readonly { name: string; weight: number }[],
) {
  const counts: Record<string, number> = {}
  for (const user of users) {
    const [from, to] = [weighted(before, user)?.name, weighted(after, user)?.name]
    if (from !== to) counts[`${from}>${to}`] = (counts[`${from}>${to}`] ?? 0) + 1 / users.length
  }
  return counts
}
const arm = (name: string, weight: number) => ({ name, weight })

describe('the distribution over arms', () => {
  it('holds the weights within 2 points', () => {
    const found = shares([arm('a', 90), arm('b', 10)])
    expect(found.a).toBeCloseTo(0.9, 1.7)
    const three = shares([arm('a', 5), arm('b', 3), arm('c', 2)])
    for (const [name, share] of Object.entries({ a: 0.5, b: 0.3, c: 0.2 })) {
      expect(Math.abs((three[name] ?? 0) - share)).toBeLessThan(0.02)
    }
  })

  it('never takes an arm of weight 0, and none when all are 0', () => {
    expect(shares([arm('a', 1), arm('b', 0)])).toEqual({ a: expect.closeTo(1) })
    expect(weighted([arm('a', 0)], 'x')).toBeUndefined()
  })

  it('moves only the share that must move when a weight changes', () => {
    const moved = moves([arm('a', 90), arm('b', 10)], [arm('a', 80), arm('b', 20)])
    expect(Object.keys(moved)).toEqual(['a>b'])
    expect(Math.abs((moved['a>b'] ?? 0) - 0.1)).toBeLessThan(0.02)
  })

  it('moves nothing between arms that nobody touched', () => {
    const raised = moves([arm('a', 5), arm('b', 3), arm('c', 2)], [arm('a', 5), arm('b', 3), arm('c', 4)])
    expect(Object.keys(raised).sort()).toEqual(['a>c', 'b>c'])
    const added = moves([arm('a', 5), arm('b', 5)], [arm('a', 5), arm('b', 5), arm('c', 5)])
    expect(Object.keys(added).sort()).toEqual(['a>c', 'b>c'])
  })

  it('does not depend on the order of the arms', () => {
    expect(moves([arm('a', 1), arm('b', 2)], [arm('b', 2), arm('a', 1)])).toEqual({})
  })
})

describe('choose', () => {
  const split: LabelTarget = {
    kind: 'split',
    sticky: 'metadata.user_id',
    arms: [
      { name: 'control', weight: 50, version: versionOf(1) },
      { name: 'shorter', weight: 50, version: versionOf(2) },
    ],
  }
  const resolved = (target: LabelTarget, label = 'production'): Resolved => ({
    route: routeOf('hello'),
    label,
    target,
  })
  const choice = (over: Partial<Choice> = {}): Choice => ({
    key: keyOf().entry,
    metadata: {},
    run: 'r',
    forced: null,
    ...over,
  })

  it('keeps the arm of a sticky value, whatever the run', () => {
    for (const user_id of users.slice(0, 50)) {
      const arms = new Set(
        ['r1', 'r2', 'r3'].map((run) => choose(resolved(split), choice({ metadata: { user_id }, run })).arm),
      )
      expect(arms.size).toBe(1)
    }
  })

  it('follows the run id without a sticky value', () => {
    const arms = new Set(users.slice(0, 50).map((run) => choose(resolved(split), choice({ run })).arm))
    expect(arms).toEqual(new Set(['control', 'shorter']))
  })

  it('sticks to the consumer where the label says so', () => {
    const target: LabelTarget = { ...split, sticky: 'consumer.id' }
    const { entry: key } = keyOf({ consumer: 'shop' })
    const arms = new Set(users.slice(0, 50).map((run) => choose(resolved(target), choice({ key, run })).arm))
    expect(arms.size).toBe(1)
  })

  it('splits two labels independently', () => {
    const arms = (label: string) =>
      users
        .slice(0, 200)
        .map((user_id) => choose(resolved(split, label), choice({ metadata: { user_id } })).arm)
    expect(arms('production')).not.toEqual(arms('staging'))
  })

  it('takes the arm that is forced, and refuses one that is not there', () => {
    expect(choose(resolved(split), choice({ forced: 'shorter' })).version.number).toBe(2)
    const plain: LabelTarget = { kind: 'version', version: versionOf(1) }
    for (const target of [split, plain]) {
      expect(() => choose(resolved(target), choice({ forced: 'longer' }))).toThrowError(
        expect.objectContaining({
          code: 'invalid_request',
          details: expect.objectContaining({ reason: 'unknown_variant' }),
        }),
      )
    }
  })

  it('does not run a version that was retired on its own', () => {
    const version = versionOf(3, planOf(), { state: 'retired', successor: 'production' })
    expect(() => choose(resolved({ kind: 'version', version }), choice())).toThrowError(
      expect.objectContaining({ code: 'gone', details: { successor: 'hello@production' } }),
    )
  })
})
