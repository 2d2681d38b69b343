import { expect, test } from 'vitest'
import { freezeDeep, frozenCopy } from './frozen.ts'

test('copies JSON, leaves out what is undefined, and freezes all of it', () => {
  const given = { a: [1, { b: null }], c: undefined, d: 'x' }
  const made = frozenCopy(given)
  expect(made).toEqual({ a: [1, { b: null }], d: 'x' })
  expect(Object.hasOwn(made, 'c')).toBe(false)
  expect([made, made.a, made.a[1]].every(Object.isFrozen)).toBe(true)
  expect(Object.isFrozen(given.a)).toBe(false)
})

test.each([[() => 1], [new Map()], [/x/], [new Date(0)], [1n], [Symbol('x')]])(
  'refuses %s, which a Plan cannot hold',
  (value) => {
    expect(() => frozenCopy({ value })).toThrow(TypeError)
  },
)

test('freezes what was just made in place', () => {
  const made = { list: [{ deep: {} }], same: Object.freeze([1]) }
  expect(freezeDeep(made)).toBe(made)
  expect([made, made.list, made.list[0], made.list[0]?.deep].every(Object.isFrozen)).toBe(true)
})
