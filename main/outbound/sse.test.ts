import { describe, expect, test } from 'vitest'
import { SseParser } from './sse.ts'

function parse(chunks: readonly (string | Buffer)[]): {
  events: [string, string][]
  left: string | undefined
} {
  const events: [string, string][] = []
  const parser = new SseParser((data, name) => events.push([name, data]))
  for (const chunk of chunks) parser.push(Buffer.from(chunk))
  return { events, left: parser.end() }
}

const text =
  ': ready\n\n' +
  'data: {"a": "é😀"}\n\n' +
  'event: error\ndata:no space\nid: 7\nretry: 10\n\n' +
  ': KEEP-ALIVE\n\n' +
  'data: one\ndata: two\n\n' +
  'data: {"x": ["a: b", ": ["]}\n\n' +
  'event: lonely\n\n' +
  'data:\n\n' +
  'data: [DONE]\n\n'
const expected = [
  ['', '{"a": "é😀"}'],
  ['error', 'no space'],
  ['', 'one\ntwo'],
  ['', '{"x": ["a: b", ": ["]}'],
  ['', '[DONE]'],
]

describe.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
])('with %s line ends', (_, eol) => {
  const bytes = Buffer.from(text.replaceAll('\n', eol))

  test('trap-3, trap-4, trap-5: reads events, skips comments, splits at the first colon', () => {
    expect(parse([bytes]).events).toEqual(expected)
  })

  test('trap-1: one byte at a time gives the same', () => {
    expect(parse(Array.from(bytes, (byte) => Buffer.from([byte]))).events).toEqual(expected)
  })

  test('trap-2: every cut in two gives the same', () => {
    for (let at = 0; at <= bytes.length; at++) {
      expect(parse([bytes.subarray(0, at), bytes.subarray(at)]).events).toEqual(expected)
    }
  })
})

test('a byte order mark is not part of the first event', () => {
  expect(parse([Buffer.from([0xef]), Buffer.from([0xbb, 0xbf]), 'data: x\n\n']).events).toEqual([['', 'x']])
})

test('hands out what stood after the last blank line', () => {
  expect(parse(['data: a\n\ndata: b\ndata: c'])).toEqual({ events: [['', 'a']], left: 'b\nc' })
  expect(parse(['data: a\n\n'])).toEqual({ events: [['', 'a']], left: undefined })
})

test('gives up on an event larger than 8 MiB, in one line or in many', () => {
  const line = new SseParser(() => {})
  const megabyte = Buffer.alloc(1024 * 1024, 'x')
  line.push(Buffer.from('data: '))
  const taken = Array.from({ length: 10 }, () => line.push(megabyte)).indexOf(false)
  expect(taken).toBe(7)

  const lines = new SseParser(() => {})
  const row = Buffer.from(`data: ${'y'.repeat(1024 * 1024)}\n`)
  expect(Array.from({ length: 10 }, () => lines.push(row)).indexOf(false)).toBe(7)
})
