import jsonata from 'jsonata'
import { describe, expect, it } from 'vitest'
import { hostileTexts } from '../../test/contract/hostile-texts.ts'
import { AppError } from '../errors.ts'
import { expressionProblem, parseExpression } from './expression.ts'
import { fastPath, undecided } from './expression-fast.ts'

const evaluate = (source: string, value: unknown = {}) => parseExpression(source).evaluate(value)
const failure = async (work: () => unknown): Promise<AppError> => {
  try {
    await work()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('evaluating', () => {
  it.each([
    ['value.kind = "x" and value.score > 0.5', { value: { kind: 'x', score: 0.6 } }, true],
    [
      'value.items[price > 2].name',
      {
        value: {
          items: [
            { name: 'a', price: 1 },
            { name: 'b', price: 3 },
          ],
        },
      },
      'b',
    ],
    ['value.items.name', { value: { items: [{ name: 'a' }, { name: 'b' }] } }, ['a', 'b']],
    ['value.missing', { value: {} }, undefined],
    ['{ "n": $count(value), "all": value[] }', { value: [1, 2] }, { n: 2, all: [1, 2] }],
    ['$uppercase(value) & "!"', { value: 'hi' }, 'HI!'],
    ['$match(value, /(\\d)(\\d)?/).groups[0]', { value: 'a1b23' }, ['1', '2']],
    ['$replace(value, /b+/, "-")', { value: 'abbab' }, 'a-a-'],
    ['$contains(value, /^X/i)', { value: 'xyz' }, true],
    ['$split(value, /, */)', { value: 'a,b, c' }, ['a', 'b', 'c']],
    ['$sort(value)', { value: [3, 1, 2] }, [1, 2, 3]],
    [
      '$sort(value, function($a, $b) { $a.n < $b.n }).n',
      { value: [{ n: 1 }, { n: 3 }, { n: 2 }] },
      [3, 2, 1],
    ],
    ['value^(>n).n', { value: [{ n: 1 }, { n: 3 }] }, [3, 1]],
    ['$distinct(value)', { value: [1, { a: 1, b: 2 }, 1, { b: 2, a: 1 }] }, [1, { a: 1, b: 2 }]],
    ['$spread(value)', { value: { a: 1, b: 2 } }, [{ a: 1 }, { b: 2 }]],
    ['$pad("a", -4, "xy") & $pad("b", 3)', {}, 'xyxab  '],
    ['$toMillis("2020-01-01T00:00:00") = $toMillis("2020-01-01")', {}, true],
    ['$fromMillis(0)', {}, '1970-01-01T00:00:00.000Z'],
    ['null', {}, null],
  ])('%s', async (source, value, expected) => {
    expect(await evaluate(source, value)).toEqual(expected)
  })

  it('gives ordinary JSON and leaves its input as it was', async () => {
    const value = { value: { list: [{ a: 1 }, { a: 2 }] } }
    const before = JSON.stringify(value)
    const result = (await evaluate('{ "list": value.list.a, "first": value.list[0] }', value)) as Record<
      string,
      unknown
    >
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype)
    expect(Object.keys(result.list as object)).toEqual(['0', '1'])
    expect(JSON.stringify(value)).toBe(before)
  })

  it('can be used many times at once', async () => {
    const expression = parseExpression('$sum(value) * 2')
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, n) => expression.evaluate({ value: [n, 1] })),
    )
    expect(results).toEqual(Array.from({ length: 50 }, (_, n) => (n + 1) * 2))
  })
})

describe('errors', () => {
  it.each([
    ['value =', 1, 8],
    ['value\n  = "a', 2, 7],
    ['(value', 1, 7],
    ['value\n  = = 1', 2, 5],
    ['value ! 1', 1, 7],
  ])('%j is refused with its place', async (source, line, column) => {
    const error = await failure(() => parseExpression(source))
    expect(error.code).toBe('flow_error')
    expect(error.details).toMatchObject({ line, column })
  })

  it('tells a wrong type with its place', async () => {
    const error = await failure(() => evaluate('1 +\n value', { value: 'x' }))
    expect(error.code).toBe('flow_error')
    expect(error.message).toContain('must evaluate to a number')
  })

  it.each([
    ['$eval("1 + 1")', '$eval is not available'],
    ['$now()', '$now is not available'],
    ['$millis()', '$millis is not available'],
    ['value.$random()', '$random is not available'],
    ['$map(value, $shuffle)', '$shuffle is not available'],
    ['$match(value, /(?=a)b/)', 'Look-around is not supported'],
    ['x'.repeat(32_769), 'more than 32768 characters'],
  ])('%s is refused when it is saved', async (source, message) => {
    expect(expressionProblem(source)).toContain(message)
    expect((await failure(() => parseExpression(source))).code).toBe('flow_error')
  })

  it('has no function that was removed, by whatever way it is reached', async () => {
    for (const name of ['eval', 'now', 'millis', 'random', 'shuffle'])
      expect(await evaluate(`$exists($lookup($, "${name}"))`)).toBe(false)
  })

  it('refuses a function as result', async () => {
    expect((await failure(() => evaluate('$sum'))).message).toContain('The result is a function')
    expect((await failure(() => evaluate('{ "f": function($x) { $x } }'))).message).toContain('a function')
  })
})

describe('limits', () => {
  it.each([
    ['an endless loop', '($f := function($n) { $f($n + 1) }; $f(0))', 'took more than 300 ms'],
    ['an endless recursion', '($f := function($n) { 1 + $f($n + 1) }; $f(0))', 'is nested too deeply'],
    ['a doubling text', '$reduce([1..40], function($a, $b) { $a & $a }, "xxxxxxxx")', 'longer than'],
    ['a long padding', '$pad("", 1000000000)', '$pad makes at most'],
    ['a long range', '[1..9999999]', 'maximum sequence length'],
    // Whichever limit is reached first: length, or time on a slow machine.
    ['a product of lists', '[1..3000].([1..3000])', /maximum sequence length|more than 300 ms/],
  ])('%s is stopped', async (_name, source, message) => {
    const started = performance.now()
    const error = await failure(() => evaluate(source))
    expect(error.code).toBe('flow_error')
    expect(error.message).toMatch(message)
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it.each([
    ['$count($distinct(value))', Array.from({ length: 200_000 }, (_, n) => `t${n}`)],
    ['$count($sort(value))', Array.from({ length: 200_000 }, (_, n) => (n * 7_919) % 200_000)],
    ['$count($spread(value))', Array.from({ length: 200_000 }, (_, n) => ({ [`k${n}`]: n }))],
  ])('%s takes a long list in its stride', async (source, value) => {
    const started = performance.now()
    expect(await evaluate(source, { value })).toBe(200_000)
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('stops a search for matches that would take quadratic time', async () => {
    const error = await failure(() =>
      evaluate('$count($match(value, /x.*y|a/))', { value: 'xa'.repeat(60_000) }),
    )
    expect(error.message).toMatch(/took more than 300 ms/)
  })
})

describe('hostile expressions', () => {
  it.each(hostileTexts)('%s gives nothing of the host', async (payload) => {
    const canary = 'canary-5f1c'
    process.env.SLUICE_CANARY = canary
    const before = Object.getOwnPropertyNames(Object.prototype).length
    let shown = ''
    try {
      shown = JSON.stringify(await evaluate(payload, { value: 'x', user: { name: 'y' } })) ?? ''
    } catch (error) {
      expect(error).toBeInstanceOf(AppError)
      expect((error as AppError).code).toBe('flow_error')
    }
    expect(shown).not.toContain(canary)
    expect(shown).not.toMatch(/native code|node_modules|mainModule/)
    expect(Object.getOwnPropertyNames(Object.prototype).length).toBe(before)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

describe('the fast path', () => {
  let seed = 11
  const next = (n: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % n
  }
  const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T
  const leaf = () =>
    pick([
      'value',
      'value.a',
      'value.b.c',
      'value.d',
      'missing',
      'value.a.x',
      '1',
      '-2.5',
      '0',
      '"x"',
      '""',
      'true',
      'false',
      'null',
    ])
  const operators = ['=', '!=', '<', '<=', '>', '>=', 'and', 'or', '+', '-', '*', '/']
  const expressionOf = (depth: number): string => {
    if (depth === 0 || next(4) === 0) return leaf()
    if (next(6) === 0)
      return `(${expressionOf(depth - 1)} ? ${expressionOf(depth - 1)} : ${expressionOf(depth - 1)})`
    return `(${expressionOf(depth - 1)} ${pick(operators)} ${expressionOf(depth - 1)})`
  }
  const values = [
    1,
    0,
    -2.5,
    'x',
    '',
    true,
    false,
    null,
    [],
    [1],
    ['x', 2],
    {},
    { a: 1 },
    { a: 'x', b: { c: 2 } },
    { a: [1, 2], b: [{ c: 1 }, { c: 2 }] },
    { a: { x: 1 }, d: null },
    { a: 1e308, b: { c: 1e308 } },
  ]

  it('gives what JSONata gives, whenever it decides', async () => {
    let decided = 0
    for (let round = 0; round < 4_000; round += 1) {
      const source = expressionOf(3)
      const value = { value: pick(values) }
      const slow = jsonata(source)
      const fast = fastPath(slow.ast())
      expect(fast, source).toBeDefined()
      const quick = fast?.(value)
      if (quick === undecided) continue
      decided += 1
      const expected = await slow.evaluate(value).catch((error: unknown) => ({ failed: error }))
      expect({ source, value, result: quick }).toEqual({ source, value, result: expected })
    }
    expect(decided).toBeGreaterThan(1_500)
  })

  it.each([
    'value[0]',
    'value.a[b = 1]',
    '$not(value)',
    'value.*',
    'value{a: b}',
    'value.a[]',
    'a.%.b',
    'value in [1]',
    '[value]',
    '$x',
    'a@$v.b',
    '(value; 1)',
  ])('leaves %s to JSONata', (source) => {
    expect(fastPath(jsonata(source).ast())).toBeUndefined()
  })
})
