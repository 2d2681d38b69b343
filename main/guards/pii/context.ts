// Words near a number that say what it is. Stems, so that compounds and inflections count.

const reach = 80
const words = 5

/** Characters after a hit that context may depend on. */
export const contextReach = reach

const stems = {
  phone:
    'phone telephon telefon telefoon tel mobil cell call fax whats sms signal viber text dial ring reach hotline handy anruf rufnummer fon landline pager ext contact answering appel portable numéro appelez llam móvil movil telf celular chiama cellulare bel ligue ligar telemóvel zadzwo komórk numer voicemail',
  card: 'card credit debit visa mastercard amex maestro cc cvv karte kreditkarte carte tarjeta carta cartão kaart karta pan',
  us_ssn: 'ssn social security itin',
  de_tax_id: 'steuer idnr identifikationsnummer tin tax steuerid',
  es_dni: 'dni nif nie documento identidad',
  fr_nir: 'nir sécurité securite sociale insee vitale ssn',
  it_cf: 'codice fiscale cf',
  nl_bsn: 'bsn burgerservice sofi sofinummer',
  uk_nhs: 'nhs health patient',
  uk_nino: 'nino insurance national ni',
  in_aadhaar: 'aadhaar aadhar uidai uid आधार',
  pl_pesel: 'pesel',
  br_cpf: 'cpf cadastro',
} as const

export type ContextKind = keyof typeof stems

const numbered =
  'order invoice isbn issn ticket ref reference case tracking serial version model part sku item zip plz postcode postal bestell rechnung kundennummer factura pedido commande facture iban konto account id'

interface WordList {
  readonly short: ReadonlySet<string>
  readonly stems: readonly string[]
}

function listOf(text: string | readonly string[]): WordList {
  const all = (typeof text === 'string' ? text.split(' ') : text).map(fold)
  return {
    short: new Set(all.filter((word) => word.length < 4)),
    stems: all.filter((word) => word.length >= 4),
  }
}

let lists: ReadonlyMap<string, WordList> | undefined
function builtIn(kind: string): WordList | undefined {
  lists ??= new Map(
    [...Object.entries(stems), ['numbered', numbered] as const, ['touching', touching] as const].map(
      ([name, text]) => [name, listOf(text)],
    ),
  )
  return lists.get(kind)
}

/** Words that mean a phone only where they touch the number: `28-64-66-98 office`, `Desk: …`. */
const touching = 'office desk home work büro bureau oficina ufficio'

export function hasContext(text: string, start: number, end: number, kind: ContextKind): boolean {
  const list = builtIn(kind)
  if (list === undefined) return false
  const [left, right] = [before(text, start), after(text, end)]
  if (heard(left, list) || heard(right, list)) return true
  if (kind !== 'phone') return false
  if (someones.test(text.slice(Math.max(0, start - reach), start))) return true
  const near = builtIn('touching')
  return near !== undefined && (heard(left.slice(-1), near) || heard(right.slice(0, 1), near))
}

/** A person's number is a phone number; any other number may be anything. */
const someones =
  /\b(?:my|your|his|her|their|our|meine|deine|ihre|mi|tu|su|mon|votre|mio|tuo|mijn)\s+(?:new\s|old\s|private\s|work\s)?(?:number|nummer|n[úu]mero|num[ée]ro)\b[^.\n]{0,30}$/i

/** Does a word close before say that this is another kind of number? */
export function isNumbered(text: string, start: number): boolean {
  const list = builtIn('numbered')
  return list !== undefined && heard(before(text, start).slice(-2), list)
}

export function ownContext(
  wordList: readonly string[],
): (text: string, start: number, end: number) => boolean {
  const list = listOf(wordList)
  return (text, start, end) => heard(before(text, start), list) || heard(after(text, end), list)
}

function heard(tokens: readonly string[], { short, stems: long }: WordList): boolean {
  return tokens.some((token) => short.has(token) || long.some((stem) => token.startsWith(stem)))
}

function before(text: string, start: number): readonly string[] {
  const tokens = tokensOf(text.slice(Math.max(0, start - reach), start))
  return tokens.slice(-words)
}

function after(text: string, end: number): readonly string[] {
  return tokensOf(text.slice(end, end + reach)).slice(0, words)
}

/** Words and numbers, also of `camelCase` and `snake_case`. */
function tokensOf(slice: string): readonly string[] {
  return (slice.match(/\p{Lu}?\p{Ll}+|\p{Lu}+|\p{L}[\p{L}\p{M}]*|\d+/gu) ?? []).map(fold)
}

function fold(word: string): string {
  return word
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
}
