import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { guardBuilders } from '#main/guards/builders.ts'
import { namedChecksums } from '#main/guards/pii/checksums.ts'
import { nationalRegions } from '#main/guards/pii/national-id.ts'
import { phoneRegions } from '#main/guards/pii/phone.ts'
import { defaultPiiKinds, defaultPiiRegions, piiChecksums, piiRegions } from '#shared/guards/pii-config.ts'
import { harmless, type Item, personalItems, phoneItems } from './personal.ts'
import { seeded } from './seeded.ts'

const guards = guardBuilders()
const scan = guards.pii({ kinds: defaultPiiKinds, regions: defaultPiiRegions, custom: [] })

const withUrls = guards.pii({ kinds: [...defaultPiiKinds, 'url'], regions: defaultPiiRegions, custom: [] })

const sentences: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `Please note ${text}.`,
  (text) => `(${text})`,
  (text) => `It says "${text}", I think.`,
  (text) => `${text}\nThank you`,
  (text) => `{"value": "${text}"}`,
]
const spoken = ({ word, text }: Item) => (word === undefined ? text : `${word} ${text}`)

interface Tally {
  hit: number
  missed: number
  wrong: number
}
const f1 = ({ hit, missed, wrong }: Tally) => (2 * hit) / (2 * hit + missed + wrong)

function tallies() {
  const all = new Map<string, Tally>()
  return {
    all,
    of: (kind: string) => {
      const known = all.get(kind) ?? { hit: 0, missed: 0, wrong: 0 }
      all.set(kind, known)
      return known
    },
    print: (title: string) =>
      console.info(
        `${title}\n${Array.from(all, ([kind, tally]) => `  ${kind.padEnd(12)} F1 ${f1(tally).toFixed(3)}  ${JSON.stringify(tally)}`).join('\n')}`,
      ),
  }
}

describe('personal data', () => {
  it('is found in fresh samples of every kind, wrong check digits and harmless numbers are not', () => {
    const random = seeded(31)
    const tally = tallies()
    for (let round = 0; round < 60; round += 1) {
      for (const item of [...personalItems(random), ...phoneItems(random)]) {
        const sentence = sentences[random(sentences.length)]?.(spoken(item)) ?? ''
        const at = sentence.indexOf(item.text)
        const hits = scan(sentence)
        const exact = hits.some(
          ({ start, end, kind }) => kind === item.kind && start === at && end === at + item.text.length,
        )
        if (exact) tally.of(item.kind).hit += 1
        else tally.of(item.kind).missed += 1
        for (const { kind, start, end } of hits)
          if (kind !== item.kind && (start >= at + item.text.length || end <= at)) tally.of(kind).wrong += 1
      }
      for (const item of personalItems(random, true))
        for (const hit of scan(`It is ${spoken(item)} here`))
          if (hit.kind === item.kind) tally.of(hit.kind).wrong += 1
      for (const text of harmless(random))
        for (const hit of scan(`We saw ${text} there.`)) tally.of(hit.kind).wrong += 1
    }
    tally.print('personal data, made-up samples')
    for (const [kind, counts] of tally.all)
      expect(f1(counts), kind).toBeGreaterThanOrEqual(kind === 'phone' ? 0.95 : 0.97)
  })

  it('is found in the synthetic texts of presidio-research', () => {
    const kinds: Readonly<Record<string, string>> = {
      PHONE_NUMBER: 'phone', CREDIT_CARD: 'card', EMAIL_ADDRESS: 'email', IBAN_CODE: 'iban', US_SSN: 'us_ssn', IP_ADDRESS: 'ip', DOMAIN_NAME: 'url',
    } // biome-ignore format: one table
    const file = join(import.meta.dirname, '../fixtures/guards/presidio-synth-v2.jsonl')
    const tally = tallies()
    for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
      const row = JSON.parse(line) as { text: string; spans: { type: string; start: number; end: number }[] }
      const hits = [...withUrls(row.text)]
      for (const { type, start, end } of row.spans) {
        const kind = kinds[type]
        if (kind === undefined) continue
        const at = hits.findIndex((hit) => hit.kind === kind && hit.start === start && hit.end === end)
        if (at === -1) tally.of(kind).missed += 1
        else {
          tally.of(kind).hit += 1
          hits.splice(at, 1)
        }
      }
      for (const { kind } of hits) tally.of(kind).wrong += 1
    }
    tally.print('personal data, presidio-synth-v2 (1,500 texts, exact spans)')
    for (const [kind, counts] of tally.all)
      expect(f1(counts), kind).toBeGreaterThanOrEqual(kind === 'phone' ? 0.95 : 0.99)
  })

  it('is rare in texts that hold none', () => {
    const file = join(import.meta.dirname, '../fixtures/guards/benign-sample.jsonl')
    const rows = readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { text: string })
    const hits = rows.flatMap(({ text }) =>
      scan(text).filter(({ kind }) => ['phone', 'card', 'iban'].includes(kind) || kind.includes('_')),
    )
    expect(hits.length).toBeLessThanOrEqual(2)
  })

  it.each([
    ['４１１１ １１１１ １１１１ １１１１', 'card'],
    ['٤١١١١١١١١١١١١١١١', 'card'],
    ['ann\u200b@exam\u00adple.org', 'email'],
    ['DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000', 'iban'],
    ['+49–30–901820', 'phone'],
    ['ａｎｎ＠example．org', 'email'],
  ])('is found through unusual characters: %s', (text, kind) => {
    expect(scan(`see ${text} ok`)).toMatchObject([{ kind, start: 4, end: 4 + text.length }])
  })

  it('knows what the form offers', () => {
    expect([...phoneRegions].sort()).toEqual([...piiRegions].sort())
    for (const region of nationalRegions) expect(piiRegions).toContain(region)
    expect(Object.keys(namedChecksums)).toEqual(piiChecksums)
  })

  it('takes no time for hostile texts', () => {
    const hostile = ['1 '.repeat(50_000), '1'.repeat(100_000), 'a@'.repeat(50_000), 'a.'.repeat(50_000), '1.'.repeat(50_000), ':a'.repeat(50_000),
      '+'.repeat(100_000), '(1)'.repeat(33_000), 'a@a.'.repeat(25_000), `${'a'.repeat(60_000)}@${'b'.repeat(40_000)}`, 'ab12 '.repeat(20_000), '-1'.repeat(50_000), '[EMAIL_'.repeat(14_000)] // biome-ignore format: one list
    for (const text of hostile) {
      const before = performance.now()
      scan(text)
      expect(performance.now() - before, text.slice(0, 10)).toBeLessThan(3_000)
    }
  })
})
