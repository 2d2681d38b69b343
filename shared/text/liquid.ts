// The one Liquid engine of the product. Every way out of a template is closed here: no files, no partials, own
// properties only, no clock, no chance, and limits on time and memory.
import { filters, Liquid } from 'liquidjs'

export const maxTemplateChars = 1 << 20
/** Characters of one rendered text; equals the largest answer an endpoint may give. */
export const maxRenderedChars = 16 << 20

/** What `{{ … }}` makes of a value: text as it is, everything else as compact JSON, nothing for null. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  return JSON.stringify(value) ?? ''
}

/** As `toText`, made harmless inside a URL. */
export function toUrlText(value: unknown): string {
  return encodeURIComponent(toText(value))
}

export type Escape = 'text' | 'url'

const engines: Partial<Record<Escape, Liquid>> = {}

export function engine(mode: Escape): Liquid {
  engines[mode] ??= makeEngine(mode === 'url' ? toUrlText : toText)
  return engines[mode]
}

function makeEngine(outputEscape: (value: unknown) => string): Liquid {
  const liquid = new Liquid({
    outputEscape,
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    templates: {},
    timezoneOffset: 0,
    locale: 'en-US',
    parseLimit: maxTemplateChars,
    renderLimit: 300,
    memoryLimit: 8_000_000,
  })
  for (const tag of ['include', 'render', 'layout', 'block']) delete liquid.tags[tag]
  liquid.unregisterFilter('sample')
  for (const name of ['date', 'date_to_xmlschema', 'date_to_rfc822', 'date_to_string', 'date_to_long_string'])
    liquid.registerFilter(name, withoutClock(name))
  return liquid
}

/** `"now" | date` would make two renderings of the same values differ; the time comes from a `context` node. */
function withoutClock(name: string) {
  const format = filters[name]
  return function (this: unknown, value: unknown, ...rest: unknown[]): unknown {
    if (value === 'now' || value === 'today')
      throw new Error(`"${value}" is not known in a template; feed the time from a context node`)
    return Reflect.apply(format as (...args: unknown[]) => unknown, this, [value, ...rest])
  }
}
