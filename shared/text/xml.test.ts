import { describe, expect, it } from 'vitest'
import type { Json } from '../json.ts'
import { parseXml, writeXml } from './xml.ts'

describe('parseXml', () => {
  it.each([
    ['<a/>', { name: 'a' }],
    ['<a></a>', { name: 'a' }],
    ['<a x="1" y=\'two "2"\' />', { name: 'a', attributes: { x: '1', y: 'two "2"' } }],
    ['<p>Hi <b>you</b>!</p>', { name: 'p', children: ['Hi ', { name: 'b', children: ['you'] }, '!'] }],
    ['<a> <b/>\n</a>', { name: 'a', children: [' ', { name: 'b' }, '\n'] }],
    ['<a>&lt;&amp;&#65;&#x1F642;</a>', { name: 'a', children: ['<&A🙂'] }],
    ['<a><![CDATA[<b> & ]]>c</a>', { name: 'a', children: ['<b> & c'] }],
    ['<a>x<!-- <b> -->y<?php z?></a>', { name: 'a', children: ['xy'] }],
    [
      '\uFEFF<?xml version="1.0"?>\n<!DOCTYPE html>\n<!-- c --><ns:a.b-c xmlns:ns="u"/>\n',
      { name: 'ns:a.b-c', attributes: { 'xmlns:ns': 'u' } },
    ],
    ['<größe/>', { name: 'größe' }],
    ['<a x="1\n\t2"/>', { name: 'a', attributes: { x: '1  2' } }],
    ['<a>1\r\n2\r3</a>', { name: 'a', children: ['1\n2\n3'] }],
  ])('%s', (text, expected) => {
    expect(parseXml(text)).toEqual(expected)
  })

  it.each([
    ['', 1, 1],
    ['x<a/>', 1, 1],
    ['<a>\n  <b>\n</a>', 3, 1],
    ['<a><b></a></b>', 1, 7],
    ['<a/><b/>', 1, 5],
    ['<a', 1, 3],
    ['<a>', 1, 4],
    ['<a x=1/>', 1, 6],
    ['<a x="1" x="2"/>', 1, 10],
    ['<a x="1"y="2"/>', 1, 9],
    ['<a x="<"/>', 1, 6],
    ['<a>\n&nope;</a>', 2, 1],
    ['<a>a & b</a>', 1, 6],
    ['<a>&#0;</a>', 1, 4],
    ['<a><!-- </a>', 1, 4],
    ['<1/>', 1, 2],
  ])('refuses %j with its place', (text, line, column) => {
    expect(() => parseXml(text)).toThrow(
      expect.objectContaining({ code: 'flow_error', details: { reason: 'xml', line, column } }),
    )
  })

  it.each([
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    '<!DOCTYPE a [<!ENTITY l "ha"><!ENTITY m "&l;&l;&l;">]><a>&m;</a>',
  ])('refuses entity declarations: %s', (text) => {
    expect(() => parseXml(text)).toThrow('declarations in a DOCTYPE are not allowed')
  })

  it('reads no entity that an outside document would declare', () => {
    expect(parseXml('<!DOCTYPE a SYSTEM "http://a.example/x.dtd"><a/>')).toEqual({ name: 'a' })
    expect(() => parseXml('<!DOCTYPE a SYSTEM "http://a.example/x.dtd"><a>&x;</a>')).toThrow(
      'no known entity',
    )
  })

  it('refuses elements that are nested too deeply', () => {
    expect(() => parseXml(`${'<a>'.repeat(300)}${'</a>'.repeat(300)}`)).toThrow('nested deeper than 256')
  })

  it('keeps odd names as plain keys', () => {
    const { attributes } = parseXml('<constructor __proto__="x"/>')
    expect(Object.entries(attributes ?? {})).toEqual([['__proto__', 'x']])
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })

  it('takes long documents in its stride', () => {
    const started = performance.now()
    parseXml(`<a>${'<b c="1">x &amp; y</b>'.repeat(40_000)}</a>`)
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe('writeXml', () => {
  it('writes what it is given', () => {
    const value = { name: 'p', attributes: { q: '"<&>\n\t\r' }, children: ['a < b & c\r', { name: 'b' }] }
    expect(writeXml(value)).toBe('<p q="&quot;&lt;&amp;&gt;&#10;&#9;&#13;">a &lt; b &amp; c&#13;<b/></p>')
  })

  it.each<[Json, string]>([
    [1, '"/" must be an element'],
    [{ name: '1a' }, '"/name" must be the name'],
    [{ name: 'a b' }, '"/name" must be the name'],
    [{ name: 'a', attributes: { 'x y': '1' } }, '"/attributes/x y" must be a name'],
    [{ name: 'a', attributes: { x: 1 } }, '"/attributes/x" must be a name with a text'],
    [{ name: 'a', children: 'x' }, '"/children" must be a list'],
    [
      { name: 'a', children: [{ name: 'b', children: [null] }] },
      '"/children/0/children/0" must be an element',
    ],
    [{ name: 'a', text: 'x' }, '"/text" is not known'],
    [{ name: 'a', children: ['\u0000'] }, '"/children/0" holds a character'],
  ])('refuses %j with its place', (value, message) => {
    expect(() => writeXml(value)).toThrow(message)
  })

  it('gives back every document that it can read', () => {
    let seed = 3
    const next = (n: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed % n
    }
    const texts = ['a', ' ', '\n', '<', '&', '"', "'", ']]>', '🙂', '\r', '\t', 'é']
    const text = () => Array.from({ length: 1 + next(4) }, () => texts[next(texts.length)]).join('')
    const element = (depth: number): Json => {
      const children: Json[] = []
      for (let n = next(4); n > 0; n -= 1) {
        if (depth > 0 && next(2) === 0) children.push(element(depth - 1))
        else if (typeof children.at(-1) !== 'string') children.push(text())
      }
      const attributes = Object.fromEntries(Array.from({ length: next(3) }, (_, n) => [`k${n}`, text()]))
      return {
        name: ['a', 'b:c', '_d', 'é'][next(4)] as string,
        ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
        ...(children.length === 0 ? {} : { children }),
      }
    }
    for (let round = 0; round < 1_000; round += 1) {
      const value = element(4)
      expect(parseXml(writeXml(value))).toEqual(value)
    }
  })
})
