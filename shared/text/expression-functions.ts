// What of JSONata's library is taken away or replaced. Gone: code from text, the clock and chance, since the same values
// must give the same result. Replaced: functions that take quadratic time or any amount of memory at one go, where the
// time limit (which is checked between steps) cannot act.
import type jsonata from 'jsonata'

export const removedFunctions: ReadonlySet<string> = new Set(['eval', 'now', 'millis', 'random', 'shuffle'])

/** Characters of one text and items of one list within an expression. */
export const maxChars = 16 << 20
export const maxItems = 1_000_000

export function limitFunctions(expression: jsonata.Expression): void {
  for (const name of removedFunctions) expression.assign(name, undefined)
  expression.registerFunction('pad', pad, '<s-ns?:s>')
  expression.registerFunction('sort', sort, '<af?:a>')
  expression.registerFunction('distinct', distinct, '<x:x>')
  expression.registerFunction('spread', spread, '<x-:a<o>>')
  expression.registerFunction('toMillis', toMillis, '<s-:n>')
}

function pad(text: string | undefined, width: number, fill = ' '): string | undefined {
  if (text === undefined) return undefined
  if (Math.abs(width) > maxChars) throw new Error(`$pad makes at most ${maxChars} characters`)
  const missing = Math.trunc(Math.abs(width)) - Array.from(text).length
  if (missing <= 0) return text
  const signs = Array.from(fill === '' ? ' ' : fill)
  let padding = signs.join('').repeat(Math.floor(missing / signs.length))
  padding += signs.slice(0, missing % signs.length).join('')
  return width > 0 ? text + padding : padding + text
}

type Comparator = (a: unknown, b: unknown) => unknown

async function sort(list: readonly unknown[] | undefined, comparator?: Comparator): Promise<unknown> {
  if (list === undefined || list.length <= 1) return list
  if (comparator) return mergeSort(list, comparator)
  const kind = typeof list[0]
  if ((kind !== 'number' && kind !== 'string') || list.some((item) => typeof item !== kind))
    throw new Error('$sort without a function takes a list of numbers or a list of texts')
  return (list as readonly string[]).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

/** The comparator says whether its arguments must change places; it may be a function of the expression. */
async function mergeSort(list: readonly unknown[], comparator: Comparator): Promise<unknown[]> {
  if (list.length <= 1) return [...list]
  const middle = list.length >> 1
  const left = await mergeSort(list.slice(0, middle), comparator)
  const right = await mergeSort(list.slice(middle), comparator)
  const merged: unknown[] = []
  let l = 0
  let r = 0
  while (l < left.length && r < right.length)
    merged.push((await comparator(left[l], right[r])) ? right[r++] : left[l++])
  return merged.concat(left.slice(l), right.slice(r))
}

function distinct(list: unknown): unknown {
  if (!Array.isArray(list) || list.length <= 1) return list
  const seen = new Map<string, unknown>()
  for (const item of list) {
    const key = canonical(item)
    if (!seen.has(key)) seen.set(key, item)
  }
  return [...seen.values()]
}

/** Equal values, equal texts, whatever the order of keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

function spread(value: unknown): unknown {
  if (Array.isArray(value)) return value.flatMap((item) => spread(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value).map(([key, part]) => ({ [key]: part }))
}

/** ISO 8601; without an offset the time is UTC, on every machine. Pictures would fill gaps from the clock. */
function toMillis(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const form = /^\d{4}(-\d\d(-\d\d)?)?(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/.exec(text)
  const time =
    form === null
      ? Number.NaN
      : Date.parse(form[3] !== undefined && form[6] === undefined ? `${text}Z` : text)
  if (Number.isNaN(time)) throw new Error(`$toMillis takes a time in ISO 8601, not "${text.slice(0, 40)}"`)
  return time
}
