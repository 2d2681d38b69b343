// When a text can stand without quotes, by the grammar of YAML 1.2 and its core schema.

const looksLikeValue: readonly RegExp[] = [
  /^(~|[Nn]ull|NULL)$/,
  /^([Tt]rue|TRUE|[Ff]alse|FALSE)$/,
  /^[-+]?\d+$/,
  /^0o[0-7]+$/,
  /^0x[\dA-Fa-f]+$/,
  /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/,
  /^[-+]?\.(inf|Inf|INF)$/,
  /^\.(nan|NaN|NAN)$/,
  // Times are quoted by house rule: other readers take them for dates.
  /^\d{4}-\d{2}-\d{2}/,
]

/** `key`: keys are always texts, so `11` and `true` need no quotes there. */
export function plainText(text: string, where: { readonly inFlow: boolean; readonly key: boolean }): boolean {
  if (text === '' || text === '<<' || text.startsWith('...')) return false
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these need escapes
  if (/[\u0000-\u001F\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]/.test(text) || !text.isWellFormed())
    return false
  if (/^\s|\s$/.test(text)) return false
  if (/^[,[\]{}#&*!|>'"%@`?:]/.test(text) || /^-([^A-Za-z0-9]|$)/.test(text)) return false
  if (/:(\s|$)/.test(text) || /\s#/.test(text)) return false
  if (where.inFlow && /[,[\]{}]/.test(text)) return false
  return where.key || !looksLikeValue.some((form) => form.test(text))
}

/** In double quotes, in one line, with escapes for what does not print. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]/g, unicodeEscape)
}

/** In single quotes; undefined for a text that they cannot hold in one line. */
export function singleQuoted(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these need escapes
  if (/[\u0000-\u001F\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]/.test(text) || !text.isWellFormed())
    return undefined
  return `'${text.replaceAll("'", "''")}'`
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
