// JSON from a text that a model wrote: with caps, and on demand with the syntax put right. Values are never invented.
import type { Json } from '../json.ts'

export const maxJsonChars = 1_048_576
export const maxJsonDepth = 64

export type Repair = 'fence' | 'trailing_comma' | 'quotes'
export interface Repaired {
  readonly kind: Repair
  readonly start: number
  readonly end: number
}
export type ReadJson =
  | { readonly ok: true; readonly value: Json; readonly repairs: readonly Repaired[] }
  | { readonly ok: false; readonly reason: 'not_json' | 'too_large' | 'too_deep' }

export function readJson(text: string, repair: boolean): ReadJson {
  if (text.length > maxJsonChars) return { ok: false, reason: 'too_large' }
  const plain = parsed(text)
  if (plain.ok || plain.reason === 'too_deep' || !repair) return plain
  const fenced = inFence(text)
  const repairs: Repaired[] = fenced.repairs
  const inner = parsed(fenced.text)
  if (inner.ok) return { ...inner, repairs }
  const { text: mended, repairs: more } = mend(fenced.text, fenced.start)
  const result = parsed(mended)
  return result.ok ? { ...result, repairs: [...repairs, ...more] } : result
}

function parsed(text: string): ReadJson {
  try {
    const value = JSON.parse(text) as Json
    return isTooDeep(value) ? { ok: false, reason: 'too_deep' } : { ok: true, value, repairs: [] }
  } catch {
    return { ok: false, reason: 'not_json' }
  }
}

/** Level by level, so that depth costs no stack. */
export function isTooDeep(value: Json): boolean {
  let level: Json[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxJsonDepth) return true
    const next: Json[] = []
    for (const item of level) if (item !== null && typeof item === 'object') next.push(...Object.values(item))
    level = next
  }
  return false
}

function inFence(text: string): {
  readonly text: string
  readonly start: number
  readonly repairs: Repaired[]
} {
  const open = /(?:^|\n)[ \t]{0,3}(`{3,}|~{3,})[^\n`]*\n/.exec(text)
  if (!open) return { text, start: 0, repairs: [] }
  const start = open.index + open[0].length
  const close = new RegExp(`\\n?[ \\t]{0,3}${open[1]}`).exec(text.slice(start))
  const end = close ? start + close.index : text.length
  const repairs: Repaired[] = [{ kind: 'fence', start: open.index, end: start }]
  if (close) repairs.push({ kind: 'fence', start: end, end: end + close[0].length })
  return { text: text.slice(start, end), start, repairs }
}

const closing: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '“': '”',
  '„': '“',
  '‘': '’',
  '«': '»',
}

/** One pass that knows when it is inside a string: other quotes become `"`, bare keys get some, last commas go. */
function mend(
  text: string,
  offset: number,
): { readonly text: string; readonly repairs: readonly Repaired[] } {
  const repairs: Repaired[] = []
  let out = ''
  let at = 0
  const note = (kind: Repair, start: number, end: number) =>
    repairs.push({ kind, start: start + offset, end: end + offset })
  while (at < text.length) {
    const char = text.charAt(at)
    const close = closing[char]
    if (close !== undefined) {
      const string = readString(text, at, close)
      if (char !== '"') note('quotes', at, string.end)
      out += char === '"' ? text.slice(at, string.end) : JSON.stringify(string.value)
      at = string.end
    } else if (char === ',' && /^,\s*[}\]]/.test(text.slice(at, at + 1_000))) {
      note('trailing_comma', at, at + 1)
      at += 1
    } else {
      const key = /^[A-Za-z_$][\w$-]{0,200}(?=\s*:)/.exec(text.slice(at, at + 300))
      if (key && /[{,]\s*$/.test(out)) {
        note('quotes', at, at + key[0].length)
        out += JSON.stringify(key[0])
        at += key[0].length
      } else {
        out += char
        at += 1
      }
    }
  }
  return { text: out, repairs }
}

function readString(
  text: string,
  start: number,
  close: string,
): { readonly value: string; readonly end: number } {
  let value = ''
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (char === close) return { value, end: at + 1 }
    if (char === '\\' && at + 1 < text.length) {
      const escaped = /^\\(?:u[0-9a-fA-F]{4}|.)/s.exec(text.slice(at, at + 6))?.[0] ?? char
      value += unescaped(escaped)
      at += escaped.length - 1
    } else value += char
  }
  return { value, end: text.length }
}

function unescaped(written: string): string {
  try {
    return JSON.parse(`"${written}"`) as string
  } catch {
    return written.slice(1)
  }
}
