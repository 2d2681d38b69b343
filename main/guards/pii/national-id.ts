// Numbers that states give to people. Each has the check digit of its own scheme; where the form is only digits, a
// word beside it must say what it is.
import type { Span } from '#shared/flow/definition.ts'
import { bare, type Recogniser, standsAlone } from './candidate.ts'
import { bsn, codiceFiscale, cpf, dni, mod11of10, nhs, nir, pesel, ssn, verhoeff } from './checksums.ts'
import { type ContextKind, hasContext } from './context.ts'

interface Scheme {
  readonly kind: ContextKind
  readonly region: string
  /** How the number is written; bounded, so that a text costs its length. */
  readonly form: RegExp
  readonly valid: (value: string) => boolean
  /** Written so that nothing else looks like it. */
  readonly plain?: RegExp
}

const schemes: readonly Scheme[] = [
  { kind: 'us_ssn', region: 'US', form: /\d{3}([ -]?)\d{2}\1\d{4}/g, valid: ssn, plain: /^\d{3}-\d{2}-\d{4}$/ },
  { kind: 'de_tax_id', region: 'DE', form: /\d{2}([ ./-]?)\d{3}\1\d{3}\1\d{3}/g, valid: taxId },
  { kind: 'es_dni', region: 'ES', form: /(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZxyz][ -]?\d{7})[ -]?[A-Za-z]/g, valid: dni, plain: /^[\dXYZ].*[A-Z]$/ },
  { kind: 'fr_nir', region: 'FR', form: /[1-478]([ .-]?)\d{2}\1\d{2}\1(?:\d{2}|2[ABab])\1\d{3}\1\d{3}[ ./-]?\d{2}/g, valid: nir, plain: /^\d[ .-]\d/ },
  { kind: 'it_cf', region: 'IT', form: /[A-Za-z]{3} ?[A-Za-z]{3} ?[\dLMNP-Vlmnp-v]{2}[A-Za-z][\dLMNP-Vlmnp-v]{2} ?[A-Za-z][\dLMNP-Vlmnp-v]{3}[A-Za-z]/g, valid: codiceFiscale, plain: /./ },
  { kind: 'nl_bsn', region: 'NL', form: /\d{9}|\d{4}[ .]\d{2}[ .]\d{3}|\d{3}[ .]\d{3}[ .]\d{3}/g, valid: bsn },
  { kind: 'uk_nhs', region: 'GB', form: /\d{3}([ -]?)\d{3}\1\d{4}/g, valid: nhs },
  { kind: 'uk_nino', region: 'GB', form: /[A-Za-z]{2}[ -]?\d{2}([ -]?)\d{2}\1\d{2}[ -]?[A-Da-d]/g, valid: nino, plain: /./ },
  { kind: 'in_aadhaar', region: 'IN', form: /[2-9]\d{3}([ -]?)\d{4}\1\d{4}/g, valid: verhoeff, plain: /^\d{4} \d{4} \d{4}$/ },
  { kind: 'pl_pesel', region: 'PL', form: /\d{11}/g, valid: pesel },
  { kind: 'br_cpf', region: 'BR', form: /\d{3}\.?\d{3}\.?\d{3}[-.]?\d{2}/g, valid: cpf, plain: /^\d{3}\.\d{3}\.\d{3}-\d{2}$/ },
] // biome-ignore format: one scheme per line

export const nationalRegions: readonly string[] = [...new Set(schemes.map(({ region }) => region))]

export function nationalId(regions: readonly string[]): Recogniser {
  const own = schemes.filter(({ region }) => regions.includes(region))
  return (text) => own.flatMap((scheme) => find(text, scheme))
}

function find(text: string, { kind, form, valid, plain }: Scheme): readonly Span[] {
  const found: Span[] = []
  for (const match of text.matchAll(form)) {
    const start = match.index
    const end = start + match[0].length
    if (!standsAlone(text, start, end) || continues(text, start, end) || !valid(bare(match[0]))) continue
    const clear = plain?.test(match[0]) === true
    if (clear || hasContext(text, start, end, kind))
      found.push({ start, end, kind, score: clear ? 0.9 : 0.85 })
  }
  return found
}

/** A piece of a longer number: `1.234`, `12-345-…`. */
function continues(text: string, start: number, end: number): boolean {
  return (
    /\d[.,/-]$|[$€£+]$/.test(text.slice(Math.max(0, start - 2), start)) ||
    /^[.,/-]\d/.test(text.slice(end, end + 2))
  )
}

/** Ten digits of which one stands twice or three times, and the check digit. */
function taxId(value: string): boolean {
  if (value.startsWith('0') || !mod11of10(value)) return false
  const counts = new Map<string, number>()
  for (const digit of value.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1)
  const repeated = [...counts.values()].filter((count) => count > 1)
  return repeated.length === 1 && (repeated[0] ?? 0) <= 3
}

function nino(value: string): boolean {
  const code = value.toUpperCase()
  return /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/.test(code)
}
