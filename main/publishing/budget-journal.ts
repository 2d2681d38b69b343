// What budgets have spent, written down before it counts. A disk that is full or locked stops no request: what could not
// be written waits and goes with the next amount.
import type { BudgetJournal } from '#main/gateway/counters.ts'
import type { SpentEntry } from '#main/store/budgets.ts'

export interface BudgetTable {
  spent(name: string, period: string): number
  add(entries: readonly SpentEntry[]): void
}

/** @param onTrouble told why amounts cannot be written, and with null when they can be again */
export function budgetJournal(
  table: BudgetTable,
  onTrouble: (failure: string | null) => void,
): BudgetJournal & { flush(): void } {
  let waiting: SpentEntry[] = []
  let failure: string | null = null

  function flush(): void {
    if (waiting.length === 0) return
    let now: string | null = null
    try {
      table.add(waiting)
      waiting = []
    } catch (thrown) {
      now = thrown instanceof Error ? thrown.message : String(thrown)
      waiting = joined(waiting)
    }
    if (now !== failure) onTrouble(now)
    failure = now
  }

  return {
    spent(name, period) {
      const unwritten = waiting.filter((entry) => entry.name === name && entry.period === period)
      return unwritten.reduce((sum, { usd }) => sum + usd, table.spent(name, period))
    },
    add(name, period, usd) {
      waiting.push({ name, period, usd })
      flush()
    },
    flush,
  }
}

/** One entry for each budget and period, so that trouble for hours fills no memory. */
function joined(entries: readonly SpentEntry[]): SpentEntry[] {
  const sums = new Map<string, SpentEntry>()
  for (const { name, period, usd } of entries) {
    const key = `${name}\n${period}`
    sums.set(key, { name, period, usd: (sums.get(key)?.usd ?? 0) + usd })
  }
  return [...sums.values()]
}
