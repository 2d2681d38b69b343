import { expect, it } from 'vitest'
import { SeqTable } from './seq-table.ts'

const id = (n: number) =>
  `run_${Math.imul(n + 1, 2_654_435_761)
    .toString(36)
    .padStart(7, 'x')}${n}`

it('finds each of many ids among few candidates', () => {
  const table = new SeqTable()
  for (let n = 1; n <= 50_000; n += 1) table.add(id(n), n)
  expect(table.size).toBe(50_000)
  let candidates = 0
  for (let n = 1; n <= 50_000; n += 1) {
    expect(table.candidates(id(n))).toContain(n)
    candidates += table.candidates(id(n)).length
  }
  expect(candidates / 50_000).toBeLessThan(1.1)
})

it('answers both rows of an id that was added twice, and none after clear', () => {
  const table = new SeqTable()
  table.add('run_abcdefgh', 3)
  table.add('run_abcdefgh', 9)
  expect([...table.candidates('run_abcdefgh')].sort()).toEqual([3, 9])
  expect(table.candidates('run_zzzzzzzz')).not.toContain(3)
  table.clear()
  expect(table.candidates('run_abcdefgh')).toEqual([])
})

it('takes ids shorter than usual', () => {
  const table = new SeqTable()
  table.add('run_a', 1)
  table.add('', 2)
  expect(table.candidates('run_a')).toContain(1)
  expect(table.candidates('')).toContain(2)
})
