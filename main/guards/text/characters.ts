// What single characters fold to. Tables are small and hold what disguises use; NFKC does the rest.

/** Cyrillic, Greek, Armenian and Latin letters that look like a Latin one. Lower case; capitals are lowered before. */
const lookAlikes =
  'аa вb сc ԁd еe ѐe ёe ғf һh іi їi јj кk ӏl мm нh оo рp ԛq гr ѕs тt уy ѵv ԝw хx ҽe ҡk ӽx ' +
  'αa βb εe ηn ιi κk νv οo ρp τt υu χx ωw γy ϲc ϳj ' +
  'աw գq ցg հh յj ոn օo սu տs ʀr ' +
  'ɑa ɡg ɩi ɪi ʏy ʟl ɴn ɢg ʙb ʜh ƅb ɓb ƈc ɗd đd ħh ıi łl øo ſs ŧt ƭt ʋv ƴy ȥz ƶz ɛe ǝe ɐa ɯm ʌv ɔo ʇt ɹr'

const spelledOut = 'ßss æae œoe þth ﬀff ꜳaa ĳij'

function table(words: string): ReadonlyMap<string, string> {
  return new Map(words.split(' ').map((word) => [word.charAt(0), word.slice(1)]))
}
const folds: ReadonlyMap<string, string> = new Map([...table(lookAlikes), ...table(spelledOut)])

/** First digits of other scripts: each is followed by its one to nine. */
const zeros = [
  0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0e50,
  0x0ed0, 0x0f20, 0x1040, 0x17e0, 0x1810,
]

const punctuation: ReadonlyMap<number, string> = new Map([
  ...[0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0x2043, 0x02d7, 0x30fc].map(
    (code) => [code, '-'] as const,
  ),
  ...[0x2018, 0x2019, 0x201a, 0x201b, 0x2032, 0x02bc, 0x0060, 0x00b4].map((code) => [code, "'"] as const),
  ...[0x201c, 0x201d, 0x201e, 0x201f, 0x2033].map((code) => [code, '"'] as const),
  ...[0x3002, 0x2024, 0xff61].map((code) => [code, '.'] as const),
  ...[0x2215, 0x2044, 0x29f8].map((code) => [code, '/'] as const),
  ...[0x2028, 0x2029, 0x0085].map((code) => [code, '\n'] as const),
  [0x1680, ' '],
])

export type Hidden = 'zeroWidth' | 'bidi' | 'tag' | 'selector'

/** Characters nobody sees, by kind. Soft hyphens and fillers count as zero width. */
export function hiddenKind(code: number): Hidden | undefined {
  if (code < 0xad) return undefined
  if (code >= 0xe0000 && code <= 0xe007f) return 'tag'
  if ((code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xe0100 && code <= 0xe01ef)) return 'selector'
  if (code >= 0x202a && code <= 0x202e) return 'bidi'
  if ((code >= 0x2066 && code <= 0x2069) || code === 0x200e || code === 0x200f || code === 0x061c)
    return 'bidi'
  const zeroWidth =
    (code >= 0x200b && code <= 0x200d) ||
    (code >= 0x2060 && code <= 0x2064) ||
    (code >= 0x180b && code <= 0x180e) ||
    [0xad, 0xfeff, 0x034f, 0x115f, 0x1160, 0x3164, 0xffa0, 0x17b4, 0x17b5].includes(code)
  return zeroWidth ? 'zeroWidth' : undefined
}

const plainCache = new Map<number, string>()
const foldedCache = new Map<number, string>()
const cacheRoom = 20_000

function remembered(cache: Map<number, string>, code: number, make: () => string): string {
  const known = cache.get(code)
  if (known !== undefined) return known
  if (cache.size >= cacheRoom) cache.clear()
  const made = make()
  cache.set(code, made)
  return made
}

/** The same character in its plain form, case and accents kept: `４`, `٤` → `4`, `–` → `-`. */
export function plainCharacter(code: number): string {
  if (code < 0x80) return String.fromCharCode(code)
  return remembered(plainCache, code, () => {
    const mark = punctuation.get(code)
    if (mark !== undefined) return mark
    const zero = zeros.find((first) => code >= first && code <= first + 9)
    return zero === undefined ? String.fromCodePoint(code).normalize('NFKC') : String(code - zero)
  })
}

/** Marks that only decorate; those that carry meaning in Indic and Arabic scripts stay. */
const decoration = /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]/g

/** Lower case, without decoration, look-alikes as Latin letters. */
export function foldedCharacter(code: number): string {
  if (code < 0x80) return String.fromCharCode(code >= 65 && code <= 90 ? code + 32 : code)
  return remembered(foldedCache, code, () => {
    const bare = plainCharacter(code).normalize('NFKD').replace(decoration, '').toLowerCase()
    return Array.from(bare, (char) => folds.get(char) ?? char).join('')
  })
}
