import { expect, it } from 'vitest'
import { Bag } from './bag.ts'

const thing = (name: string) => ({ name, slot: -1 })

it('holds what is put in until it is taken out, in any order', () => {
  const bag = new Bag<ReturnType<typeof thing>>()
  const things = Array.from({ length: 200 }, (_, i) => thing(`t${i}`))
  for (const each of things) bag.add(each)
  const order = things.map((_, i) => (i * 77) % things.length)
  order.forEach((at, taken) => {
    expect(bag.delete(things[at]!)).toBe(true)
    expect(bag.size).toBe(things.length - taken - 1)
    expect(bag.find(({ name }) => name === things[at]!.name)).toBeUndefined()
  })
})

it('knows what is not in it', () => {
  const [a, b] = [thing('a'), thing('b')]
  const bag = new Bag<typeof a>()
  bag.add(a)
  expect(bag.delete(b)).toBe(false)
  expect(bag.delete(a)).toBe(true)
  expect(bag.delete(a)).toBe(false)
  expect(bag.all()).toEqual([])
})
