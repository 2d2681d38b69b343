// Phone numbers: international by calling code, national by the plans of the configured regions. A number that is
// grouped like a phone number, or stands beside a word that says so; never a bare run of digits alone.
import type { Span } from '#shared/flow/definition.ts'
import { isInternational } from './calling-codes.ts'
import { bare, isWordAt, type Recogniser } from './candidate.ts'
import { hasContext, isNumbered } from './context.ts'

/** Digits with at most two marks between them; a bracket may open the number or its area code. */
const candidate = /\(?(?:\+ ?|00(?=[ .-]?[1-9]))?\(?\d(?:[ ()./-]{0,3}\d){4,16}/g
const extension = /^\s?(?:x|ext\.?|extension|#|durchwahl|app\.?)\s?\d{1,6}(?!\d)/i

interface Plan {
  /** Digits dialled inside the country, the trunk zero included. */
  readonly lengths: readonly number[]
  /** Numbers begin with a zero that is left out after the calling code. */
  readonly trunk: boolean
  /** What a number begins with, the trunk zero left out. */
  readonly first: RegExp
}

const zero = (lengths: readonly number[], first = /^[1-9]/): Plan => ({ lengths, trunk: true, first })
const open = (lengths: readonly number[], first = /^[2-9]/): Plan => ({ lengths, trunk: false, first })
const plans: Readonly<Record<string, Plan>> = {
  US: open([10], /^[2-9]\d{2}[2-9]/), CA: open([10], /^[2-9]\d{2}[2-9]/),
  GB: zero([10, 11], /^[1-9]/), IE: zero([8, 9, 10, 11]), DE: zero([7, 8, 9, 10, 11, 12, 13]), AT: zero([7, 8, 9, 10, 11, 12, 13]),
  CH: zero([10]), FR: zero([10]), NL: zero([10]), BE: zero([9, 10]), SE: zero([8, 9, 10, 11]), FI: zero([7, 8, 9, 10, 11]),
  AU: zero([10], /^[23478]/), IN: zero([11], /^[1-9]/), IT: zero([9, 10, 11], /^[1-9]/), ZA: zero([10], /^[1-8]/), JP: zero([10, 11]),
  ES: open([9], /^[6-9]/), PL: open([9]), PT: open([9], /^[239]/), DK: open([8]), NO: open([8]), CZ: open([9], /^[2-79]/),
  BR: open([10, 11], /^[1-9]{2}[2-9]/), GR: open([10], /^[269]/), MX: open([10]),
} // biome-ignore format: one row per few countries

export const phoneRegions: readonly string[] = Object.keys(plans)

export function phone(regions: readonly string[]): Recogniser {
  const own = regions.flatMap((region) => plans[region] ?? [])
  return (text) => {
    const found: Span[] = []
    for (const match of text.matchAll(candidate)) {
      const span = longest(text, match.index, match.index + match[0].length, own)
      if (span) found.push(span)
    }
    return found
  }
}

/** The longest beginning of the candidate that is a number: what follows may be another one. */
function longest(text: string, from: number, to: number, own: readonly Plan[]): Span | undefined {
  const start = isOpenBracket(text.slice(from, to)) ? from + 1 : from
  if (!opens(text, start)) return undefined
  for (let end = to; end - start >= 6; end = previousGroup(text, start, end)) {
    if (!closes(text, end)) continue
    const score = rate(text, start, end, own)
    if (score === undefined || street.test(text.slice(end, end + 60))) continue
    const tail = extension.exec(text.slice(end, end + 20))
    return { start, end: end + (tail ? tail[0].length : 0), kind: 'phone', score }
  }
  return undefined
}

/** The first bracket belongs to the sentence when it is not closed inside the number. */
function isOpenBracket(written: string): boolean {
  return written.startsWith('(') && count(written, '(') > count(written, ')')
}

function count(text: string, char: string): number {
  return text.split(char).length - 1
}

/** Not a piece of a longer number, a price, a path or an address. */
function opens(text: string, start: number): boolean {
  const before = text.slice(Math.max(0, start - 2), start)
  return !(isWordAt(text, start - 1) || /[$€£¥₹%@#&=_~^*]\s?$|\d[.,:/+-]$|[\\]$/.test(before))
}

function closes(text: string, end: number): boolean {
  const after = text.slice(end, end + 4)
  return !/^(?:[\p{L}_](?<!x)|\d|[.,:/-]\d|\s?[%€$£¥]|[@=])/u.test(after)
}

function previousGroup(text: string, start: number, end: number): number {
  let at = end
  while (at > start && /\d/.test(text.charAt(at - 1))) at -= 1
  while (at > start && !/\d/.test(text.charAt(at - 1))) at -= 1
  return at
}

function rate(text: string, start: number, end: number, own: readonly Plan[]): number | undefined {
  const written = text.slice(start, end)
  const digits = bare(written)
  if (!balanced(written) || new Set(digits).size < 2) return undefined
  if (/^\(?\+/.test(written))
    return isInternational(digits) || isInternational(withoutTrunk(written)) ? 0.95 : undefined
  if (isOther(written)) return undefined
  const context = () => hasContext(text, start, end, 'phone')
  const groups = written.split(/[^\d]+/).filter(Boolean)
  if (digits.startsWith('00') && isInternational(digits.slice(2)) && (groups.length > 2 || context()))
    return 0.85
  if (
    groups.length > 1 &&
    isNational(written, digits, groups, own) &&
    (!isNumbered(text, start) || context())
  )
    return context() ? 0.9 : 0.7
  if (digits.length < 7 || digits.length > 13 || !context()) return undefined
  return groups.length > 1 || isPlanned(digits, own) || digits.length >= 9 ? 0.75 : 0.6
}

/** `+41 (0)44 …`: the zero in brackets is not dialled from abroad. */
function withoutTrunk(written: string): string {
  return bare(written.replace(/\(0\)/, ''))
}

function balanced(written: string): boolean {
  return count(written, '(') === count(written, ')') && !/[./-]{2}|\d\(|\(\)/.test(written)
}

function isPlanned(digits: string, own: readonly Plan[]): boolean {
  return own.some(({ lengths, trunk, first }) => {
    const national = trunk && digits.startsWith('0') ? digits.slice(1) : digits
    return (!trunk || digits.startsWith('0')) && lengths.includes(digits.length) && first.test(national)
  })
}

/** Grouped as such numbers are written, so that no word is needed. */
function isNational(
  written: string,
  digits: string,
  groups: readonly string[],
  own: readonly Plan[],
): boolean {
  const ten = digits.length === 11 && digits.startsWith('1') ? digits.slice(1) : digits
  if (/^(?:1[ .-]?)?(?:\(\d{3}\)[ -]?|\d{3}([ .-]))\d{3}[ .-]\d{4}$/.test(written))
    return ten.length === 10 && own.some(isNorthAmerican)
  if (/^\(\d{2}\) ?9?\d{4}-\d{4}$/.test(written)) return isPlanned(digits, own)
  if (/^\d{3} \d{2} \d{2} \d{2}$/.test(written) && !digits.startsWith('0')) return isPlanned(digits, own)
  if (!digits.startsWith('0') || digits.length < 9) return false
  return groups.every((group) => group.length >= 2) && isPlanned(digits, own)
}

function isNorthAmerican(plan: Plan): boolean {
  return !plan.trunk && plan.lengths.includes(10)
}

const dayFirst = /^(\d{1,2})([./-])(\d{1,2})\2(?:\d{2}|\d{4})(?![./-]?\d)/
const yearFirst = /^(?:19|20)\d{2}([./-])(\d{1,2})\1(\d{1,2})(?![./-]?\d)/
const yearRange = /^(?:19|20)\d{2}\s?[-/]\s?(?:19|20)?\d{2}$/
const decimal = /^\d+\.\d{1,2}$/
const amount = /^\d{1,3}(?:\.\d{3}){2,}$/
const ssn = /^\d{3}-\d{2}-\d{4}$/
const zip = /^\d{5}-\d{4}$/
const order = /^\d{3}-\d{7}(?:-\d{7})?$/
const book = /^97[89][ -]?\d{1,5}[ -]\d{1,7}[ -]\d{1,7}[ -]\d$/
const cardLike = /^\d{4}[ -]\d{4}[ -]\d{4}(?:[ -]\d{4})?$/
const version = /^\d{1,3}(?:\.\d{1,3}){2,}$/

/** Dates, year ranges, grouped amounts, versions and other numbers with a shape of their own. */
function isOther(written: string): boolean {
  if (isDate(written)) return true
  if ([yearRange, ssn, zip, order, book, cardLike].some((form) => form.test(written))) return true
  if (decimal.test(written)) return true
  if (amount.test(written) && !written.startsWith('0')) return true
  return version.test(written) && bare(written).length < 9
}

function isDate(written: string): boolean {
  const [, a = '', , b = ''] = dayFirst.exec(written) ?? []
  if (a !== '' && Math.min(Number(a), Number(b)) <= 12 && Math.max(Number(a), Number(b)) <= 31) return true
  const [, , month = '', day = ''] = yearFirst.exec(written) ?? []
  return month !== '' && Number(month) <= 12 && Number(day) <= 31
}

const street =
  /^,?\s+\p{L}[\p{L}.'-]*(?:\s+\p{L}[\p{L}.'-]*)?\s+(?:St|Street|Ave|Avenue|Rd|Road|Blvd|Lane|Ln|Dr|Drive|Way|Court|Ct)\b/u
