// Prompt and text templates: Liquid, with a fast path for the common template of plain text and `{{ name }}`.
import { type Liquid, LiquidError, type Template as Part, TypeGuards } from 'liquidjs'
import { AppError } from '../errors.ts'
import type { Fencing, Template } from '../flow/definition.ts'
import { cached } from './cached.ts'
import { type Escape, engine, maxRenderedChars, toText, toUrlText } from './liquid.ts'
import { fencedRenderer } from './template-fence.ts'
import { type Variable, variablesOf } from './template-variables.ts'

export interface ParsedTemplate extends Template {
  /** In order of appearance. */
  readonly variables: readonly Variable[]
  /** Throws `flow_error` with `details` of `line`, `column` and, for a missing value, `variable`. */
  render(values: Values, fencing?: Fencing): string
}
type Values = Readonly<Record<string, unknown>>

/** Names that can be inlets; `when` is one of every node already. */
const variableName = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/

/**
 * A variable is optional when every use of it has a `default` filter first, is itself a condition, or stands inside a
 * block whose condition names it: `{{ tone | default: "kind" }}`, `{% if note %}Note: {{ note }}{% endif %}`.
 * With `mode` 'url' every value is percent-encoded. Throws `flow_error` with line and column.
 */
export function parseTemplate(text: string, mode: Escape = 'text'): ParsedTemplate {
  return parsed(mode, text)
}

export function templateVariables(text: string): readonly Variable[] {
  return parseTemplate(text).variables
}

/** Does the template parse? The sentence that says why not, or undefined. */
export function templateProblem(text: string, mode: Escape = 'text'): string | undefined {
  try {
    parseTemplate(text, mode)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const parsed = cached((kind: string, text: string): ParsedTemplate => {
  const mode = kind as Escape
  const liquid = engine(mode)
  const parts = guarded(() => liquid.parse(text))
  const variables = variablesOf(liquid, parts)
  for (const { name, line, column } of variables)
    if (!variableName.test(name) || name === 'when')
      throw failed(`"${name}" cannot be a variable: use letters, digits, "_" and "-"`, { line, column })
  const pieces = piecesOf(parts)
  const render = pieces
    ? joinPieces(pieces, mode === 'url' ? toUrlText : toText)
    : renderLiquid(liquid, parts, text)
  const required = variables.filter((variable) => variable.required)
  return {
    variables,
    render: (values, fencing) => {
      for (const variable of required) if (!has(values, variable.name)) throw missing(required, values)
      return render(values, fencing)
    },
  }
})

function renderLiquid(liquid: Liquid, parts: Part[], text: string) {
  const fenced = new Map<string, ReturnType<typeof fencedRenderer>>()
  return (values: Values, fencing?: Fencing): string => {
    // A copy without prototype: tags like `increment` write, and `constructor` must not be found.
    const scope = Object.assign(Object.create(null), values)
    return guarded(() => {
      if (!fencing) return limited(liquid.renderSync(parts, scope))
      const names = [...fencing.variables].toSorted().join(' ')
      const renderer = fenced.get(names) ?? fencedRenderer(liquid, text, fencing.variables)
      fenced.set(names, renderer)
      return limited(renderer(scope, fencing.fence))
    })
  }
}

type Piece = { readonly text: string } | { readonly name: string }

/** The template as text and plain variables, or undefined when it holds anything else. */
function piecesOf(parts: readonly Part[]): readonly Piece[] | undefined {
  const pieces: Piece[] = []
  for (const part of parts) {
    const { str, value } = part as Part & { str?: string; value?: PlainOutput }
    if (TypeGuards.isHTMLToken(part.token) && str !== undefined) {
      pieces.push({ text: str })
      continue
    }
    const [token, ...more] = TypeGuards.isOutputToken(part.token) ? (value?.initial.postfix ?? []) : []
    // One filter stands on every output, the escape, unless `raw` takes its place.
    const plain =
      more.length === 0 &&
      value?.filters.length === 1 &&
      value.filters[0]?.raw !== true &&
      TypeGuards.isPropertyAccessToken(token)
    const root =
      plain && token.variable === undefined && token.props.length === 1 ? token.props[0] : undefined
    if (root === undefined || !TypeGuards.isWordToken(root)) return undefined
    pieces.push({ name: root.content })
  }
  return pieces
}
interface PlainOutput {
  readonly initial: { readonly postfix: readonly unknown[] }
  readonly filters: readonly { readonly raw?: boolean }[]
}

function joinPieces(pieces: readonly Piece[], show: (value: unknown) => string) {
  return (values: Values, fencing?: Fencing): string => {
    let text = ''
    for (const piece of pieces) {
      if ('text' in piece) text += piece.text
      else if (fencing?.variables.has(piece.name)) text += fencing.fence(show(values[piece.name]))
      else text += show(values[piece.name])
    }
    return limited(text)
  }
}

function limited(text: string): string {
  if (text.length > maxRenderedChars)
    throw new AppError('flow_error', {
      message: 'The rendered text is too large.',
      details: { reason: 'template' },
    })
  return text
}

function has(values: Values, name: string): boolean {
  return Object.hasOwn(values, name) && values[name] !== undefined
}

function missing(required: readonly Variable[], values: Values): AppError {
  const absent = required.filter(({ name }) => !has(values, name))
  const [first] = absent
  const names = absent.map(({ name }) => `"${name}"`).join(', ')
  return failed(`The template needs a value for ${names}`, {
    line: first?.line ?? 1,
    column: first?.column ?? 1,
    variable: first?.name ?? '',
  })
}

function failed(message: string, place: { line: number; column: number; variable?: string }): AppError {
  return new AppError('flow_error', {
    message: `${message} (line ${place.line}, column ${place.column}).`,
    details: { reason: 'template', ...place },
  })
}

/** Liquid's errors in our words. */
function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof AppError) throw error
    const said = error instanceof Error ? error.message : String(error)
    const message = `The template cannot be used: ${said.replace(/, line:\d+(, col:\d+)?$/, '')}`
    if (!LiquidError.is(error)) throw new AppError('flow_error', { message: `${message}.`, cause: error })
    const [line, column] = error.token.getPosition() as [number, number]
    const variable = /^undefined variable: ([^,]+)/.exec(said)?.[1]
    throw failed(message, { line, column, ...(variable === undefined ? {} : { variable }) })
  }
}
