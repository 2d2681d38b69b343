// What is known of models without asking anybody: windows, limits, abilities, list prices. One file per provider, read
// when a Connection is first asked about one of its models.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CatalogueModel, CatalogueProvider } from './catalogue/compact.ts'

export type { CatalogueModel, CataloguePrice, CatalogueProvider } from './catalogue/compact.ts'

const folder = join(import.meta.dirname, 'catalogue')
const read = new Map<string, ReadonlyMap<string, CatalogueModel>>()

/** Undefined: the catalogue does not know the model. */
export function catalogueModel(provider: string, model: string): CatalogueModel | undefined {
  return catalogueModels(provider).get(model)
}

/** All known models of a provider, by id. */
export function catalogueModels(provider: string): ReadonlyMap<string, CatalogueModel> {
  const known = read.get(provider)
  if (known !== undefined) return known
  const models = new Map(readLines<CatalogueModel>(join('models', `${provider}.jsonl`)))
  read.set(provider, models)
  return models
}

export function catalogueProviders(): ReadonlyMap<string, CatalogueProvider> {
  return new Map(readLines<CatalogueProvider>('providers.jsonl'))
}

function readLines<T>(name: string): [string, T][] {
  const text = readText(join(folder, name))
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as [string, T])
}

/** No file: a provider without a list of its own. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
