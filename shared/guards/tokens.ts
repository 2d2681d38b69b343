// The tokens that stand for personal data (`[EMAIL_1]`), and how they are read back from what a model makes of them.

const names: Readonly<Record<string, string>> = {
  email: 'EMAIL',
  phone: 'PHONE',
  card: 'CREDIT_CARD',
  iban: 'IBAN',
  ip: 'IP_ADDRESS',
  mac: 'MAC_ADDRESS',
  url: 'URL',
  wallet: 'CRYPTO_WALLET',
  us_ssn: 'US_SSN',
  de_tax_id: 'DE_TAX_ID',
  es_dni: 'ES_DNI',
  fr_nir: 'FR_NIR',
  it_cf: 'IT_CF',
  nl_bsn: 'NL_BSN',
  uk_nhs: 'UK_NHS',
  uk_nino: 'UK_NINO',
  in_aadhaar: 'IN_AADHAAR',
  pl_pesel: 'PL_PESEL',
  br_cpf: 'BR_CPF',
  literal: 'LITERAL',
}

/** A text that already looked like a token; masked too, so that it comes back as it was. */
export const literalKind = 'literal'
export const builtInTokens: readonly string[] = Object.values(names)

/** `card` → `CREDIT_CARD`; a custom kind is its own name in capitals. */
export function tokenName(kind: string): string {
  return names[kind] ?? kind.toUpperCase()
}

/** Letters only: what is compared, because models change case and separators. */
export function compact(name: string): string {
  return name.replace(/[^A-Za-z]/g, '').toUpperCase()
}

export interface ReadToken {
  readonly start: number
  readonly end: number
  /** `CREDITCARD` */
  readonly name: string
  readonly number: number
}

/** Spaces, emphasis and escapes a token may have picked up; more than that is another text. */
const maxSlack = 10
const maxDigits = 6
const slack = new Set(' \t\u00a0*_-`\\')

/**
 * Reads the token whose `[` stands at `at`: undefined when there is none, 'open' when the text ends before that is
 * known. `\[EMAIL\_1\]` takes its leading backslash along, but only where the closing one stands inside the token,
 * so that a backslash which stood before a masked value stays.
 */
export function readToken(
  text: string,
  at: number,
  known: readonly string[],
): ReadToken | 'open' | undefined {
  let name = ''
  let digits = ''
  let slacks = 0
  for (let i = at + 1; i < text.length; i += 1) {
    const char = text.charAt(i)
    const code = text.charCodeAt(i)
    if (code >= 48 && code <= 57) {
      if ((digits === '' && (char === '0' || !known.includes(name))) || digits.length === maxDigits)
        return undefined
      digits += char
    } else if (char === ']') {
      if (digits === '') return undefined
      const escaped = text.charAt(i - 1) === '\\' && text.charAt(at - 1) === '\\'
      return { start: escaped ? at - 1 : at, end: i + 1, name, number: Number(digits) }
    } else if (slack.has(char)) {
      slacks += 1
      if (slacks > maxSlack) return undefined
    } else {
      const letter = upper(code)
      if (letter === undefined || digits !== '') return undefined
      name += letter
      if (!known.some((candidate) => candidate.startsWith(name))) return undefined
    }
  }
  return 'open'
}

function upper(code: number): string | undefined {
  if (code >= 65 && code <= 90) return String.fromCharCode(code)
  if (code >= 97 && code <= 122) return String.fromCharCode(code - 32)
  return undefined
}

/** Every token-like text, left to right. */
export function findTokens(text: string, known: readonly string[]): readonly ReadToken[] {
  const found: ReadToken[] = []
  for (let at = text.indexOf('['); at !== -1; at = text.indexOf('[', at + 1)) {
    const token = readToken(text, at, known)
    if (token === undefined || token === 'open') continue
    found.push(token)
    at = token.end - 1
  }
  return found
}
