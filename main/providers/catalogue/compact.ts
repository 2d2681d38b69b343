// Makes the files of this folder from an extract of models.dev:
//   node main/providers/catalogue/compact.ts <folder with models-dev.json and providers.json>
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** US dollars for a million tokens; `tiers` replace it for prompts above a size. */
export interface CataloguePrice {
  readonly input: number
  readonly output: number
  readonly cache_read?: number
  readonly cache_write?: number
  readonly tiers?: readonly (Omit<CataloguePrice, 'tiers'> & { readonly above: number })[]
}
/** What is missing is not known. */
export interface CatalogueModel {
  readonly context?: number
  readonly output?: number
  readonly tools?: boolean
  readonly images?: boolean
  readonly schema?: boolean
  readonly price?: CataloguePrice
}
export interface CatalogueProvider {
  readonly title: string
  readonly dialect: string
  readonly base: string | null
  readonly env: readonly string[]
}

interface SourceCost {
  readonly input: number
  readonly output: number
  readonly cache_read?: number
  readonly cache_write?: number
  readonly tiers?: readonly (SourceCost & { readonly tier: { readonly size: number } })[]
}
export interface SourceModel {
  readonly tool_call: boolean
  readonly structured_output?: boolean
  readonly modalities: { readonly input: readonly string[] }
  readonly limit: { readonly context: number; readonly output: number }
  readonly cost?: SourceCost
}
export interface SourceProvider {
  readonly name: string
  readonly sdk: string
  readonly api: string | null
  readonly env: readonly string[]
}

/** The wire format behind each client package; packages not named here speak something of their own. */
const dialects: Readonly<Record<string, string>> = {
  '@ai-sdk/anthropic': 'anthropic',
  '@ai-sdk/google-vertex/anthropic': 'anthropic',
  '@ai-sdk/google': 'gemini',
  '@ai-sdk/google-vertex': 'gemini',
  '@ai-sdk/amazon-bedrock': 'bedrock',
  '@ai-sdk/cohere': 'cohere',
  'ai-gateway-provider': 'other',
  'gitlab-ai-provider': 'other',
  'merge-gateway-ai-sdk-provider': 'other',
  '@jerome-benoit/sap-ai-provider-v2': 'other',
}

export function compactProvider(source: SourceProvider): CatalogueProvider {
  const base = source.api?.replace(/\/$/, '').replace(/\/chat\/completions$/, '') ?? null
  return { title: source.name, dialect: dialects[source.sdk] ?? 'openai-chat', base, env: source.env }
}

export function compactModel(source: SourceModel): CatalogueModel {
  const { limit, modalities, cost } = source
  return {
    ...(limit.context > 0 ? { context: limit.context } : {}),
    ...(limit.output > 0 ? { output: limit.output } : {}),
    tools: source.tool_call,
    images: modalities.input.includes('image'),
    ...(source.structured_output === undefined ? {} : { schema: source.structured_output }),
    ...(cost === undefined ? {} : { price: compactPrice(cost) }),
  }
}

function compactPrice(cost: SourceCost): CataloguePrice {
  const tiers = cost.tiers?.map((tier) => ({ above: tier.tier.size, ...rates(tier) }))
  return tiers === undefined ? rates(cost) : { ...rates(cost), tiers }
}

function rates(cost: SourceCost): Omit<CataloguePrice, 'tiers'> {
  return {
    input: cost.input,
    output: cost.output,
    ...(cost.cache_read === undefined ? {} : { cache_read: cost.cache_read }),
    ...(cost.cache_write === undefined ? {} : { cache_write: cost.cache_write }),
  }
}

/** One `["id", facts]` per line, so that a newer copy shows as a readable diff and one model can be read alone. */
function lines(entries: readonly (readonly [string, unknown])[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
}

function main(from: string, to: string): void {
  const read = (name: string) => JSON.parse(readFileSync(join(from, name), 'utf8'))
  const providers = read('providers.json') as Record<string, SourceProvider>
  const models = read('models-dev.json') as Record<string, { models: Record<string, SourceModel> }>
  const sorted = <T>(record: Record<string, T>) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(
    join(to, 'providers.jsonl'),
    lines(sorted(providers).map(([id, source]) => [id, compactProvider(source)])),
  )
  rmSync(join(to, 'models'), { recursive: true, force: true })
  mkdirSync(join(to, 'models'))
  for (const [id, provider] of Object.entries(models)) {
    const rows = sorted(provider.models).map(([model, source]) => [model, compactModel(source)] as const)
    writeFileSync(join(to, 'models', `${id}.jsonl`), lines(rows))
  }
}

if (import.meta.main) {
  const [from] = process.argv.slice(2)
  if (from === undefined)
    throw new Error('usage: node compact.ts <folder with models-dev.json and providers.json>')
  main(from, import.meta.dirname)
}
