// What a simulated model can be told to do wrong. Written after the model (`sim-small+cut-3`), in the body field
// `simulate`, in the header `x-simulate`, or set for all calls at `/control`. Several are joined by `+`.

export interface Faults {
  /** An error status instead of an answer. */
  readonly status?: number
  /** Seconds in `retry-after`. */
  readonly retryAfterS?: number
  readonly code?: string
  /** Milliseconds before the first token, instead of the model's own. */
  readonly firstMs?: number
  /** Milliseconds between tokens, instead of the model's own. */
  readonly tokenMs?: number
  /** An answer of exactly so many words. */
  readonly words?: number
  /** Break the connection, or go silent, after so many tokens. */
  readonly cutAfter?: number
  readonly stallAfter?: number
  readonly hang?: true
  readonly garbage?: true
  readonly html?: true
  readonly refusal?: true
  readonly filter?: true
  readonly empty?: true
  /** `broken`: arguments that are not JSON; `wrong`: arguments that do not fit the schema. */
  readonly args?: 'broken' | 'wrong'
  /** Only so many of 100 calls fail, evenly spread. */
  readonly percent?: number
}

type Maker = (number: number | undefined) => Faults

const makers: Readonly<Record<string, Maker>> = {
  'rate-limit': (s) => ({ status: 429, retryAfterS: s ?? 1, code: 'rate_limit_exceeded' }),
  quota: () => ({ status: 429, code: 'insufficient_quota' }),
  auth: () => ({ status: 401, code: 'invalid_api_key' }),
  http: (status) => ({ status: status ?? 500, code: 'simulated_error' }),
  slow: (ms) => ({ firstMs: ms ?? 5_000 }),
  pace: (ms) => ({ tokenMs: ms ?? 50 }),
  words: (count) => ({ words: count ?? 100 }),
  cut: (tokens) => ({ cutAfter: tokens ?? 5 }),
  stall: (tokens) => ({ stallAfter: tokens ?? 5 }),
  hang: () => ({ hang: true }),
  garbage: () => ({ garbage: true }),
  html: () => ({ html: true }),
  refusal: () => ({ refusal: true }),
  filter: () => ({ filter: true }),
  empty: () => ({ empty: true }),
  'broken-args': () => ({ args: 'broken' }),
  'wrong-args': () => ({ args: 'wrong' }),
  flaky: (percent) => ({ percent: percent ?? 50 }),
}

/** Undefined: one of the words is not known. */
export function parseFaults(text: string): Faults | undefined {
  let faults: Faults = {}
  for (const word of text.split('+').filter((part) => part !== '')) {
    const [, name = '', digits] = /^([a-z][a-z-]*?)-?(\d+)?$/.exec(word) ?? []
    const maker = Object.hasOwn(makers, name) ? makers[name] : undefined
    if (maker === undefined) return undefined
    faults = { ...faults, ...maker(digits === undefined ? undefined : Number(digits)) }
  }
  return faults
}

export const faultNames: readonly string[] = Object.keys(makers)

/** How an answer is spoiled, if this call is one of those that are. */
export function spoiled(faults: Faults, call: number): Faults {
  const { percent, firstMs, tokenMs, words } = faults
  if (percent === undefined) return faults
  const before = Math.floor(((call - 1) * percent) / 100)
  const fails = Math.floor((call * percent) / 100) > before
  const manner = {
    ...(firstMs === undefined ? {} : { firstMs }),
    ...(tokenMs === undefined ? {} : { tokenMs }),
    ...(words === undefined ? {} : { words }),
  }
  if (!fails) return manner
  const { percent: _percent, ...rest } = faults
  // Flaky alone means unavailable.
  return Object.keys(rest).length > Object.keys(manner).length
    ? rest
    : { ...rest, status: 503, code: 'unavailable' }
}
