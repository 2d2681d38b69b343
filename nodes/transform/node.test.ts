import { describe, expect, it } from 'vitest'
import { runNode } from '../../test/contract/run-node.ts'
import { transform } from './node.ts'
import * as runner from './run.ts'

const run = (config: object, value: unknown, vars?: unknown) =>
  runNode(transform, runner, { config, input: { value, ...(vars === undefined ? {} : { vars }) } })
const typeOf = (config: object) =>
  typeof transform.outputs === 'function' && transform.outputs(transform.config.parse(config)).value?.type

describe('mode expression', () => {
  it.each([
    ['value.a & "!"', 'text', { a: 'x' }, 'x!'],
    ['value.a', 'text', { a: { b: 1 } }, '{"b":1}'],
    ['value.a', 'text', { a: 1.5 }, '1.5'],
    ['$sum(value)', 'number', [1, 2], 3],
    ['value = 1', 'boolean', 1, true],
    ['value.name', 'list<text>', [{ name: 'a' }], ['a']],
    ['value.name', 'list<text>', [{ name: 'a' }, { name: 'b' }], ['a', 'b']],
    ['value.missing', 'list<json>', {}, []],
    ['value', 'vector', [0.1, 2], [0.1, 2]],
    ['"a/b"', 'target', null, ['a/b']],
    ['["a/b", "c/d"]', 'target', null, ['a/b', 'c/d']],
    ['{ "x": value }', undefined, 1, { x: 1 }],
  ])('%s as %s', async (expression, type, value, expected) => {
    expect(await run({ expression, ...(type === undefined ? {} : { type }) }, value)).toEqual({
      value: expected,
    })
  })

  it('sees vars', async () => {
    expect(await run({ expression: 'value + vars.n', type: 'number' }, 1, { n: 2 })).toEqual({ value: 3 })
  })

  it('is absent when there is nothing', async () => {
    expect(await run({ expression: 'value.missing' }, {})).toEqual({})
    expect(await run({ expression: 'value.missing', type: 'text' }, {})).toEqual({})
  })

  it('sees messages as callers write them, and makes messages of such', async () => {
    const messages = [
      { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
      { role: 'assistant', parts: [{ type: 'text', text: 'Hello' }] },
    ]
    expect(await run({ expression: 'value[role = "user"].content', type: 'text' }, messages)).toEqual({
      value: 'Hi',
    })
    expect(await run({ expression: 'value', type: 'messages' }, messages)).toEqual({ value: messages })
    const expression = '$append([{ "role": "system", "content": "Be kind." }], value)'
    expect(await run({ expression, type: 'messages' }, messages)).toEqual({
      value: [{ role: 'system', parts: [{ type: 'text', text: 'Be kind.' }] }, ...messages],
    })
    await expect(run({ expression: 'value', type: 'messages' }, [{ role: 'nobody' }])).rejects.toMatchObject({
      code: 'flow_error',
      message: expect.stringContaining('not a list of messages'),
    })
  })

  it.each([
    ['value', 'number', '1'],
    ['value', 'boolean', 'true'],
    ['value', 'vector', ['a']],
    ['value', 'target', [1]],
    ['value', 'list<number>', [1, 'x']],
  ])('%s as %s of %j fails', async (expression, type, value) => {
    await expect(run({ expression, type }, value)).rejects.toMatchObject({
      code: 'flow_error',
      message: expect.stringContaining('is not of type'),
    })
  })

  it('fails with the place of an error', async () => {
    await expect(run({ expression: '$number(value)' }, 'x')).rejects.toMatchObject({
      code: 'flow_error',
      details: { reason: 'expression', line: 1 },
    })
  })
})

describe('JSON', () => {
  it('is read', async () => {
    expect(await run({ mode: 'parse_json' }, ' {"a":[1,null]} ')).toEqual({ value: { a: [1, null] } })
    expect(await run({ mode: 'parse_json', type: 'list<number>' }, '[1,2]')).toEqual({ value: [1, 2] })
    expect(await run({ mode: 'parse_json' }, 'null')).toEqual({ value: null })
  })

  it.each([
    ['{\n  "a": 1,\n  b: 2 }', 3, 3],
    ['{"a":', 1, 6],
    ['', 1, 1],
    ['{"a":1} x', 1, 9],
  ])('that is broken (%j) is told with its place', async (text, line, column) => {
    await expect(run({ mode: 'parse_json' }, text)).rejects.toMatchObject({
      code: 'flow_error',
      details: { reason: 'json', line, column },
    })
  })

  it('that is nested too deeply or no text is refused', async () => {
    await expect(run({ mode: 'parse_json' }, `${'['.repeat(99)}${']'.repeat(99)}`)).rejects.toMatchObject({
      code: 'flow_error',
    })
    await expect(run({ mode: 'parse_json' }, { a: 1 })).rejects.toMatchObject({
      message: 'This mode takes a text.',
    })
  })

  it('is written', async () => {
    expect(await run({ mode: 'to_json' }, { b: [1], a: 'x' })).toEqual({ value: '{"b":[1],"a":"x"}' })
    expect(await run({ mode: 'to_json' }, 'x')).toEqual({ value: '"x"' })
  })
})

describe('XML', () => {
  const text = '<order id="7"><item>Tea &amp; milk</item> and <item/></order>'

  it('goes to JSON and back', async () => {
    const { value } = await run({ mode: 'xml_to_json' }, text)
    expect(value).toEqual({
      name: 'order',
      attributes: { id: '7' },
      children: [{ name: 'item', children: ['Tea & milk'] }, ' and ', { name: 'item' }],
    })
    expect(await run({ mode: 'json_to_xml' }, value)).toEqual({ value: text })
  })

  it('that is broken is told with its place, either way', async () => {
    await expect(run({ mode: 'xml_to_json' }, '<a>\n<b></a>')).rejects.toMatchObject({
      code: 'flow_error',
      details: { line: 2, column: 4 },
    })
    await expect(run({ mode: 'json_to_xml' }, { name: 'a', children: [1] })).rejects.toMatchObject({
      code: 'flow_error',
      details: { path: '/children/0' },
    })
  })

  it('has no outside entities', async () => {
    const xml = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    await expect(run({ mode: 'xml_to_json' }, xml)).rejects.toMatchObject({ code: 'flow_error' })
  })
})

describe('mode pattern', () => {
  const expression = '(\\d+)(€)?'

  it.each([
    [undefined, { match: '12€', start: 2, end: 5, groups: ['12', '€'] }],
    ['text', '12'],
    ['list<text>', ['12', '3']],
    [
      'list<json>',
      [
        { match: '12€', start: 2, end: 5, groups: ['12', '€'] },
        { match: '3', start: 6, end: 7, groups: ['3', null] },
      ],
    ],
  ])('as %s', async (type, expected) => {
    expect(
      await run({ mode: 'pattern', expression, ...(type === undefined ? {} : { type }) }, 'a 12€ 3'),
    ).toEqual({
      value: expected,
    })
  })

  it('gives the whole match where there is no group', async () => {
    expect(await run({ mode: 'pattern', expression: '[a-z]+', type: 'list<text>' }, 'ab 1 c')).toEqual({
      value: ['ab', 'c'],
    })
  })

  it('is absent or empty when nothing is found', async () => {
    expect(await run({ mode: 'pattern', expression }, 'x')).toEqual({})
    expect(await run({ mode: 'pattern', expression, type: 'list<text>' }, 'x')).toEqual({ value: [] })
  })
})

describe('the definition', () => {
  it('has the type of its mode, or the one that is asked for', () => {
    expect(typeOf({ expression: '1' })).toBe('json')
    expect(typeOf({ expression: '1', type: 'number' })).toBe('number')
    expect(typeOf({ mode: 'to_json' })).toBe('text')
    expect(typeOf({ mode: 'json_to_xml' })).toBe('text')
    expect(typeOf({ mode: 'xml_to_json' })).toBe('json')
  })

  it.each([
    {},
    { expression: 'value +' },
    { expression: '$eval(value)' },
    { mode: 'pattern', expression: '(?=a)' },
    { mode: 'pattern' },
    { mode: 'to_json', expression: 'value' },
    { mode: 'to_json', type: 'json' },
    { mode: 'pattern', expression: 'a', type: 'number' },
    { mode: 'jq', expression: '.' },
  ])('refuses %j', (config) => {
    expect(transform.config.safeParse(config).success).toBe(false)
  })
})
