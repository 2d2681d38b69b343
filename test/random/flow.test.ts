import { expect, test } from 'vitest'
import { flowSchema } from '#shared/flow/schema.ts'
import { garbageFlow, randomFlow } from './flow.ts'

test('random flows are documents that the schema accepts', () => {
  for (let seed = 0; seed < 500; seed += 1) {
    for (const wiring of ['sound', 'wild'] as const) {
      const flow = randomFlow(seed, { wiring })
      expect(flowSchema.safeParse(flow).error?.issues ?? [], `seed ${seed}`).toEqual([])
    }
  }
})

test('the same seed gives the same flow', () => {
  expect(randomFlow(7)).toEqual(randomFlow(7))
  expect(randomFlow(7)).not.toEqual(randomFlow(8))
})

test('garbage is refused by the schema, most of the time', () => {
  const refused = Array.from({ length: 200 }, (_, seed) => flowSchema.safeParse(garbageFlow(seed)).success)
  expect(refused.filter((accepted) => !accepted).length).toBeGreaterThan(120)
})
