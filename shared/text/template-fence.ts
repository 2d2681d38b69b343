// Fencing at the place of output: a variable from outside may pass through filters, loops and assignments first, and a
// fence put around it before that could be cut off.
import { Filter, type Liquid, type Template as Part, TypeGuards, Variable } from 'liquidjs'
import type { Fencing } from '../flow/definition.ts'

type Fence = Fencing['fence']
/** The fence of a rendering, found by the scope it renders with; a variable would be visible to the template. */
const fences = new WeakMap<object, Fence>()

/** All that a filter without arguments reads of its place in the text. */
const filterToken = { name: 'fence', args: [] } as unknown as ConstructorParameters<typeof Filter>[0]

interface Node {
  readonly name?: string
  readonly key?: string
  readonly variable?: string
  readonly collection?: unknown
  readonly value?: { readonly filters: Filter[] }
}

/** Like `liquid.renderSync`, with every output that draws on a fenced variable inside the fence. */
export function fencedRenderer(liquid: Liquid, text: string, variables: ReadonlySet<string>) {
  const parts = liquid.parse(text)
  const outside = new Set(variables)
  // A loop may assign what an earlier line puts out, so the set grows until nothing is added.
  for (let size = -1; size !== outside.size; ) {
    size = outside.size
    for (const part of allParts(parts)) spread(liquid, part, outside)
  }
  for (const part of allParts(parts)) fenceOutput(liquid, part, outside)
  return (scope: object, fence: Fence): string => {
    fences.set(scope, fence)
    return liquid.renderSync(parts, scope)
  }
}

function* allParts(parts: readonly Part[]): Iterable<Part> {
  for (const part of parts) {
    yield part
    if (part.children) yield* allParts(childrenOf(part))
  }
}

function childrenOf(part: Part): readonly Part[] {
  // A generator without waiting points for every tag that is left in the engine.
  return part.children?.(false, true).next().value as readonly Part[]
}

/** Names that get their value from a name that is already outside. */
function spread(liquid: Liquid, part: Part, outside: Set<string>): void {
  const { name, key, variable } = part as unknown as Node
  if (name === 'assign' && key !== undefined && readsAny(liquid, part, outside)) outside.add(key)
  if (
    name === 'capture' &&
    variable !== undefined &&
    childrenOf(part).some((child) => readsAny(liquid, child, outside))
  )
    outside.add(variable)
  if (
    (name === 'for' || name === 'tablerow') &&
    variable !== undefined &&
    readsAny(liquid, part, outside, false)
  )
    outside.add(variable)
}

function fenceOutput(liquid: Liquid, part: Part, outside: ReadonlySet<string>): void {
  const { name, value } = part as unknown as Node
  if (name === 'cycle' && readsAny(liquid, part, outside))
    throw new Error('"cycle" cannot put out a value from outside; use "if"')
  if (
    (name !== 'echo' && !TypeGuards.isOutputToken(part.token)) ||
    !value ||
    !readsAny(liquid, part, outside)
  )
    return
  const handler = function (this: { context: { environments: object } }, shown: unknown) {
    return fences.get(this.context.environments)?.(show(liquid, shown)) ?? ''
  }
  value.filters.push(new Filter(filterToken, handler, liquid))
}

function show(liquid: Liquid, value: unknown): string {
  return typeof value === 'string' ? value : String(liquid.options.outputEscape?.(value) ?? '')
}

/** Does the part itself (`deep`: or what stands inside it) read one of the names? */
function readsAny(liquid: Liquid, part: Part, names: ReadonlySet<string>, deep = true): boolean {
  const own =
    deep || !part.arguments
      ? [part]
      : [{ ...part, arguments: () => part.arguments?.() ?? [], children: undefined }]
  const { variables } = liquid.analyzeSync(own as Part[])
  return Object.values(variables)
    .flat()
    .some((variable) => mentions(variable, names))
}

function mentions(variable: Variable, names: ReadonlySet<string>): boolean {
  return variable.segments.some((segment, index) =>
    segment instanceof Variable ? mentions(segment, names) : index === 0 && names.has(String(segment)),
  )
}
