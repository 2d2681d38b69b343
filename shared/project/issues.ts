// Turns what zod found into sentences a person can act on: what, where, what is allowed, what was probably meant.
import type { z } from 'zod'
import { didYouMean, type ProblemCode } from '../flow/diagnostics.ts'
import { edgePattern } from '../flow/edit.ts'
import {
  labelPattern,
  nodeIdPattern,
  nodeTypePattern,
  portNamePattern,
  promptNamePattern,
  slugPattern,
} from '../flow/schema.ts'
import { fieldsAt } from './walk.ts'

type Path = readonly (string | number)[]

export interface ReadIssue {
  readonly code: Extract<ProblemCode, 'unknown_field' | 'wrong_value' | 'secret_in_file'>
  /** In the checked data. A missing field is named by the path it would have. */
  readonly path: Path
  /** Point at the key or at the value. */
  readonly kind: 'key' | 'value'
  readonly message: string
}

/**
 * @param noun what the data as a whole is called, e.g. `chat-model config`
 * @example readIssues(flowSchema, result.error, data, 'the flow')
 */
export function readIssues(
  schema: z.core.$ZodType,
  error: z.core.$ZodError,
  data: unknown,
  noun: string,
): readonly ReadIssue[] {
  const found: Found[] = []
  for (const issue of error.issues) explain(issue, [], { schema, data, noun, found })
  // A misspelt field is missing too; saying so again would send its author looking for a second mistake.
  const meant = new Set(found.map((issue) => issue.meant).filter((path) => path !== undefined))
  const said = new Set<string>()
  return found
    .filter((issue) => {
      const path = pathText(issue.path)
      if (issue.missing && meant.has(path)) return false
      // One value, one sentence: a text of the wrong form breaks the rules behind it as well.
      if (said.has(path)) return false
      said.add(path)
      return true
    })
    .map(({ code, path, kind, message }) => ({ code, path, kind, message }))
}

function pathText(path: Path): string {
  return JSON.stringify(path)
}

interface Found extends ReadIssue {
  readonly missing?: true
  /** The field that a misspelt one was probably meant to be. */
  readonly meant?: string
}

interface Context {
  readonly schema: z.core.$ZodType
  readonly data: unknown
  readonly noun: string
  readonly found: Found[]
}

function explain(issue: z.core.$ZodIssue, base: Path, context: Context): void {
  const path = [...base, ...(issue.path as Path)]
  const add = (message: string, facts: Partial<Found> = {}) =>
    context.found.push({ code: 'wrong_value', path, kind: 'value', message, ...facts })
  const value = valueAt(context.data, path)
  if (
    value === undefined &&
    path.length > 0 &&
    issue.code !== 'unrecognized_keys' &&
    issue.code !== 'custom'
  ) {
    add(`"${String(path.at(-1))}" is missing in ${within(path.slice(0, -1), context.noun)}`, {
      kind: 'key',
      missing: true,
    })
    return
  }
  const name = label(path, context.noun)
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = fieldsAt(context.schema, path)
      for (const key of issue.keys) {
        const close = didYouMean(key, known)
        const message = `unknown field "${key}" in ${within(path, context.noun)}${hint(close, known)}`
        const meant = close === undefined ? {} : { meant: pathText([...path, close]) }
        add(message, { code: 'unknown_field', path: [...path, key], kind: 'key', ...meant })
      }
      return
    }
    case 'invalid_type':
      add(`${name} must be ${expected(issue.expected)}, not ${kindOf(value)}`)
      return
    case 'invalid_value':
      add(`${name} must be ${oneOf(issue.values)}${shown(value)}${guess(value, issue.values)}`)
      return
    case 'too_small':
    case 'too_big':
      add(`${name} ${range(issue, value)}`)
      return
    case 'not_multiple_of':
      add(`${name} must be a multiple of ${issue.divisor}${shown(value)}`)
      return
    case 'invalid_key': {
      const [reason] = issue.issues
      const otherwise = reason?.code === 'invalid_format' ? grammar(reason) : 'cannot stand here'
      add(`the name "${String(path.at(-1))}" ${said(reason?.message ?? '', otherwise)}`, { kind: 'key' })
      return
    }
    case 'invalid_union':
      explainUnion(issue, path, value, context)
      return
    case 'invalid_format':
      add(`${name} ${said(issue.message, grammar(issue))}`)
      return
    case 'custom': {
      const code = issue.params?.code === 'secret_in_file' ? 'secret_in_file' : 'wrong_value'
      add(ownSentence(issue.message) ? issue.message : `${name} ${said(issue.message, 'is not valid')}`, {
        code,
      })
      return
    }
    default:
      add(`${name} is not valid`)
  }
}

/** A union is explained by the one alternative that its author most likely meant, else by all that would do. */
function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  value: unknown,
  context: Context,
): void {
  const add = (message: string) => context.found.push({ code: 'wrong_value', path, kind: 'value', message })
  const options =
    'options' in issue && Array.isArray(issue.options) ? (issue.options as unknown[]) : undefined
  if (options && options.length > 0) {
    add(`${label(path, context.noun)} must be ${oneOf(options)}${shown(value)}${guess(value, options)}`)
    return
  }
  const atRoot = (errors: readonly z.core.$ZodIssue[]) =>
    errors.some((each) => each.path.length === 0 && each.code !== 'unrecognized_keys' && !sameKind(each))
  const meant = issue.errors.filter((errors) => !atRoot(errors)).sort((a, b) => a.length - b.length)[0]
  if (meant !== undefined) {
    for (const each of meant) explain(each, path, context)
    return
  }
  const words = new Set<string>()
  for (const each of issue.errors.flat()) {
    if (each.path.length > 0) continue
    if (each.code === 'invalid_type') words.add(expected(each.expected))
    else if (each.code === 'invalid_value') words.add(oneOf(each.values))
  }
  add(
    `${label(path, context.noun)} must be ${[...words].join(' or ') || 'something else'}, not ${kindOf(value)}`,
  )
}

/** The type fits and only the size or form does not: still the alternative that was meant. */
function sameKind(issue: z.core.$ZodIssue): boolean {
  return ['too_small', 'too_big', 'not_multiple_of', 'invalid_format', 'custom'].includes(issue.code)
}

function range(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, value: unknown): string {
  const small = issue.code === 'too_small'
  const limit = Number(small ? issue.minimum : issue.maximum)
  const least = small ? 'at least' : 'at most'
  if (issue.origin === 'string') {
    if (small && limit === 1) return 'must not be empty'
    return `must have ${least} ${limit} characters, it has ${String(value).length}`
  }
  if (issue.origin === 'array') {
    if (small && limit === 1) return 'must not be empty'
    return `must have ${least} ${limit} entries, it has ${Array.isArray(value) ? value.length : '?'}`
  }
  if (issue.inclusive === false) return `must be ${small ? 'above' : 'below'} ${limit}${shown(value)}`
  return `must be ${least} ${limit}${shown(value)}`
}

/** Grammars whose schema says only the pattern. */
const grammars: ReadonlyMap<string, string> = new Map([
  [String(edgePattern), 'must be "node.port -> node.port"'],
  [String(nodeIdPattern), 'must be 1 to 40 characters of a-z, 0-9 and _, and begin with a letter'],
  [String(slugPattern), 'must be 1 to 63 characters of a-z, 0-9 and -, and begin with a letter or digit'],
  [String(labelPattern), 'must be 1 to 32 characters of a-z, 0-9 and -, and begin with a letter'],
  [String(nodeTypePattern), 'must be a node type such as chat-model'],
  [String(portNamePattern), 'must be 1 to 64 letters, digits, _ or -, and begin with a letter'],
  [String(promptNamePattern), 'must be a path of names below prompts/, such as help/answer'],
])

function grammar(issue: z.core.$ZodIssueInvalidStringFormat): string {
  if (issue.format !== 'regex') return `must be a valid ${issue.format}`
  return grammars.get(issue.pattern ?? '') ?? `must match ${issue.pattern ?? 'its pattern'}`
}

/** The schema's own words, where it has some. */
function said(message: string, otherwise: string): string {
  return message === '' || message.startsWith('Invalid') ? otherwise : message
}

function ownSentence(message: string): boolean {
  return message !== '' && !/^(must|may|has|have|is|are|cannot|does|do|needs?|Invalid)\b/.test(message)
}

function hint(close: string | undefined, known: readonly string[]): string {
  if (close !== undefined) return `; did you mean "${close}"?`
  return known.length > 0 && known.length <= 12 ? `; known fields: ${known.join(', ')}` : ''
}

function guess(value: unknown, values: readonly unknown[]): string {
  const close = typeof value === 'string' ? didYouMean(value, values.map(String)) : undefined
  return close === undefined || values.length === 1 ? '' : `; did you mean "${close}"?`
}

function within(path: Path, noun: string): string {
  if (path.length === 0) return noun
  return noun.startsWith('the ') ? path.join('.') : `${path.join('.')} of ${noun}`
}

function label(path: Path, noun: string): string {
  const last = path.at(-1)
  if (last === undefined) return noun
  if (typeof last === 'string') return `"${last}"`
  const list = path.at(-2)
  return `entry ${last + 1} of "${String(list ?? noun)}"`
}

/** Only short values are repeated: a long one may be a text, or worse a key. */
function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return `, not ${value}`
  if (typeof value === 'string') return value.length <= 24 ? `, not ${JSON.stringify(value)}` : ''
  return `, not ${kindOf(value)}`
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map((value) => (typeof value === 'string' ? `"${value}"` : String(value)))
  return words.length < 2 ? (words[0] ?? 'nothing') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function expected(type: string): string {
  switch (type) {
    case 'string':
      return 'a text'
    case 'number':
      return 'a number'
    case 'int':
      return 'a whole number'
    case 'boolean':
      return 'true or false'
    case 'array':
    case 'tuple':
      return 'a list'
    case 'object':
    case 'record':
      return 'a map'
    default:
      return `a ${type}`
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  switch (typeof value) {
    case 'string':
      return 'a text'
    case 'number':
      return Number.isInteger(value) ? 'a number' : 'a fraction'
    case 'boolean':
      return String(value)
    default:
      return 'a map'
  }
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string | number, unknown>)[key]
  }
  return value
}
