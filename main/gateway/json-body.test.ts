import { describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import { parseBody } from './json-body.ts'

const parse = (text: string) => parseBody(Buffer.from(text))

function refusal(body: string | Buffer): string {
  try {
    parseBody(Buffer.from(body as string))
    return 'accepted'
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    return `${thrown.code}/${String(thrown.details.reason ?? '')}`
  }
}

const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
const object = (keys: number) => `{${Array.from({ length: keys }, (_, i) => `"k${i}":1`).join(',')}}`

describe('what is accepted', () => {
  it.each([
    ['an empty object', '{}'],
    ['64 levels', nested(64)],
    ['10,000 keys', object(10_000)],
    ['a text of 1 MiB', JSON.stringify({ a: 'x'.repeat(1024 * 1024) })],
    [
      '3 MiB of media',
      JSON.stringify({ image: { media_type: 'image/png', data: 'A'.repeat(3 * 1024 * 1024) } }),
    ],
    ['braces, colons and quotes in texts', JSON.stringify({ a: '{"b":[[[":\\"' })],
    ['a long text full of escapes', JSON.stringify({ a: '\\"\\\\"{'.repeat(500), b: 1 })],
    ['the words of pollution as text', '{"a":"__proto__","b":["constructor.prototype"]}'],
    ['a key called prototype with a plain value', '{"prototype":"v1","constructor":"Ferrari"}'],
    ['pairs of surrogates', '{"a":"\\ud83d\\ude00","😀":1}'],
    ['the same key in two objects', '{"a":{"x":1},"b":{"x":1}}'],
  ])('%s', (_, text) => {
    expect(parse(text)).toEqual(JSON.parse(text))
  })
})

describe('what is refused', () => {
  it.each<[string, string | Buffer, string]>([
    ['nothing', '', 'invalid_request/not_json'],
    ['a cut document', '{"a":', 'invalid_request/not_json'],
    ['NaN', '{"a":NaN}', 'invalid_request/not_json'],
    ['a comment', '{"a":1}//', 'invalid_request/not_json'],
    ['a byte order mark', '\ufeff{}', 'invalid_request/not_json'],
    ['an array', '[]', 'invalid_request/not_an_object'],
    ['null', 'null', 'invalid_request/not_an_object'],
    ['a text', '"x"', 'invalid_request/not_an_object'],
    ['65 levels', nested(65), 'invalid_request/too_deep'],
    ['a million levels', '['.repeat(1_000_000), 'invalid_request/too_deep'],
    ['10,001 keys', object(10_001), 'invalid_request/too_many_keys'],
    ['a text above 1 MiB', JSON.stringify({ a: 'x'.repeat(1024 * 1024 + 1) }), 'payload_too_large/'],
    ['a doubled key', '{"a":1,"a":2}', 'invalid_request/duplicate_key'],
    ['a doubled key written with an escape', '{"a":1,"\\u0061":2}', 'invalid_request/duplicate_key'],
    ['a doubled key deep inside', '{"a":[{"b":{"c":1,"c":1}}]}', 'invalid_request/duplicate_key'],
    ['half a character', '{"a":"\\ud83d"}', 'invalid_request/lone_surrogate'],
    ['half a character in a key', '{"\\uDE00":1}', 'invalid_request/lone_surrogate'],
    [
      'bytes that are no UTF-8',
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      'invalid_request/invalid_utf8',
    ],
    [
      'a surrogate as UTF-8',
      Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]),
      'invalid_request/invalid_utf8',
    ],
    ['a number beyond all', '{"a":1e999}', 'invalid_request/number_too_large'],
    ['__proto__', '{"a":{"__proto__":{"x":1}}}', 'invalid_request/forbidden_key'],
    ['__proto__ with an escape', '{"\\u005f_proto__":{}}', 'invalid_request/forbidden_key'],
    ['constructor.prototype', '{"constructor":{"prototype":{"x":1}}}', 'invalid_request/forbidden_key'],
    [
      'prototype at depth 10',
      `${'{"a":'.repeat(9)}{"prototype":{"x":1}}${'}'.repeat(9)}`,
      'invalid_request/forbidden_key',
    ],
  ])('%s', (_, body, verdict) => {
    expect(refusal(body)).toBe(verdict)
  })

  it('never takes long: 4 MiB of brackets, quotes or escapes end at once', () => {
    const size = 4 * 1024 * 1024
    const bombs = [
      '['.repeat(size),
      '{"'.repeat(size / 2),
      `{"a":"${'\\'.repeat(size)}`,
      '"'.repeat(size),
      ','.repeat(size),
    ]
    const started = performance.now()
    for (const bomb of bombs) expect(refusal(bomb)).not.toBe('accepted')
    expect((performance.now() - started) / bombs.length).toBeLessThan(250)
  })

  it('takes time with the size of a body and with nothing else', () => {
    const size = 2 * 1024 * 1024
    const dense = {
      keys: `{"a":[${'{"k":1},'.repeat(size / 8)}{}]}`,
      'long keys': `{"a":[${`{"${'k'.repeat(100)}":1},`.repeat(size / 107)}{}]}`,
      texts: `{"a":[${'"a",'.repeat(size / 4)}""]}`,
      'long texts': `{"a":[${`"${'a'.repeat(50)}",`.repeat(size / 53)}""]}`,
      escapes: `{"a":[${`"${'\\\\'.repeat(40)}",`.repeat(size / 83)}""]}`,
    }
    for (const [name, text] of Object.entries(dense)) {
      const bytes = Buffer.from(text)
      const started = performance.now()
      parseBody(bytes)
      expect(performance.now() - started, name).toBeLessThan(1500)
    }
  })

  it('leaves no trace on prototypes', () => {
    refusal('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})
