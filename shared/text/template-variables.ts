// Which variables a template reads, and which of them it can do without.
import { type Liquid, type Template as Part, type Token, TypeGuards } from 'liquidjs'

export interface Variable {
  readonly name: string
  /** False when every use has a `default` filter first, is a condition, or stands in a block whose condition names it. */
  readonly required: boolean
  /** Where it is read first, from 1. */
  readonly line: number
  readonly column: number
}

/** The parts of Liquid's tree that this file reads. */
interface Node {
  readonly value?: Filtered
  readonly branches?: readonly {
    readonly value?: Filtered
    readonly values?: readonly Token[]
    readonly templates: Part[]
  }[]
  readonly elseTemplates?: Part[]
  readonly templates?: Part[]
}
interface Filtered {
  readonly initial: { readonly postfix: readonly Token[] }
  readonly filters: readonly { readonly name: string }[]
}

/** In order of appearance. */
export function variablesOf(liquid: Liquid, parts: Part[]): readonly Variable[] {
  const optional = new Set<string>()
  collectOptional(liquid, parts, optional)
  const found = new Map<string, Variable>()
  const uses = Object.values(liquid.analyzeSync(parts).globals).flat()
  uses.sort((a, b) => a.location.row - b.location.row || a.location.col - b.location.col)
  for (const { segments, location } of uses) {
    const name = String(segments[0])
    const required = !optional.has(`${location.row}:${location.col}`)
    const known = found.get(name)
    if (known === undefined) found.set(name, { name, required, line: location.row, column: location.col })
    else if (required && !known.required) found.set(name, { ...known, required })
  }
  return [...found.values()]
}

function collectOptional(liquid: Liquid, parts: Part[], optional: Set<string>): void {
  for (const part of parts) {
    const node = part as unknown as Node
    const isCondition = node.branches !== undefined
    if (node.value && (isCondition || node.value.filters[0]?.name === 'default')) mark(node.value, optional)
    if (isCondition) {
      const tested = new Set<string>(node.value ? namesIn(node.value) : [])
      for (const { value } of node.branches ?? []) {
        if (value === undefined) continue
        mark(value, optional)
        for (const name of namesIn(value)) tested.add(name)
      }
      const inside = blocksOf(node)
      const { variables } = liquid.analyzeSync(inside)
      for (const { segments, location } of Object.values(variables).flat())
        if (tested.has(String(segments[0]))) optional.add(`${location.row}:${location.col}`)
    }
    collectOptional(liquid, blocksOf(node), optional)
  }
}

function blocksOf({ branches, elseTemplates, templates }: Node): Part[] {
  return [
    ...(branches ?? []).flatMap((branch) => branch.templates),
    ...(templates ?? []),
    ...(elseTemplates ?? []),
  ]
}

function mark(value: Filtered, optional: Set<string>): void {
  for (const token of value.initial.postfix) {
    if (!TypeGuards.isPropertyAccessToken(token)) continue
    const [row, column] = token.getPosition()
    optional.add(`${row}:${column}`)
  }
}

function* namesIn(value: Filtered): Iterable<string> {
  for (const token of value.initial.postfix) {
    const root = TypeGuards.isPropertyAccessToken(token) ? token.props[0] : undefined
    if (root && 'content' in root) yield String(root.content)
  }
}
