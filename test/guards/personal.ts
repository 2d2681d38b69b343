// Made-up personal data with valid check digits, and the same with wrong ones.
import {
  bsn, codiceFiscale, cpf, dni, luhn, mod11of10, mod97, nhs, nir, pesel, verhoeff,
} from '#main/guards/pii/checksums.ts' // biome-ignore format: one list

export interface Item {
  readonly kind: string
  readonly text: string
  /** Names it in a sentence, where a kind needs a word beside it. */
  readonly word?: string
}

type Random = (below: number) => number

const digits = '0123456789'
const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const small = upper.toLowerCase()

function maker(random: Random) {
  const pick = <Value>(values: readonly Value[]) => values[random(values.length)] as Value
  const of = (set: string, count: number) =>
    Array.from({ length: count }, () => set.charAt(random(set.length))).join('')
  /** Draws until the check holds (or, for `wrong`, until it does not). */
  const valid = (draw: () => string, check: (value: string) => boolean, wrong = false) => {
    for (;;) {
      const value = draw()
      if (check(value.replace(/[^A-Za-z0-9]/g, '')) !== wrong) return value
    }
  }
  return { pick, of, valid, number: (count: number) => of('123456789', 1) + of(digits, count - 1) }
}

const grouped = (value: string, sizes: readonly number[], mark: string) => {
  let at = 0
  const parts = sizes.map((size) => {
    at += size
    return value.slice(at - size, at)
  })
  return parts.join(mark)
}

/** One fresh item of every kind, in one of the ways it is written. */
export function personalItems(random: Random, wrong = false): readonly Item[] {
  const { pick, of, valid, number } = maker(random)
  const name = () => of(small, 3 + random(6))
  const taxId = () => {
    const first = number(1)
    const rest = Array.from(digits).filter((digit) => digit !== first)
    for (let i = rest.length - 1; i > 0; i -= 1) {
      const j = random(i + 1)
      ;[rest[i], rest[j]] = [rest[j] as string, rest[i] as string]
    }
    const nine = [first, ...rest.slice(0, 8)]
    nine.splice(1 + random(8), 0, pick(nine.slice(1)))
    return nine.join('') + of(digits, 1)
  }
  const cards: readonly (() => string)[] = [
    () => `4${of(digits, 15)}`,
    () => `5${of('12345', 1)}${of(digits, 14)}`,
    () => `3${of('47', 1)}${of(digits, 13)}`,
    () => `6011${of(digits, 12)}`,
    () => `3530${of(digits, 12)}`,
  ]
  const card = () => {
    const plain = valid(pick(cards), luhn, wrong)
    if (plain.length === 15)
      return pick([plain, grouped(plain, [4, 6, 5], ' '), grouped(plain, [4, 6, 5], '-')])
    return pick([plain, grouped(plain, [4, 4, 4, 4], ' '), grouped(plain, [4, 4, 4, 4], '-')])
  }
  const iban = () => {
    const [country, size] = pick([
      ['DE', 18],
      ['FR', 23],
      ['ES', 20],
      ['NL', 14],
      ['GB', 18],
      ['PL', 24],
      ['IT', 23],
      ['AT', 16],
    ] as const)
    const letters = { NL: 4, GB: 4, IT: 1 }[country as string] ?? 0
    const rest = of(upper, letters) + of(digits, size - letters)
    const check = (98 - remainder(`${rest}${country}00`)).toString().padStart(2, '0')
    const plain =
      country + (wrong ? String((Number(check) + 1 + random(90)) % 97).padStart(2, '0') : check) + rest
    if (mod97(plain) === wrong) return iban()
    return pick([plain, plain.replace(/(.{4})(?=.)/g, '$1 ')])
  }
  const birth = () =>
    `${of(digits, 2)}${pick(['01', '04', '07', '11', '12'])}${pick(['01', '09', '17', '28'])}`
  const items: Item[] = [
    { kind: 'card', text: card() },
    { kind: 'iban', text: iban() },
    { kind: 'es_dni', text: valid(() => `${of(digits, 8)}${of(upper, 1)}`, dni, wrong) },
    { kind: 'es_dni', text: valid(() => `${of('XYZ', 1)}-${of(digits, 7)}-${of(upper, 1)}`, dni, wrong) },
    { kind: 'de_tax_id', text: valid(taxId, mod11of10, wrong), word: 'Steuer-ID' },
    {
      kind: 'fr_nir',
      text: grouped(
        valid(
          () => `${of('12', 1)}${birth().slice(0, 4)}${of('123456789', 2)}${of(digits, 6)}${of(digits, 2)}`,
          nir,
          wrong,
        ),
        [1, 2, 2, 2, 3, 3, 2],
        ' ',
      ),
    },
    {
      kind: 'it_cf',
      text: valid(
        () =>
          `${of(upper, 6)}${of(digits, 2)}${of('ABCDEHLMPRST', 1)}${of('0123', 1)}${of(digits, 1)}${of(upper, 1)}${of(digits, 3)}${of(upper, 1)}`,
        codiceFiscale,
        wrong,
      ),
    },
    { kind: 'nl_bsn', text: valid(() => number(9), bsn, wrong), word: 'BSN' },
    {
      kind: 'uk_nhs',
      text: grouped(
        valid(() => number(10), nhs, wrong),
        [3, 3, 4],
        ' ',
      ),
      word: 'NHS number',
    },
    {
      kind: 'in_aadhaar',
      text: grouped(
        valid(() => `${of('23456789', 1)}${of(digits, 11)}`, verhoeff, wrong),
        [4, 4, 4],
        ' ',
      ),
      word: 'Aadhaar',
    },
    { kind: 'pl_pesel', text: valid(() => `${birth()}${of(digits, 5)}`, pesel, wrong), word: 'PESEL' },
    {
      kind: 'br_cpf',
      text: valid(() => `${of(digits, 3)}.${of(digits, 3)}.${of(digits, 3)}-${of(digits, 2)}`, cpf, wrong),
    },
    {
      kind: 'us_ssn',
      text: wrong
        ? `9${of(digits, 2)}-${number(2)}-${number(4)}`
        : `${1 + random(5)}${number(2)}-${number(2)}-${number(4)}`,
      word: 'SSN',
    },
  ]
  if (wrong) return items
  return [
    ...items,
    {
      kind: 'email',
      text: `${name()}${pick(['.', '_', '-', '+', ''])}${name()}@${name()}.${pick(['com', 'org', 'de', 'co.uk', 'io', 'com.br', 'dev'])}`,
    },
    { kind: 'ip', text: Array.from({ length: 4 }, () => String(1 + random(254))).join('.') },
    { kind: 'ip', text: Array.from({ length: 8 }, () => of('0123456789abcdef', 4)).join(':') },
    { kind: 'ip', text: `2001:db8::${of('123456789abcdef', 4)}:${of('123456789', 1)}` },
    { kind: 'mac', text: Array.from({ length: 6 }, () => of('0123456789abcdef', 2)).join(pick([':', '-'])) },
    {
      kind: 'uk_nino',
      text: grouped(
        `${pick(['AB', 'CE', 'HJ', 'WL'])}${of(digits, 6)}${of('ABCD', 1)}`,
        [2, 2, 2, 2, 1],
        pick([' ', '']),
      ),
    },
    { kind: 'wallet', text: `0x${of('0123456789abcdefABCDEF', 40)}` },
    {
      kind: 'wallet',
      text: pick([
        '1BoatSLRHtKNngkdXEeobR76b53LETtpyT',
        '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy',
        'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
      ]),
    },
  ]
}

function remainder(value: string): number {
  let rest = 0
  for (const char of value)
    for (const digit of String(Number.parseInt(char, 36))) rest = (rest * 10 + Number(digit)) % 97
  return rest
}

/** Fresh numbers in the ways people write them, by country. */
export function phoneItems(random: Random): readonly Item[] {
  const { pick, of, number } = maker(random)
  const us = () =>
    [`${of('23456789', 1)}${of(digits, 2)}`, `${of('23456789', 1)}${of(digits, 2)}`, of(digits, 4)] as const
  const [area, exchange, line] = us()
  const forms: readonly string[] = [
    `+1 ${area} ${exchange} ${line}`,
    `+1-${area}-${exchange}-${line}`,
    `+1${area}${exchange}${line}`,
    `(${area}) ${exchange}-${line}`,
    `${area}-${exchange}-${line}`,
    `${area}.${exchange}.${line}`,
    `1-${area}-${exchange}-${line}`,
    `${area}-${exchange}-${line} x${of(digits, 3)}`,
    `+44 20 ${of(digits, 4)} ${of(digits, 4)}`,
    `+44 (0)20 ${of(digits, 4)} ${of(digits, 4)}`,
    `020 ${number(4)} ${of(digits, 4)}`,
    `07${of(digits, 3)} ${of(digits, 6)}`,
    `+49 30 ${number(6)}`,
    `+49 (0)171 ${number(7)}`,
    `0049 89 ${number(7)}`,
    `030 ${number(8)}`,
    `0171/${number(7)}`,
    `+33 6 ${of(digits, 2)} ${of(digits, 2)} ${of(digits, 2)} ${of(digits, 2)}`,
    `06 ${of(digits, 2)} ${of(digits, 2)} ${of(digits, 2)} ${of(digits, 2)}`,
    `01.${of(digits, 2)}.${of(digits, 2)}.${of(digits, 2)}.${of(digits, 2)}`,
    `+34 6${of(digits, 2)} ${of(digits, 3)} ${of(digits, 3)}`,
    `+39 02 ${number(8)}`,
    `+31 6 ${number(8)}`,
    `+91 9${of(digits, 4)} ${of(digits, 5)}`,
    `+48 ${number(3)} ${of(digits, 3)} ${of(digits, 3)}`,
    `+55 11 9${of(digits, 4)}-${of(digits, 4)}`,
    `+81 3-${number(4)}-${of(digits, 4)}`,
    `+86 138 ${of(digits, 4)} ${of(digits, 4)}`,
    `+61 4${of(digits, 2)} ${of(digits, 3)} ${of(digits, 3)}`,
  ]
  const named: readonly string[] = [
    `6${of(digits, 2)} ${of(digits, 3)} ${of(digits, 3)}`,
    `${number(3)} ${number(4)}`,
    number(10),
    `${number(2)}-${of(digits, 2)}-${of(digits, 2)}-${of(digits, 2)}`,
  ]
  return [
    ...forms.map((text) => ({ kind: 'phone', text })),
    ...named.map((text) => ({
      kind: 'phone',
      text,
      word: pick(['my phone number is', 'call me at', 'Tel:', 'Mobile:', 'WhatsApp']),
    })),
  ]
}

/** Numbers and words that are nobody's. */
export function harmless(random: Random): readonly string[] {
  const { of, number, pick } = maker(random)
  const year = 1950 + random(80)
  return [
    `${10 + random(18)}.0${1 + random(9)}.${year}`, `${year}-0${1 + random(9)}-${10 + random(18)}`, `${year}-${year + 3}`, `${10 + random(9)}/${10 + random(2)}/${year}`,
    `$${number(3)},${of(digits, 3)}.${of(digits, 2)}`, `${number(1)}.${of(digits, 3)}.${of(digits, 3)} €`, `${number(2)},${of(digits, 3)},${of(digits, 3)} people`,
    `version ${number(1)}.${number(2)}.${number(1)}.${number(1)}`, `v${number(1)}.${number(1)}.${number(2)}`, `section ${number(1)}.${number(1)}.${number(1)}.${number(1)}`, `Chrome/120.0.${number(4)}.${number(2)}`,
    `order ${number(10)}`, `ISBN 978-3-16-148410-0`, `order 123-4567890-${number(7)}`, `ticket #${number(8)}`, `invoice ${number(4)}-${number(6)}`, `PO Box ${number(5)}-${number(4)}`,
    `${10 + random(12)}:${10 + random(49)}:${10 + random(49)}`, `${number(2)}.${of(digits, 6)}, ${number(2)}.${of(digits, 6)}`, `pages ${number(3)}-${number(3)}`, `room ${number(3)} ${number(2)}`,
    `${number(16)}0`, `id ${of('0123456789abcdef', 8)}-${of('0123456789abcdef', 4)}-4${of('0123456789abcdef', 3)}`, `commit ${of('0123456789abcdef', 40)}`, `@types/node@${number(2)}.${number(1)}.0`,
    `npm i foo@${number(1)}.${number(1)}.${number(1)}`, `std::vector<int> a::b`, `${number(1)} x ${number(2)} = ${number(3)}`, `${number(3)} ${number(3)} rows`, `score ${number(2)}-${number(2)}`,
    `@someone and user@localhost`, `https://user:${of(small, 8)}@host.example/x`, `${number(1)}e${number(2)}`, `0x${of('0123456789abcdef', 8)}`, `#${of('0123456789abcdef', 6)}`, `1. ${pick(['First', 'Second'])}\n2. Third`,
    `UPC ${number(12)}`, `${number(4)} ${number(4)}`, `IPv4 has 4294967296 addresses`, `${of('0123456789abcdef', 2)}:${of('0123456789abcdef', 2)}:${of('0123456789abcdef', 2)}`,
  ] // biome-ignore format: many small samples
}
