import { describe, expect, test } from 'vitest'
import type { Span } from '../flow/definition.ts'
import type { Message } from '../model/chat.ts'
import { applyEdits } from './edits.ts'
import { Mask, Vault } from './mask.ts'
import { Unmask, UnmaskStream } from './unmask.ts'
import { walkTexts } from './walk-texts.ts'

/** A recogniser for tests: words that begin with a capital and end in digits are people. */
function spansOf(text: string): readonly Span[] {
  const found = text.matchAll(/<([a-z_]+):([^>]+)>|[\w.]+@[\w.]+/g)
  return Array.from(found, (match) => ({
    start: match.index,
    end: match.index + match[0].length,
    kind: match[1] ?? 'email',
    score: 1,
  }))
}

function masked(text: string, vault = new Vault(), names: readonly string[] = []) {
  const mask = new Mask(vault, names)
  const spans = spansOf(text)
  const all = [...spans, ...mask.literals(text, spans)].sort((a, b) => a.start - b.start)
  return { text: applyEdits(text, mask.edits(text, all)), map: mask.map() }
}

describe('masking', () => {
  test('numbers each kind on its own and repeats the token for the same value', () => {
    const { text } = masked('a@x.org, b@x.org, <phone:030 12>, a@x.org')
    expect(text).toBe('[EMAIL_1], [EMAIL_2], [PHONE_1], [EMAIL_1]')
  })

  test('gives one token to two spellings of a value and still restores both', () => {
    const original = 'Ann@X.org wrote, then ann@x.org'
    const { text, map } = masked(original)
    expect(text).toBe('[EMAIL_1] wrote, then [EMAIL_1]')
    expect(new Unmask(map).text(text)).toBe(original)
  })

  test('keeps counting over all guards of a Run', () => {
    const vault = new Vault()
    expect(masked('a@x.org', vault).text).toBe('[EMAIL_1]')
    expect(masked('b@x.org and a@x.org', vault).text).toBe('[EMAIL_2] and [EMAIL_1]')
  })

  test.each([
    'Write to [EMAIL_1] or a@x.org',
    'escaped \\[EMAIL\\_1\\] and a@x.org',
    '[email 1] [ EMAIL-1 ] [**EMAIL_1**] [LITERAL_1] a@x.org',
    '\\a@x.org\\] and [a@x.org]',
    '[EMAIL_a@x.org] [[EMAIL_1]] [EMAIL_',
    '[EMAIL_0] [EMAIL_] [EMAIL_1234567] a@x.org',
  ])('restores a text that already holds token-like text: %s', (original) => {
    const { text, map } = masked(original)
    expect(text).not.toContain('a@x.org')
    expect(new Unmask(map).text(text)).toBe(original)
  })
})

describe('unmasking', () => {
  const map = { '[EMAIL_1]': 'a@x.org', '[CREDIT_CARD_12]': '4111 1111 1111 1111', '[QUOTE_1]': 'say "hi"\n' }
  const unmask = () => new Unmask(map)

  test.each([
    ['[email_1]', 'a@x.org'],
    ['[Email 1]', 'a@x.org'],
    ['[ EMAIL_1 ]', 'a@x.org'],
    ['\\[EMAIL\\_1\\]', 'a@x.org'],
    ['**[EMAIL_1]**', '**a@x.org**'],
    ['[**EMAIL_1**]', 'a@x.org'],
    ['[credit card 12]', '4111 1111 1111 1111'],
    ['[CREDIT\\_CARD\\_12](x)', '4111 1111 1111 1111(x)'],
  ])('understands what models make of tokens: %s', (said, meant) => {
    expect(unmask().text(said)).toBe(meant)
  })

  test.each(['[EMAIL_2]', '[PHONE_1]', '[EMAIL_01]', '[EMAIL1x]', 'EMAIL_1', '[EMAIL_1', '[see 1]'])(
    'leaves unknown tokens alone: %s',
    (said) => {
      expect(unmask().text(said)).toBe(said)
    },
  )

  test('restores messages, tool arguments stay JSON', () => {
    const messages: readonly Message[] = [
      {
        role: 'assistant',
        parts: [
          { type: 'text', text: 'for [EMAIL_1]' },
          {
            type: 'tool-call',
            id: 'c1',
            name: 'send',
            argsText: '{ "to" : "[EMAIL_1]", "[QUOTE_1]":"\\u00e9 [QUOTE_1]" }',
          },
        ],
      },
    ]
    expect(unmask().value(messages)).toEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'text', text: 'for a@x.org' },
          {
            type: 'tool-call',
            id: 'c1',
            name: 'send',
            argsText: '{ "to" : "a@x.org", "say \\"hi\\"\\n":"\\u00e9 say \\"hi\\"\\n" }',
            args: { to: 'a@x.org', 'say "hi"\n': 'é say "hi"\n' },
          },
        ],
      },
    ])
  })

  test('restores JSON values and their keys', () => {
    const value = { list: ['[EMAIL_1]', 7], '[EMAIL_1]': null }
    expect(unmask().value(value)).toEqual({ list: ['a@x.org', 7], 'a@x.org': null })
  })

  test('returns an untouched value as the same object', () => {
    const value = [{ role: 'user', parts: [{ type: 'text', text: 'nothing here' }] }]
    expect(unmask().value(value)).toBe(value)
  })

  test('is exact for every way of cutting a stream in three', () => {
    const whole = 'x \\[Email\\_1\\] [CREDIT_CARD_12][EMAIL_2]\\ **[EMAIL_1]** [EM [EMAIL_1'
    const expected = unmask().text(whole)
    for (let a = 0; a <= whole.length; a += 1)
      for (let b = a; b <= whole.length; b += 1) {
        const stream = new UnmaskStream(unmask())
        const parts = [whole.slice(0, a), whole.slice(a, b), whole.slice(b)]
        expect(parts.map((part) => stream.push(part)).join('') + stream.end()).toBe(expected)
      }
  })

  test('holds no text that cannot become a known token', () => {
    const stream = new UnmaskStream(unmask())
    expect(stream.push('see [1] and [link')).toBe('see [1] and [link')
    expect(stream.push(' [EMA')).toBe(' ')
    expect(stream.push('IL_1')).toBe('')
    expect(stream.push('] ok')).toBe('a@x.org ok')
  })
})

test('mask, echo and unmask are byte-exact over random texts and cuts', () => {
  const random = seeded(7)
  const bits = ['a@x.org', 'A@X.org', 'b.c@y.io', '[EMAIL_1]', '[email 2]', '\\', '[', ']', '_', '**', ' ', '\n', '<phone:1>',
    '[LITERAL_1]', '\\[PHONE\\_1\\]', 'é', '😀', 'word', '1', '{"k":"', '"}'] // biome-ignore format: one list
  for (let round = 0; round < 3_000; round += 1) {
    const original = Array.from({ length: 1 + random(14) }, () => bits[random(bits.length)]).join('')
    const { text, map } = masked(original)
    const stream = new UnmaskStream(new Unmask(map))
    let out = ''
    for (let at = 0; at < text.length; ) {
      const next = at + 1 + random(6)
      out += stream.push(text.slice(at, next))
      at = next
    }
    expect(out + stream.end()).toBe(original)
  }
})

test('a long number in tool arguments is masked as a string, the rest keeps its bytes', () => {
  const argsText = '{ "card":4111111111111111 , "n":7, "note":"x \\u00e9" }'
  const call: readonly Message[] = [
    {
      role: 'assistant',
      parts: [{ type: 'tool-call', id: '1', name: 't', argsText, args: JSON.parse(argsText) }],
    },
  ]
  const masked = walkTexts(call, (text) =>
    /^\d{16}$/.test(text) ? [{ start: 0, end: 16, text: '[CREDIT_CARD_1]' }] : undefined,
  )
  expect(masked).toMatchObject([
    {
      parts: [
        {
          argsText: '{ "card":"[CREDIT_CARD_1]" , "n":7, "note":"x \\u00e9" }',
          args: { card: '[CREDIT_CARD_1]', n: 7 },
        },
      ],
    },
  ])
})

test('texts are visited in every place of a message', () => {
  const seen: string[] = []
  const messages: readonly Message[] = [
    { role: 'system', parts: [{ type: 'text', text: 'sys' }] },
    {
      role: 'user',
      parts: [
        { type: 'text', text: 'hello' },
        { type: 'file', name: 'cv.pdf', source: { kind: 'url', url: 'https://x.org/cv' } },
      ],
    },
    {
      role: 'tool',
      parts: [
        {
          type: 'tool-result',
          callId: '1',
          content: [{ type: 'json', value: { key: ['deep', 12, 4111111111111111] } }],
        },
      ],
    },
  ]
  walkTexts(messages, (text, { part, from }) => {
    seen.push(`${from} ${part} ${text}`)
    return undefined
  })
  expect(seen).toEqual([
    'other /0/parts/0/text sys',
    'user /1/parts/0/text hello',
    'user /1/parts/1/name cv.pdf',
    'user /1/parts/1/source/url https://x.org/cv',
    'tool /2/parts/0/content/0/value/key key',
    'tool /2/parts/0/content/0/value/key/0 deep',
    'tool /2/parts/0/content/0/value/key/2 4111111111111111',
  ])
})

function seeded(seed: number) {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
}
