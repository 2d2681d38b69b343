import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import type { Usage } from '#shared/model/chat.ts'
import { compactModel, compactProvider } from './catalogue/compact.ts'
import { catalogueModel, catalogueModels, catalogueProviders } from './catalogue.ts'
import { inclusive, listPrice, publicPrice } from './prices.ts'
import { builtDialects, providerRow, providers } from './registry.ts'

const at = Date.parse('2026-06-01T12:00:00Z')
const usage: Usage = { input: 25, cacheRead: 75, cacheWrite: 10, output: 20, reasoning: 30 }
const { calcPrice } = createRequire(import.meta.url)('@pydantic/genai-prices') as {
  calcPrice(usage: object, model: string, options: object): { total_price: number } | null
}

describe('prices', () => {
  test('counts become inclusive once: 25 + 75 cached + 10 written are 110', () => {
    expect(inclusive(usage)).toEqual({
      input_tokens: 110,
      output_tokens: 50,
      cache_read_tokens: 75,
      cache_write_tokens: 10,
    })
    const plain = { input: 5, cacheRead: null, cacheWrite: null, output: 3, reasoning: null }
    expect(inclusive(plain)).toEqual({ input_tokens: 5, output_tokens: 3 })
  })

  test.each([
    ['openai', 'gpt-4o-mini'],
    ['openai', 'gpt-5'],
    ['anthropic', 'claude-sonnet-4-5'],
    ['deepseek', 'deepseek-chat'],
    ['google', 'gemini-2.5-pro'],
    ['groq', 'llama-3.3-70b-versatile'],
  ])('equal the price list to the last digit: %s %s', (id, model) => {
    const price = publicPrice({ id, url: '', model }, at)
    for (const scale of [1, 1_000, 10_000]) {
      const counts: Usage = {
        input: 25 * scale,
        cacheRead: 75 * scale,
        cacheWrite: null,
        output: 20 * scale,
        reasoning: scale,
      }
      const listed = calcPrice(inclusive(counts), model, {
        providerId: id,
        timestamp: new Date(at),
      })?.total_price
      expect(price?.(counts, at)).toBeCloseTo(listed ?? Number.NaN, 10)
    }
  })

  test('are found by address where the seller has no id, and are unknown where nobody knows', () => {
    const byUrl = publicPrice(
      { id: 'openai-compatible', url: 'https://api.openai.com/v1', model: 'gpt-4o' },
      at,
    )
    expect(byUrl?.({ ...usage, cacheRead: null, cacheWrite: null }, at)).toBeGreaterThan(0)
    expect(publicPrice({ id: 'openai', url: '', model: 'gpt-nonsense' }, at)).toBeUndefined()
    expect(publicPrice({ id: 'nobody', url: 'https://example.com', model: 'x' }, at)).toBeUndefined()
  })

  test('unknown counts have no price', () => {
    const price = publicPrice({ id: 'openai', url: '', model: 'gpt-4o' }, at)
    expect(price?.({ ...usage, input: null }, at)).toBeNull()
    expect(listPrice({ input: 1, output: 1 })({ ...usage, output: null }, at)).toBeNull()
  })

  test("a price of one's own counts caches by their rates, else as input, and rises by tier", () => {
    expect(listPrice({ input: 1, output: 10 })(usage, at)).toBeCloseTo((110 + 500) / 1e6, 12)
    expect(listPrice({ input: 1, output: 10, cache_read: 0.1, cache_write: 2 })(usage, at)).toBeCloseTo(
      (25 + 7.5 + 20 + 500) / 1e6,
      12,
    )
    const tiered = listPrice({
      input: 1,
      output: 1,
      tiers: [
        { above: 100, input: 2, output: 3 },
        { above: 1_000, input: 9, output: 9 },
      ],
    })
    expect(tiered(usage, at)).toBeCloseTo((220 + 150) / 1e6, 12)
  })
})

describe('the catalogue', () => {
  test('knows windows, limits, abilities and prices', () => {
    expect(catalogueModel('openai', 'gpt-5-mini')).toEqual({
      context: 400_000,
      output: 128_000,
      tools: true,
      images: true,
      schema: true,
      price: { input: 0.25, output: 2, cache_read: 0.025 },
    })
    expect(catalogueModel('openai', 'gpt-9')).toBeUndefined()
    expect(catalogueModels('never-heard-of').size).toBe(0)
    const all = [...catalogueProviders().keys()].reduce((sum, id) => sum + catalogueModels(id).size, 0)
    expect(all).toBe(1881)
  })

  test('is made from the source entry by entry', () => {
    const source = {
      tool_call: true,
      modalities: { input: ['text', 'image'] },
      limit: { context: 0, output: 100 },
      cost: { input: 1, output: 2, tiers: [{ tier: { size: 5 }, input: 3, output: 4 }] },
    }
    expect(compactModel(source)).toEqual({
      output: 100,
      tools: true,
      images: true,
      price: { input: 1, output: 2, tiers: [{ above: 5, input: 3, output: 4 }] },
    })
    expect(
      compactProvider({ name: 'A', sdk: '@ai-sdk/anthropic', api: 'https://a.example/v1/', env: ['A_KEY'] }),
    ).toEqual({
      title: 'A',
      dialect: 'anthropic',
      base: 'https://a.example/v1',
      env: ['A_KEY'],
    })
  })
})

describe('the registry', () => {
  test('has all providers of the catalogue and those beyond it', () => {
    expect(providers().size).toBe(147 + 7)
    const served = [...providers().values()].filter(({ dialect }) => builtDialects.has(dialect))
    expect(served.length).toBeGreaterThanOrEqual(114)
  })

  test.each([
    ['openai', 'https://api.openai.com/v1'],
    ['groq', 'https://api.groq.com/openai/v1'],
    ['mistral', 'https://api.mistral.ai/v1'],
    ['deepseek', 'https://api.deepseek.com'],
    ['xai', 'https://api.x.ai/v1'],
    ['openrouter', 'https://openrouter.ai/api/v1'],
    ['togetherai', 'https://api.together.xyz/v1'],
    ['fireworks-ai', 'https://api.fireworks.ai/inference/v1'],
    ['cerebras', 'https://api.cerebras.ai/v1'],
    ['perplexity', 'https://api.perplexity.ai'],
    ['ollama-cloud', 'https://ollama.com/v1'],
    ['lmstudio', 'http://127.0.0.1:1234/v1'],
    ['vllm', 'http://127.0.0.1:8000/v1'],
    ['llama-cpp', 'http://127.0.0.1:8080/v1'],
    ['ollama', 'http://127.0.0.1:11434/v1'],
  ])('%s is at %s', (id, base) => {
    expect(providerRow(id)?.base).toBe(base)
  })

  test('local servers are local and need no key; others do', () => {
    expect(providerRow('lmstudio')).toMatchObject({ local: true, keyed: false })
    expect(providerRow('openai')).toMatchObject({ local: false, keyed: true, env: ['OPENAI_API_KEY'] })
    expect(providerRow('anthropic-compatible')).toMatchObject({ dialect: 'anthropic' })
    expect(providerRow('nobody')).toBeUndefined()
  })
})
