import { bare, isWordAt, type Recogniser } from './candidate.ts'
import { mod97 } from './checksums.ts'

const lengths: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
    'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 ' +
    'LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 ' +
    'PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

const head = /[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])/g

/** The country says how long it is; spaces or hyphens may stand between any groups. */
export const iban: Recogniser = (text) => {
  const found = []
  for (const match of text.matchAll(head)) {
    const start = match.index
    const length = lengths.get(match[0].slice(0, 2).toUpperCase())
    if (length === undefined || isWordAt(text, start - 1)) continue
    const end = endOf(text, start, length)
    if (end === undefined || isWordAt(text, end)) continue
    if (mod97(bare(text.slice(start, end)))) found.push({ start, end, kind: 'iban', score: 0.99 })
  }
  return found
}

/** Where `length` letters and digits are reached, with at most one separator between two of them. */
function endOf(text: string, start: number, length: number): number | undefined {
  let count = 0
  for (let i = start; i < text.length; i += 1) {
    if (/[A-Za-z0-9]/.test(text.charAt(i))) {
      count += 1
      if (count === length) return i + 1
    } else if (!/[ -]/.test(text.charAt(i)) || !/[A-Za-z0-9]/.test(text.charAt(i + 1))) return undefined
  }
  return undefined
}
