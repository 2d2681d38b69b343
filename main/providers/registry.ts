// Every provider that a Connection may name: the catalogue's, and what the catalogue does not list.
import { catalogueProviders } from './catalogue.ts'

export interface ProviderRow {
  readonly id: string
  readonly title: string
  /** The adapter that reads and writes its wire format. */
  readonly dialect: string
  /** Null: the Connection must give `base_url`. May hold a `${NAME}` of the environment. */
  readonly base: string | null
  /** What its own tools call the credential; only a hint. */
  readonly env: readonly string[]
  /** Runs on this machine or network unless the base URL says otherwise, and costs nothing per token. */
  readonly local: boolean
  /** Its id in the price list, if that is another one. */
  readonly prices: string
  /** Refuses calls without a credential. */
  readonly keyed: boolean
  /** Paths of a base URL that stand for another one: people give the address of the machine. */
  readonly paths: Readonly<Record<string, string>>
}

/** Adapters in this release. A Connection of another dialect is refused with its name. */
export const builtDialects: ReadonlySet<string> = new Set(['openai-chat'])

const bases: Readonly<Record<string, string>> = {
  openai: 'https://api.openai.com/v1',
  groq: 'https://api.groq.com/openai/v1',
  mistral: 'https://api.mistral.ai/v1',
  xai: 'https://api.x.ai/v1',
  togetherai: 'https://api.together.xyz/v1',
  cerebras: 'https://api.cerebras.ai/v1',
  perplexity: 'https://api.perplexity.ai',
  deepinfra: 'https://api.deepinfra.com/v1/openai',
  venice: 'https://api.venice.ai/api/v1',
  vercel: 'https://ai-gateway.vercel.sh/v1',
}

const priceIds: Readonly<Record<string, string>> = {
  xai: 'x-ai',
  togetherai: 'together',
  'fireworks-ai': 'fireworks',
  'amazon-bedrock': 'aws',
  'moonshotai-cn': 'moonshotai',
  'novita-ai': 'novita',
}

const paths: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  azure: { '': '/openai/v1' },
  'azure-cognitive-services': { '': '/openai/v1' },
  // Its own route, which is not spoken yet, and its compatible one.
  ollama: { '': '/v1', '/api': '/v1' },
}

const own: readonly Partial<ProviderRow>[] = [
  { id: 'ollama', title: 'Ollama', base: 'http://127.0.0.1:11434/v1', env: [], local: true, keyed: false },
  { id: 'vllm', title: 'vLLM', base: 'http://127.0.0.1:8000/v1', env: [], local: true, keyed: false },
  {
    id: 'llama-cpp',
    title: 'llama.cpp',
    base: 'http://127.0.0.1:8080/v1',
    env: [],
    local: true,
    keyed: false,
  },
  { id: 'openai-compatible', title: 'OpenAI-compatible server', base: null, env: [], keyed: false },
  {
    id: 'anthropic-compatible',
    title: 'Anthropic-compatible server',
    base: null,
    env: [],
    dialect: 'anthropic',
  },
  {
    id: 'crusoe',
    title: 'Crusoe',
    base: 'https://api.inference.crusoecloud.com/v1',
    env: ['CRUSOE_API_KEY'],
  },
  { id: 'simulator', title: 'Simulated models', base: null, env: [], local: true, keyed: false },
]

let rows: ReadonlyMap<string, ProviderRow> | undefined

export function providerRow(id: string): ProviderRow | undefined {
  return providers().get(id)
}

export function providers(): ReadonlyMap<string, ProviderRow> {
  rows ??= makeRows()
  return rows
}

function makeRows(): ReadonlyMap<string, ProviderRow> {
  const all = new Map<string, ProviderRow>()
  for (const [id, { title, dialect, base, env }] of catalogueProviders()) {
    const local = base !== null && /^http:\/\/(?:127\.0\.0\.1|localhost)[:/]/.test(base)
    const keyed = !local
    const prices = priceIds[id] ?? id
    all.set(id, {
      id,
      title,
      dialect,
      base: bases[id] ?? base,
      env,
      local,
      prices,
      keyed,
      paths: paths[id] ?? {},
    })
  }
  for (const row of own) {
    const id = row.id ?? ''
    const rest = { title: id, base: null, env: [], local: false, keyed: true, paths: paths[id] ?? {} }
    all.set(id, { dialect: 'openai-chat', prices: id, ...rest, ...row, id })
  }
  return all
}
