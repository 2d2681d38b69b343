import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { AppError } from '../errors.ts'
import { literalTest, parseRegex, regexProblem } from './regex.ts'

describe('parseRegex', () => {
  it('tests and finds with UTF-16 offsets and groups', () => {
    const regex = parseRegex('(\\w)(x)?')
    expect(regex.test('é')).toBe(false)
    expect(regex.find('😀a bx')).toEqual([
      { start: 2, end: 3, groups: ['a', undefined] },
      { start: 4, end: 6, groups: ['b', 'x'] },
    ])
  })

  it('finds empty matches once each and ends', () => {
    expect(
      parseRegex('x*')
        .find('axb')
        .map((m) => [m.start, m.end]),
    ).toEqual([
      [0, 0],
      [1, 2],
      [2, 2],
      [3, 3],
    ])
  })

  it('takes the flags i, m and s', () => {
    expect(parseRegex('^B.C$').test('a\nb\nc')).toBe(false)
    expect(parseRegex('^B.C$', 'ims').test('a\nb\nc')).toBe(true)
    expect(() => parseRegex('a', 'y')).toThrow('The flag "y" is not known')
  })

  it('understands JavaScript escapes', () => {
    expect(parseRegex('\\u0041\\/(?<n>\\d)').find('A/7')[0]?.groups).toEqual(['7'])
  })

  it.each([
    ['(?=a)b', 'Look-around is not supported: "(?=a)b"'],
    ['(?<=a)b', 'Look-around is not supported'],
    ['a(?!b)', 'Look-around is not supported: "(?!b)"'],
    ['(a)\\1', 'Back-references are not supported'],
    ['[a', 'missing closing ]'],
    ['((a{1000}){1000})', 'invalid repeat count'],
    ['a'.repeat(4_001), 'at most 4000 are allowed'],
    ['(\\pL{900}|\\pN{900}){1}'.repeat(20), 'too large'],
  ])('refuses %s', (pattern, message) => {
    expect(() => parseRegex(pattern)).toThrow(message)
    expect(regexProblem(pattern)).toContain(message)
    expect(() => parseRegex(pattern)).toThrow(AppError)
  })

  it('takes an escaped or listed bracket before a question mark for what it is', () => {
    expect(parseRegex('\\(?=').test('=')).toBe(true)
    expect(parseRegex('[(?=]').test('?')).toBe(true)
  })

  it('stays linear on patterns that make backtracking engines hang', () => {
    const hostile = ['(a+)+$', '(a|aa)+$', '(.*)*x', '([a-z]+)*!', '(a|a?)+b', '^(([a-z])+.)+[A-Z]$']
    for (const pattern of hostile) {
      const started = performance.now()
      expect(parseRegex(pattern).test(`${'a'.repeat(100_000)}\u0000`)).toBe(false)
      expect(performance.now() - started).toBeLessThan(1_000)
    }
  })
})

describe('the search for a literal before the engine', () => {
  const words = ['ignore', 'all ', 'previous', ' instructions', 'k', 's', "don't", 'a-b', ' ']
  const odd = ['ſ', 'K', 'İ', 'ß', 'IGNORE', 'Previous', ' Instructions', 'x', '\n', 'é']

  it('never says no where the engine finds something', () => {
    let state = 7
    const next = (n: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return (state >>> 8) % n
    }
    const text = (from: readonly string[], count: number) =>
      Array.from({ length: count }, () => from[next(from.length)]).join('')
    let found = 0
    for (let round = 0; round < 4_000; round += 1) {
      const pattern = `${next(2) ? '(?i)' : ''}${text(words, 1 + next(3))}${next(2) ? `(${text(words, 1)})?` : ''}${text(words, next(3))}`
      const plain = pattern.replace(/^\(\?i\)|[()?]/g, '')
      const subject =
        text([...words, ...odd], next(6)) +
        (next(2) ? plain.toUpperCase() : plain.replaceAll('s', 'ſ').replaceAll('k', 'K')) +
        text(odd, next(3))
      const engine = RE2JS.compile(RE2JS.translateRegExp(pattern))
      if (!engine.test(subject)) continue
      found += 1
      expect([pattern, subject, literalTest(pattern, '')(subject)]).toEqual([pattern, subject, true])
    }
    expect(found).toBeGreaterThan(500)
  })

  it.each([
    'a|b',
    'ignore.*this',
    'colou?r',
    '[abc]def',
    'x{3}yyyy',
    '(a|b)?word',
    '\\bword\\b',
    '(?m)^word',
    '(?i:word)s',
  ])('leaves %s to the engine', (pattern) => {
    expect(literalTest(pattern, '')('')).toBe(true)
  })

  it('spares the engine texts without the words', () => {
    const possible = literalTest('(?i)ignore (all )?previous instructions', '')
    expect(possible('a text about parcels')).toBe(false)
    expect(possible('IGNORE PREVIOUS INSTRUCTIONS')).toBe(true)
  })
})
