// User patterns: linear time on any text, or refused when they are saved (re2js; no look-around, no back-references).
import { RE2JS } from 're2js'
import { AppError } from '../errors.ts'
import type { Regex } from '../flow/definition.ts'
import { cached } from './cached.ts'

export const maxPatternChars = 4_000
/** Compiled instructions: `(a{100}){10}` is short to write and long to run. */
const maxProgram = 20_000
const searchMs = 300

const flagBits: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
  u: 0,
}

/**
 * Flags are `i`, `m` and `s`; JavaScript escapes (`\u0041`, `\/`, `(?<name>…)`) are understood.
 * Throws `flow_error` with the part of the pattern that is not allowed.
 */
export function parseRegex(pattern: string, flags = ''): Regex {
  return compiled(flags, pattern)
}

const engines = cached((flags: string, pattern: string) => compile(pattern, bitsOf(flags)))

const compiled = cached((flags: string, pattern: string): Regex => {
  const engine = engines(flags, pattern)
  const possible = literalTest(pattern, flags)
  return {
    test: (text) => possible(text) && engine.test(text),
    find: (text) => {
      if (!possible(text)) return []
      const matcher = engine.matcher(text)
      const groups = matcher.groupCount()
      const found = []
      while (matcher.find()) {
        const match = { start: matcher.start(), end: matcher.end(), groups: [] as (string | undefined)[] }
        for (let group = 1; group <= groups; group += 1) match.groups.push(matcher.group(group) ?? undefined)
        found.push(match)
      }
      return found
    },
  }
})

/** Words, and groups of words that may be missing; of anything else no literal is known. */
const plainPattern = /^(?:\(\?i\))?(?:[A-Za-z0-9 ,'-]|\([A-Za-z0-9 ,'-]+\)\?)+$/
/** Long s and the Kelvin sign fold to `s` and `k` in the engine, but not in `toLowerCase` of the text around them. */
const oddFolds = /[\u017f\u212a]/

/**
 * A plain pattern can match only where its longest fixed words stand, which the native search finds a hundred times
 * faster than the engine runs. True means that the engine has to look.
 */
export function literalTest(pattern: string, flags: string): (text: string) => boolean {
  if (/[^i]/.test(flags) || !plainPattern.test(pattern)) return () => true
  const folded = flags === 'i' || pattern.startsWith('(?i)')
  const fixed = pattern.replace(/^\(\?i\)/, '').split(/\([^)]*\)\?/)
  const literal = fixed.reduce((longest, each) => (each.length > longest.length ? each : longest), '')
  if (literal.length < 4) return () => true
  if (!folded) return (text) => text.includes(literal)
  const lower = literal.toLowerCase()
  return (text) => text.toLowerCase().includes(lower) || oddFolds.test(text)
}

/** Does the pattern compile? The sentence that says why not, or undefined. */
export function regexProblem(pattern: string, flags = ''): string | undefined {
  try {
    parseRegex(pattern, flags)
    return undefined
  } catch (error) {
    return error instanceof AppError ? error.message : String(error)
  }
}

function bitsOf(flags: string): number {
  let bits = 0
  for (const flag of flags) {
    const bit = flagBits[flag]
    if (bit === undefined) throw refused(`The flag "${flag}" is not known; there are i, m and s.`)
    bits |= bit
  }
  return bits
}

function compile(pattern: string, bits: number): RE2JS {
  if (pattern.length > maxPatternChars)
    throw refused(`The pattern has ${pattern.length} characters; at most ${maxPatternChars} are allowed.`)
  try {
    const engine = RE2JS.compile(RE2JS.translateRegExp(pattern), bits)
    if (engine.programSize() > maxProgram)
      throw refused('The pattern is too large once its repeats are written out.')
    return engine
  } catch (error) {
    if (error instanceof AppError) throw error
    const said = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error)
    const lookAround = /(?<!\\)(?:\\\\)*\(\?(?:[=!]|<[=!]).{0,8}/.exec(pattern)
    if (lookAround) throw refused(`Look-around is not supported: "${lookAround[0]}".`)
    const hint = /escape sequence: `\\[1-9]/.test(said) ? ' Back-references are not supported.' : ''
    throw refused(`The pattern cannot be used: ${said}.${hint}`)
  }
}

function refused(message: string): AppError {
  return new AppError('flow_error', { message, details: { reason: 'pattern' } })
}

/**
 * Stands in for `RegExp` where a library takes that class and calls `exec` with `lastIndex`. Searching for all matches
 * can take quadratic time even in a linear engine, so one object searches for `searchMs` at the most.
 */
export class LinearRegExp {
  lastIndex = 0
  readonly #engine: RE2JS
  readonly #until = Date.now() + searchMs

  constructor(from: RegExp) {
    this.#engine = engines(from.flags.replace('g', ''), from.source)
  }

  exec(text: string): (RegExpExecArray & { index: number }) | null {
    if (Date.now() > this.#until) throw refused(`The search took more than ${searchMs} ms.`)
    const matcher = this.#engine.matcher(text)
    if (this.lastIndex > text.length || !matcher.find(this.lastIndex)) return null
    const match: (string | undefined)[] = []
    for (let group = 0; group <= matcher.groupCount(); group += 1)
      match.push(matcher.group(group) ?? undefined)
    this.lastIndex = matcher.end()
    return Object.assign(match as [string], { index: matcher.start(), input: text })
  }
}
