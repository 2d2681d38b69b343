// Expressions of nodes and checks: JSONata without host functions, within limits of time, depth and memory.
import jsonata from 'jsonata'
import { AppError } from '../errors.ts'
import type { Expression } from '../flow/definition.ts'
import { cached } from './cached.ts'
import { fastPath, undecided } from './expression-fast.ts'
import { limitFunctions, maxChars, maxItems, removedFunctions } from './expression-functions.ts'
import { LinearRegExp } from './regex.ts'

export const maxExpressionChars = 32_768
const timeoutMs = 300
const maxDepth = 400
/** Characters of remembered expressions: their trees take a hundred times that. */
const room = 200_000

/**
 * `evaluate` sees `value` as its input: `parseExpression('value > 3').evaluate({ value: 4 })`. The result is plain JSON, or
 * undefined for "nothing". Errors are `flow_error` with `line` and `column` in `details`.
 */
export function parseExpression(source: string): Expression {
  return parsed('', source)
}

/** Does the expression parse? The sentence that says why not, or undefined. */
export function expressionProblem(source: string): string | undefined {
  try {
    parseExpression(source)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const parsed = cached((_kind: string, source: string): Expression => {
  if (source.length > maxExpressionChars)
    throw new AppError('flow_error', {
      message: `The expression has more than ${maxExpressionChars} characters.`,
    })
  const expression = compile(source)
  const fast = fastPath(expression.ast())
  return {
    async evaluate(value, bindings) {
      const quick = fast?.(value)
      if (fast && quick !== undecided) return quick
      try {
        return plain(await expression.evaluate(value, bindings))
      } catch (error) {
        throw failed(source, error)
      }
    },
  }
}, room)

function compile(source: string): jsonata.Expression {
  try {
    const RegexEngine = LinearRegExp as unknown as RegExpConstructor
    const expression = jsonata(source, {
      RegexEngine,
      timeout: timeoutMs,
      stack: maxDepth,
      sequence: maxItems,
    })
    check(expression.ast())
    limitFunctions(expression)
    expression.assign(Symbol.for('jsonata.__evaluate_exit') as unknown as string, tooLong)
    return expression
  } catch (error) {
    throw failed(source, error)
  }
}

/** Called by JSONata with each intermediate result: a text doubled thirty times must not get far. */
function tooLong(_node: unknown, _input: unknown, _environment: unknown, result: unknown): void {
  if (typeof result === 'string' && result.length > maxChars)
    throw new Error(`A text is longer than ${maxChars} characters`)
}

/** Refuses what would fail on every run: functions that are not there and patterns that the engine cannot take. */
function check(node: unknown): void {
  if (typeof node !== 'object' || node === null) return
  const { type, value, position } = node as jsonata.ExprNode
  if (type === 'variable' && removedFunctions.has(String(value)))
    throw Object.assign(new Error(`$${value} is not available: the same values must give the same result`), {
      position,
      token: String(value),
    })
  // The tree says "regex", the library's types say "regexp".
  if ((type as string) === 'regex') {
    new LinearRegExp(value as RegExp)
    return
  }
  for (const part of Object.values(node)) check(part)
}

function failed(source: string, error: unknown): AppError {
  if (error instanceof AppError) return error
  const { message, position, token, code } = error as {
    message?: string
    position?: number
    token?: unknown
    code?: string
  }
  const said =
    code === 'D1012'
      ? `took more than ${timeoutMs} ms`
      : code === 'D1011' || error instanceof RangeError
        ? 'is nested too deeply'
        : `cannot be used: ${(message ?? String(error)).replace(/\.$/, '')}`
  if (typeof position !== 'number')
    return new AppError('flow_error', {
      message: `The expression ${said}.`,
      details: { reason: 'expression' },
      cause: error,
    })
  // JSONata points behind the token, but at the end there is none.
  const tokenChars = typeof token === 'string' && token !== '(end)' ? token.length : 0
  const before = source.slice(0, Math.max(0, position - tokenChars))
  const line = before.split('\n').length
  const column = before.length - before.lastIndexOf('\n')
  return new AppError('flow_error', {
    message: `The expression ${said} (line ${line}, column ${column}).`,
    details: { reason: 'expression', line, column },
    cause: error,
  })
}

/** JSONata's sequences and bare objects as ordinary JSON; `__proto__` keys are dropped. */
function plain(value: unknown): unknown {
  if (typeof value === 'function') throw new Error('The result is a function')
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(plain)
  if ('_jsonata_lambda' in value || '_jsonata_function' in value) throw new Error('The result is a function')
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value))
    if (key !== '__proto__') copy[key] = plain((value as Record<string, unknown>)[key])
  return copy
}
