// Latencies in whole microseconds at constant cost and memory: 128 steps per power of two, so a reading is off by
// at most 0.4 %.
const STEPS = 128
const LARGEST = 2 ** 31 - 1

export class Histogram {
  readonly #counts = new Uint32Array(indexOf(LARGEST) + 1)
  #total = 0
  #largest = 0

  record(us: number) {
    const value = Math.min(LARGEST, Math.max(0, Math.round(us)))
    const index = indexOf(value)
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#total++
    if (value > this.#largest) this.#largest = value
  }

  get count() {
    return this.#total
  }

  /** The value that `share` (0–1) of the records do not exceed; undefined without records. */
  quantile(share: number): number | undefined {
    if (this.#total === 0) return undefined
    const rank = Math.max(1, Math.ceil(share * this.#total))
    let seen = 0
    for (const [index, count] of this.#counts.entries()) {
      seen += count
      if (seen >= rank) return Math.min(this.#largest, middleOf(index))
    }
    return this.#largest
  }

  summary(): Summary {
    return {
      count: this.#total,
      p50: this.quantile(0.5),
      p90: this.quantile(0.9),
      p99: this.quantile(0.99),
      max: this.#total > 0 ? this.#largest : undefined,
    }
  }
}

/** Microseconds. */
export interface Summary {
  readonly count: number
  readonly p50: number | undefined
  readonly p90: number | undefined
  readonly p99: number | undefined
  readonly max: number | undefined
}

function indexOf(value: number) {
  const shift = Math.max(0, 24 - Math.clz32(value))
  return shift * STEPS + (value >>> shift)
}

function middleOf(index: number) {
  const shift = Math.max(0, Math.floor(index / STEPS) - 1)
  const step = index - shift * STEPS
  return (step + 0.5) * 2 ** shift - 0.5
}
