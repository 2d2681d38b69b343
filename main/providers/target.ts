// One model of one Connection: what is known of it, what it costs, how it is called.
import { AppError } from '#shared/errors.ts'
import type { Wire } from './adapter.ts'
import { type CatalogueModel, catalogueModel, catalogueModels, catalogueProviders } from './catalogue.ts'
import type { Connection, ModelConfig } from './connection.ts'
import { free, listPrice, type Price, publicPrice, unknown } from './prices.ts'
import { quirksFor } from './quirks.ts'
import { simulatorModels } from './simulator/models.ts'

/** As `TargetFacts` of the engine. */
export interface Facts {
  readonly connection: string
  readonly provider: string
  readonly model: string
  readonly local: boolean
  readonly known: boolean
  readonly context: number | null
  readonly maxOutput: number | null
  readonly tools: boolean | null
  readonly images: boolean | null
  readonly schema: boolean | null
  readonly priced: boolean
}

export class Target {
  readonly connection: Connection
  readonly model: string
  readonly wire: Wire
  readonly #config: ModelConfig
  readonly #catalogue: CatalogueModel | undefined
  #path: string | undefined
  #facts: Facts | undefined
  #price: Price | undefined

  constructor(connection: Connection, model: string) {
    const { row, config } = connection
    this.connection = connection
    this.model = model
    this.#config = config.models?.[model] ?? {}
    const base = this.#config.base
    this.#catalogue = findModel(row.id, model) ?? (base === undefined ? undefined : findBase(row.id, base))
    const quirks = quirksFor(row.id, base ?? model)
    this.wire = { provider: row.id, title: row.title, model: config.deployment ?? model, quirks }
  }

  /** The address of its chat calls. @param chat that of its adapter */
  path(chat: string): string {
    this.#path ??= this.connection.chatPath(this.model, chat)
    return this.#path
  }

  facts(now: number): Facts {
    this.#facts ??= this.#makeFacts(now)
    return this.#facts
  }

  price(now: number): Price {
    this.#price ??= this.#findPrice(now)
    return this.#price
  }

  #makeFacts(now: number): Facts {
    const { connection, model } = this
    const own = this.#config
    const known = this.#catalogue
    const schema = this.wire.quirks.schemaDialect === 'none' ? false : (known?.schema ?? null)
    return {
      connection: connection.id,
      provider: connection.row.id,
      model,
      local: connection.local,
      known: known !== undefined || connection.config.models?.[model] !== undefined,
      context: own.context ?? known?.context ?? null,
      maxOutput: own.max_output ?? known?.output ?? null,
      tools: own.tools ?? known?.tools ?? null,
      images: own.images ?? known?.images ?? null,
      schema: own.schema ?? schema,
      priced: this.price(now) !== unknown,
    }
  }

  #findPrice(now: number): Price {
    const { connection, model } = this
    const { row, base } = connection
    if (this.#config.price_per_million !== undefined) return listPrice(this.#config.price_per_million)
    if (row.local && connection.local) return free
    // A server of one's own has no list price, and looking costs memory.
    const sold = connection.local ? undefined : publicPrice({ id: row.prices, url: base.href, model }, now)
    const listed = this.#catalogue?.price
    return sold ?? (listed === undefined ? unknown : listPrice(listed))
  }
}

/** Dated names are the same model; so is `:latest`. */
function findModel(provider: string, model: string): CatalogueModel | undefined {
  if (provider === 'simulator') return simulatorModels.get(model.split('+')[0] ?? '')
  return (
    catalogueModel(provider, model) ??
    catalogueModel(provider, model.replace(/-\d{4}-?\d{2}-?\d{2}$|:latest$/, ''))
  )
}

/** `base` is a model of the same provider, `provider/model` of the catalogue, or a model of anybody. */
function findBase(provider: string, base: string): CatalogueModel | undefined {
  const own = findModel(provider, base)
  if (own !== undefined) return own
  const slash = base.indexOf('/')
  const named = slash < 0 ? undefined : findModel(base.slice(0, slash), base.slice(slash + 1))
  if (named !== undefined) return named
  for (const other of catalogueProviders().keys()) {
    const found = catalogueModels(other).get(base)
    if (found !== undefined) return found
  }
  return undefined
}

/** `connection/model`; a model id may hold slashes itself. */
export function splitTarget(target: string): { readonly connection: string; readonly model: string } {
  const slash = target.indexOf('/')
  if (slash > 0 && slash < target.length - 1) {
    return { connection: target.slice(0, slash), model: target.slice(slash + 1) }
  }
  throw new AppError('upstream_rejected', {
    message: `"${target}" is not a model: write connection/model.`,
    details: { reason: 'target' },
  })
}
