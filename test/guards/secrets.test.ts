import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { guardBuilders } from '#main/guards/builders.ts'
import { secretRules } from '#main/guards/secret/rules.ts'
import { secretRules as convert } from '../../build/secret-rules.ts'
import { plantedSecrets } from './secrets.ts'
import { seeded } from './seeded.ts'

const guards = guardBuilders()
const chat = guards.secrets({ generic: false })
const all = guards.secrets({ generic: true })
const fixtures = join(import.meta.dirname, '../fixtures/guards')

const surroundings: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => `Can you check why this fails? ${secret}`,
  (secret) => `I used ${secret}, but it was refused.`,
  (secret) => `My key is ${secret}.`,
  (secret) => `run it with (${secret}) please`,
  (secret) => `export KEY="${secret}"\nnpm start`,
  (secret) => `const key = '${secret}';`,
  (secret) => `{"key": ${JSON.stringify(secret)}, "n": 1}`,
  (secret) => `\`${secret}\``,
  (secret) => `<td>${secret}</td>`,
  (secret) => `key:\n  ${secret}\nother: 2`,
]

describe('secrets', () => {
  it('are found in 63 formats, in prose and in code', () => {
    const random = seeded(21)
    const missed: string[] = []
    let total = 0
    for (let round = 0; round < 12; round += 1)
      for (const { name, text } of plantedSecrets(random))
        for (const surround of surroundings) {
          const whole = surround(text)
          total += 1
          if (chat(whole).length === 0) missed.push(name)
        }
    const share = 1 - missed.length / total
    console.info(
      `secrets: recall ${(share * 100).toFixed(2)} % of ${total} (made up, 63 formats); missed ${[...new Set(missed)].join(', ') || 'none'}`,
    )
    expect(share).toBeGreaterThanOrEqual(0.99)
  })

  it('leave nothing of themselves when they are masked', () => {
    const random = seeded(22)
    for (const { name, text } of plantedSecrets(random)) {
      const whole = `before ${text} after`
      let masked = whole
      for (const { start, end, mask = '' } of [...chat(whole)].reverse())
        masked = masked.slice(0, start) + mask + masked.slice(end)
      expect(masked, name).toMatch(/\[SECRET:[a-z0-9-]+\]/)
      const longest = (text.match(/[A-Za-z0-9]{16,}/g) ?? []).toSorted((a, b) => b.length - a.length)[0]
      if (longest) expect(masked, name).not.toContain(longest)
    }
  })

  it('are found behind full-width letters, hidden characters and base64', () => {
    const [aws] = plantedSecrets(seeded(23))
    const key = aws?.text ?? ''
    const wide = Array.from(key, (char) => String.fromCodePoint((char.codePointAt(0) ?? 0) + 0xfee0)).join('')
    const broken = `${key.slice(0, 9)}\u200b${key.slice(9, 14)}\u00ad${key.slice(14)}`
    const encoded = Buffer.from(`the key is ${key} ok`).toString('base64')
    for (const text of [wide, broken, encoded])
      expect(chat(`see ${text} here`)).toMatchObject([{ kind: 'secret:aws-access-token' }])
    expect(chat(`x ${broken} y`)).toMatchObject([{ start: 2, end: 2 + broken.length }])
  })

  it('are not seen in ordinary prompts and answers', () => {
    const texts = readFileSync(join(fixtures, 'benign-sample.jsonl'), 'utf8').split('\n').filter(Boolean)
    const read = texts.map((line) => (JSON.parse(line) as { text: string }).text)
    const share = (scan: typeof chat) => read.filter((text) => scan(text).length > 0).length / read.length
    console.info(
      `secrets: false positives ${(share(chat) * 100).toFixed(2)} % of ${read.length} benign texts, with generic rules ${(share(all) * 100).toFixed(2)} %`,
    )
    expect(share(chat)).toBeLessThanOrEqual(0.002)
    expect(share(all)).toBeLessThanOrEqual(0.01)
  })

  it.each([
    'AKIAIOSFODNN7EXAMPLE',
    `sk-proj-${'x'.repeat(40)}`,
    'OPENAI_API_KEY=sk-your-api-key-goes-here-1234567890',
    'api_key = "<YOUR_API_KEY>"',
    `password: ${'$'}{DB_PASSWORD}`,
    'token = {{ secrets.GITHUB_TOKEN }}',
    'postgres://user:password@localhost:5432/db',
    'ghp_000000000000000000000000000000000000',
    `ghp_${'1234567890abcdefghijklmnopqrstuvwxyz'}`,
    'The commit is 3f2a9b1c4d5e6f708192a3b4c5d6e7f801234567.',
    'id 123e4567-e89b-12d3-a456-426614174000',
    'sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'https://example.com/path/to/some-long-page-name-with-words-2024.html?ref=newsletter',
    'LinkedIn: christopherjohnson',
    'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk',
  ])('placeholders and other long words are none: %s', (text) => {
    expect(chat(text)).toEqual([])
  })

  it('known by the name beside them are found with the generic rules only', () => {
    const random = seeded(24)
    const of = (set: string, count: number) =>
      Array.from({ length: count }, () => set.charAt(random(set.length))).join('')
    const strong = () => `${of('ABCDEFGH', 3)}${of('abcdefgh', 4)}${of('23456789', 3)}${of('!#%&', 2)}`
    const forms: readonly ((value: string) => string)[] = [
      (value) => `password: ${value}`,
      (value) => `DB_PASSWORD=${value}`,
      (value) => `my password is ${value}`,
      (value) => `"secret": "${value}"`,
      () => `api_key = "${of('abcdefghijklmnop', 12)}${of('0123456789', 12)}${of('ABCDEFGH', 8)}"`,
      (value) => `passwd => '${value}'`,
    ]
    let found = 0
    let early = 0
    for (let round = 0; round < 50; round += 1)
      for (const form of forms) {
        const text = form(strong())
        if (all(text).length > 0) found += 1
        if (chat(text).length > 0) early += 1
      }
    const share = found / (50 * forms.length)
    console.info(
      `secrets: generic recall ${(share * 100).toFixed(1)} % of ${50 * forms.length} made-up assignments`,
    )
    expect(share).toBeGreaterThanOrEqual(0.6)
    expect(early).toBe(0)
  })

  it('cost their text, not the number of their keywords', () => {
    const hostile = 'api_key=token secret password: auth key= '.repeat(6_000).slice(0, 200_000)
    const before = performance.now()
    all(hostile)
    expect(performance.now() - before).toBeLessThan(4_000)
  })
})

describe('the rules', () => {
  it('all compile in the linear engine and have lower-case keywords', () => {
    for (const { id, regex, keywords } of secretRules) {
      expect(() => RE2JS.compile(regex), id).not.toThrow()
      expect(keywords.length, id).toBeGreaterThan(0)
      for (const word of keywords) expect(word, id).toBe(word.toLowerCase())
    }
  })

  it('are what the script makes of the original', () => {
    const made = convert(readFileSync(join(fixtures, 'gitleaks.toml'), 'utf8'))
    const kept = readFileSync(join(import.meta.dirname, '../../main/guards/secret/gitleaks.json'), 'utf8')
    expect(JSON.parse(kept)).toEqual(JSON.parse(made))
  })
})
