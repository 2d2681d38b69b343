// What a call cost. First what the project says, then the price list, then the catalogue; what nobody knows is null.
import { createRequire } from 'node:module'
import type { Usage } from '#shared/model/chat.ts'
import type { CataloguePrice } from './catalogue.ts'

/** US dollars, or null when the usage or the price is not known. `at` is the time of the call. */
export type Price = (usage: Usage, at: number) => number | null

export const free: Price = () => 0
export const unknown: Price = () => null

/** US dollars for a million tokens. */
interface Rates {
  readonly input: number
  readonly output: number
  readonly cache_read?: number
  readonly cache_write?: number
}

/** Prices that a person or the catalogue gives, with tiers by the size of the prompt. */
export function listPrice(price: CataloguePrice): Price {
  return (usage) => {
    if (usage.input === null || usage.output === null) return null
    const prompt = usage.input + (usage.cacheRead ?? 0) + (usage.cacheWrite ?? 0)
    const tier = price.tiers?.filter(({ above }) => prompt > above).sort((a, b) => b.above - a.above)[0]
    return cost(tier ?? price, usage, usage.input, usage.output)
  }
}

function cost(rates: Rates, usage: Usage, input: number, output: number): number {
  const read = (usage.cacheRead ?? 0) * (rates.cache_read ?? rates.input)
  const write = (usage.cacheWrite ?? 0) * (rates.cache_write ?? rates.input)
  return (input * rates.input + read + write + (output + (usage.reasoning ?? 0)) * rates.output) / 1e6
}

interface PriceList {
  calcPrice(
    usage: Readonly<Record<string, number | undefined>>,
    model: string,
    options: { readonly providerId?: string; readonly providerApiUrl?: string; readonly timestamp: Date },
  ): { readonly total_price: number; readonly model_price: Readonly<Record<string, unknown>> } | null
  findProvider(options: { readonly providerId?: string; readonly providerApiUrl?: string }): unknown
}

let loaded: PriceList | undefined

/** 30 ms and 19 MB: only when a price is asked for. */
function priceList(): PriceList {
  loaded ??= createRequire(import.meta.url)('@pydantic/genai-prices') as PriceList
  return loaded
}

export interface Seller {
  /** Its id in the price list. */
  readonly id: string
  /** For sellers that the list knows by address only. */
  readonly url: string
  readonly model: string
}

/** Undefined: the list does not know this model of this seller. */
export function publicPrice(seller: Seller, at: number): Price | undefined {
  const list = priceList()
  const byId = list.findProvider({ providerId: seller.id }) !== undefined
  const where = byId ? { providerId: seller.id } : { providerApiUrl: seller.url }
  if (!byId && list.findProvider(where) === undefined) return undefined
  const ask = (usage: Usage, time: number) =>
    list.calcPrice(inclusive(usage), seller.model, { ...where, timestamp: new Date(time) })
  if (ask(nothing, at) === null) return undefined

  // Looking a model up costs 16 µs; prices change by date and hour, so what was found holds for a minute.
  let minute = -1
  let rates: Rates | undefined
  return (usage, time) => {
    if (usage.input === null || usage.output === null) return null
    const now = Math.floor(time / 60_000)
    if (now !== minute) {
      minute = now
      rates = flatRates(ask(nothing, time)?.model_price)
    }
    if (rates === undefined || usage.inputAudio !== undefined || usage.outputAudio !== undefined) {
      return ask(usage, time)?.total_price ?? null
    }
    return cost(rates, usage, usage.input, usage.output)
  }
}

const nothing: Usage = { input: 0, cacheRead: null, cacheWrite: null, output: 0, reasoning: null }

/** Undefined when prices depend on the size of the prompt or on anything but tokens. */
function flatRates(price: Readonly<Record<string, unknown>> | undefined): Rates | undefined {
  if (price === undefined || price.requests_kcount !== undefined) return undefined
  const { input_mtok, output_mtok, cache_read_mtok, cache_write_mtok } = price
  if (typeof input_mtok !== 'number' || typeof output_mtok !== 'number') return undefined
  if (!isRate(cache_read_mtok) || !isRate(cache_write_mtok)) return undefined
  return {
    input: input_mtok,
    output: output_mtok,
    ...(cache_read_mtok === undefined ? {} : { cache_read: cache_read_mtok }),
    ...(cache_write_mtok === undefined ? {} : { cache_write: cache_write_mtok }),
  }
}

function isRate(value: unknown): value is number | undefined {
  return value === undefined || typeof value === 'number'
}

/** The list counts cached tokens within the input and thinking within the output; we keep all apart. */
export function inclusive(usage: Usage): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {
    input_tokens: (usage.input ?? 0) + (usage.cacheRead ?? 0) + (usage.cacheWrite ?? 0),
    output_tokens: (usage.output ?? 0) + (usage.reasoning ?? 0),
  }
  if (usage.cacheRead !== null && usage.cacheRead > 0) counts.cache_read_tokens = usage.cacheRead
  if (usage.cacheWrite !== null && usage.cacheWrite > 0) counts.cache_write_tokens = usage.cacheWrite
  if (usage.inputAudio !== undefined) counts.input_audio_tokens = usage.inputAudio
  if (usage.outputAudio !== undefined) counts.output_audio_tokens = usage.outputAudio
  return counts
}
