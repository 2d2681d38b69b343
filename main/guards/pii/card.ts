import { bare, isWordAt, type Recogniser } from './candidate.ts'
import { luhn } from './checksums.ts'
import { hasContext } from './context.ts'

const candidate = /\d(?:[ -]?\d){11,18}/g
/** How issuers print numbers: all at once, in fours, or 4-6-5 and 4-6-4. */
const shape = /^(?:\d+|\d{4}([ -])\d{4}\1\d{4}(?:\1\d{1,4}){0,2}|\d{4}([ -])\d{6}\2\d{4,5})$/

interface Issuer {
  readonly prefix: RegExp
  readonly lengths: readonly number[]
}
const issuers: readonly Issuer[] = [
  { prefix: /^4/, lengths: [13, 16, 19] },
  { prefix: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16] },
  { prefix: /^3[47]/, lengths: [15] },
  { prefix: /^(?:6011|64[4-9]|65)/, lengths: [16, 17, 18, 19] },
  { prefix: /^35(?:2[89]|[3-8])/, lengths: [16, 17, 18, 19] },
  { prefix: /^(?:2131|1800)/, lengths: [15] },
  { prefix: /^62/, lengths: [16, 17, 18, 19] },
  { prefix: /^3(?:0[0-5]|095|[689])/, lengths: [14, 15, 16, 17, 18, 19] },
  { prefix: /^220[0-4]/, lengths: [16] },
  { prefix: /^(?:50|5[6-9]|6[0137])/, lengths: [16, 17, 18, 19] },
  { prefix: /^(?:81|82|508|60)/, lengths: [16] },
]

/** Luhn and an issuer's range; or Luhn, twelve digits and more, and a word like "card" beside it. */
export const card: Recogniser = (text) => {
  const found = []
  for (const match of text.matchAll(candidate)) {
    const start = match.index
    const end = start + match[0].length
    if (isWordAt(text, start - 1) || isWordAt(text, end) || continues(text, start, end)) continue
    if (!shape.test(match[0])) continue
    const digits = bare(match[0])
    if (!luhn(digits) || new Set(digits).size < 2) continue
    const issued = issuers.some(
      ({ prefix, lengths }) => lengths.includes(digits.length) && prefix.test(digits),
    )
    const context = hasContext(text, start, end, 'card')
    if (issued || context) found.push({ start, end, kind: 'card', score: issued ? 0.95 : 0.8 })
  }
  return found
}

/** A part of a longer number: `3.4111…`, `…1111-22`. */
function continues(text: string, start: number, end: number): boolean {
  return (
    /\d[.,-]$/.test(text.slice(Math.max(0, start - 2), start)) || /^[.,-]\d/.test(text.slice(end, end + 2))
  )
}
