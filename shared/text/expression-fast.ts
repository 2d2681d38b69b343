// Conditions like `value.kind = "x" and value.score > 0.5` without JSONata's promises. Only what gives exactly JSONata's
// result is taken on; everything else, lists above all, is left to JSONata while running.
import type jsonata from 'jsonata'

type Node = jsonata.ExprNode & { readonly condition?: Node; readonly then?: Node; readonly else?: Node }
type Scope = unknown
type Step = (scope: Scope) => unknown

/** The result when JSONata must decide. */
export const undecided = Symbol('undecided')

/** Undefined when the expression holds more than names, literals, comparisons, arithmetic, `and`, `or` and `? :`. */
export function fastPath(node: jsonata.ExprNode): Step | undefined {
  const plain = [
    'predicate',
    'group',
    'stages',
    'keepArray',
    'keepSingletonArray',
    'tuple',
    'focus',
    'index',
    'ancestor',
  ]
  if (plain.some((key) => Object.hasOwn(node, key))) return undefined
  // The tree knows a type "path" that the library's types do not.
  const { value, steps, expressions } = node
  const type: string = node.type
  if (type === 'string' || type === 'number' || type === 'value') return () => value as unknown
  if (type === 'path') return path(steps ?? [])
  if (type === 'block') return expressions?.length === 1 ? fastPath(expressions[0] as Node) : undefined
  if (type === 'condition') return condition(node as Node)
  if (type === 'binary') return binary(node)
  return undefined
}

function path(steps: readonly jsonata.ExprNode[]): Step | undefined {
  const names: string[] = []
  for (const step of steps) {
    if (step.type !== 'name' || Object.keys(step).some((key) => !['type', 'value', 'position'].includes(key)))
      return undefined
    names.push(step.value as string)
  }
  return (scope) => {
    let at = scope
    for (const name of names) {
      if (Array.isArray(at)) return undecided
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
      at = (at as Record<string, unknown>)[name]
    }
    return typeof at === 'object' && at !== null ? undecided : at
  }
}

function condition(node: Node): Step | undefined {
  const test = node.condition && fastPath(node.condition)
  const yes = node.then && fastPath(node.then)
  const no = node.else ? fastPath(node.else) : () => undefined
  if (!test || !yes || !no) return undefined
  return (scope) => {
    const truth = truthOf(test(scope))
    return truth === undecided ? undecided : truth ? yes(scope) : no(scope)
  }
}

function binary({ value, lhs, rhs }: jsonata.ExprNode): Step | undefined {
  const left = lhs && fastPath(lhs as jsonata.ExprNode)
  const right = rhs && fastPath(rhs)
  if (!left || !right) return undefined
  if (value === 'and' || value === 'or')
    return (scope) => {
      const truth = truthOf(left(scope))
      return truth === undecided || truth === (value === 'or') ? truth : truthOf(right(scope))
    }
  const operate = operators[value as string]
  if (!operate) return undefined
  return (scope) => {
    const a = left(scope)
    const b = right(scope)
    return a === undecided || b === undecided ? undecided : operate(a, b)
  }
}

function truthOf(value: unknown): boolean | typeof undecided {
  if (value === undecided) return undecided
  return value === undefined || value === null ? false : Boolean(value)
}

type Operator = (a: unknown, b: unknown) => unknown

const operators: Readonly<Record<string, Operator>> = {
  '=': (a, b) => a !== undefined && b !== undefined && a === b,
  '!=': (a, b) => a !== undefined && b !== undefined && a !== b,
  '<': ordered((a, b) => a < b),
  '<=': ordered((a, b) => a <= b),
  '>': ordered((a, b) => a > b),
  '>=': ordered((a, b) => a >= b),
  '+': numeric((a, b) => a + b),
  '-': numeric((a, b) => a - b),
  '*': numeric((a, b) => a * b),
  '/': numeric((a, b) => a / b),
}

/** Wrong types are left to JSONata, which says so. */
function ordered(compare: (a: string | number, b: string | number) => boolean): Operator {
  return (a, b) => {
    if ((typeof a === 'number' && typeof b === 'number') || (typeof a === 'string' && typeof b === 'string'))
      return compare(a, b)
    return undecided
  }
}

function numeric(compute: (a: number, b: number) => number): Operator {
  return (a, b) => {
    if (typeof a !== 'number' || typeof b !== 'number') return undecided
    const result = compute(a, b)
    return Number.isFinite(result) ? result : undecided
  }
}
