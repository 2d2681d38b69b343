import { expect, it } from 'vitest'
import type { SpentEntry } from '#main/store/budgets.ts'
import { budgetJournal } from './budget-journal.ts'

function table() {
  const written: SpentEntry[] = []
  const own = {
    fails: false,
    written,
    spent: (name: string, period: string) =>
      written
        .filter((entry) => entry.name === name && entry.period === period)
        .reduce((sum, { usd }) => sum + usd, 0),
    add(entries: readonly SpentEntry[]) {
      if (own.fails) throw new Error('disk full')
      written.push(...entries)
    },
  }
  return own
}

it('writes each amount before it counts', () => {
  const store = table()
  const journal = budgetJournal(store, () => undefined)
  journal.add('consumer:a', '2026-11', 0.5)
  expect(store.written).toEqual([{ name: 'consumer:a', period: '2026-11', usd: 0.5 }])
  expect(journal.spent('consumer:a', '2026-11')).toBe(0.5)
})

it('keeps what a full disk refused, counts it, and writes it when there is room again', () => {
  const store = table()
  const told: (string | null)[] = []
  const journal = budgetJournal(store, (failure) => told.push(failure))
  store.fails = true
  for (const usd of [1, 2, -0.5]) journal.add('consumer:a', '2026-11', usd)
  journal.add('consumer:b', '2026-11', 4)
  expect([journal.spent('consumer:a', '2026-11'), journal.spent('consumer:b', '2026-11')]).toEqual([2.5, 4])
  store.fails = false
  journal.flush()
  expect(store.written).toHaveLength(2)
  expect(store.spent('consumer:a', '2026-11')).toBe(2.5)
  expect(told).toEqual(['disk full', null])
})
