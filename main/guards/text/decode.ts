// Encoded runs inside a text: base64, hex, percent and backslash escapes, and payloads in characters nobody sees.
import { Buffer } from 'node:buffer'
import { type View, ViewBuilder } from './view.ts'

/** Runs looked at per text, and decoded characters per character of it: a text cannot make itself expensive. */
const maxRuns = 64
const maxGrowth = 4
const levels = 2
const none: readonly never[] = []

/** What stands behind the encoded runs of a text, two levels deep. */
export function decodedViews(source: View): readonly View[] {
  const found: View[] = []
  let room = source.text.length * maxGrowth
  let level: readonly View[] = [source]
  for (let depth = 0; depth < levels && level.length > 0; depth += 1) {
    const next: View[] = []
    for (const view of level)
      for (const inner of decodeOnce(view)) {
        room -= inner.text.length
        if (room < 0 || found.length >= maxRuns) return found
        found.push(inner)
        next.push(inner)
      }
    level = next
  }
  return found
}

function decodeOnce(view: View): readonly View[] {
  return encodedRuns(view).concat(spacedHex(view), escapes(view), hiddenPayloads(view))
}

interface Run {
  readonly start: number
  readonly end: number
  readonly hex: boolean
  /** Capitals, small letters, and digits or signs. */
  readonly kinds: number
}

const shortest = 16

/** By character code: 1 small letter, 2 capital, 4 digit or sign of base64; 8 more for what hex has not. 0: no part of a run. */
const kindOf = new Uint8Array(128)
for (let code = 97; code <= 122; code += 1) kindOf[code] = code > 102 ? 9 : 1
for (let code = 65; code <= 90; code += 1) kindOf[code] = code > 70 ? 10 : 2
for (let code = 48; code <= 57; code += 1) kindOf[code] = 4
for (const sign of '+/-_') kindOf[sign.charCodeAt(0)] = 12

/**
 * Longest stretches of letters that base64, base64url and hex are written with. Each stretch of 16 is read from its end:
 * ordinary words are skipped with two or three looks.
 */
function runsOf(text: string): readonly Run[] {
  const runs: Run[] = []
  let start = 0
  while (start + shortest <= text.length && runs.length < maxRuns) {
    let at = start + shortest - 1
    while (at >= start && (kindOf[text.charCodeAt(at)] ?? 0) !== 0) at -= 1
    if (at >= start) {
      start = at + 1
      continue
    }
    let end = start
    let kinds = 0
    for (let kind = kindOf[text.charCodeAt(end)] ?? 0; kind !== 0; kind = kindOf[text.charCodeAt(end)] ?? 0) {
      kinds |= kind
      end += 1
    }
    runs.push({ start, end, hex: (kinds & 8) === 0, kinds: kinds & 7 })
    start = end + 1
  }
  return runs
}

function encodedRuns(view: View): readonly View[] {
  const found: View[] = []
  for (const { start, end, hex, kinds } of runsOf(view.text)) {
    const run = view.text.slice(start, end)
    const decoded =
      hex && (end - start) % 2 === 0 ? fromHex(view, run, start, 2) : fromBase64(view, run, start, kinds)
    if (decoded) found.push(decoded)
  }
  return found
}

/** Words and numbers are not base64: text encoded has capitals, small letters and nearly always digits. */
function fromBase64(view: View, run: string, start: number, kinds: number): View | undefined {
  if ((kinds & 3) !== 3 || (kinds !== 7 && run.length < 24)) return undefined
  const bytes = Buffer.from(run, 'base64')
  return fromBytes(view, bytes, (byte) => start + Math.floor((byte * 4) / 3), start + run.length)
}

function fromHex(view: View, run: string, start: number, width: number): View | undefined {
  const bytes = Buffer.from(width === 2 ? run : run.replace(/[ :]/g, ''), 'hex')
  return fromBytes(view, bytes, (byte) => start + byte * width, start + run.length)
}

/** Two bytes of it: most texts have none, and looking for all runs costs far more than for one. */
const anySpacedHex = /[0-9a-fA-F]{2}[ :][0-9a-fA-F]{2}[ :]/

/** `69 67 6e` and `69:67:6e` */
function spacedHex(view: View): readonly View[] {
  if (!anySpacedHex.test(view.text)) return none
  const found: View[] = []
  for (const { 0: run, index } of view.text.matchAll(/\b(?:[0-9a-fA-F]{2}[ :]){8,}[0-9a-fA-F]{2}\b/g)) {
    const decoded = fromHex(view, run, index, 3)
    if (decoded) found.push(decoded)
    if (found.length === maxRuns) break
  }
  return found
}

/** The whole text with `%41`, `\u0041`, `\x41` and HTML entities read. */
function escapes(view: View): readonly View[] {
  if (!/[%\\&]/.test(view.text)) return none
  const written =
    /(?:%[0-9a-fA-F]{2})+|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|&#(?:\d{2,6}|[xX][0-9a-fA-F]{2,5});/g
  const builder = new ViewBuilder(view)
  let at = 0
  for (const match of view.text.matchAll(written)) {
    const [code] = match
    const decoded = code.startsWith('%') ? percent(code) : character(code)
    if (decoded === undefined) continue
    builder.copy(at, match.index)
    at = match.index + code.length
    builder.add(decoded, match.index, at)
  }
  if (at === 0) return []
  builder.copy(at, view.text.length)
  return [builder.view()]
}

function percent(code: string): string | undefined {
  try {
    return decodeURIComponent(code)
  } catch {
    return undefined
  }
}

function character(code: string): string | undefined {
  const digits = code.replace(/^(?:\\u|\\x|&#)/, '').replace(/;$/, '')
  const hex = code.startsWith('\\') || /^[xX]/.test(digits)
  const value = Number.parseInt(digits.replace(/^[xX]/, ''), hex ? 16 : 10)
  return value > 0 && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff)
    ? String.fromCodePoint(value)
    : undefined
}

/** Text written in tag characters or, byte by byte, in variation selectors. */
function hiddenPayloads(view: View): readonly View[] {
  // Tag characters and the further selectors share this first half of their surrogate pairs.
  if (!/\udb40|[\ufe00-\ufe0f]/.test(view.text)) return none
  const tags = new ViewBuilder(view)
  const selectors = new ViewBuilder(view)
  let at = 0
  for (const char of view.text) {
    const code = char.codePointAt(0) ?? 0
    const end = at + char.length
    if (code >= 0xe0020 && code <= 0xe007e) tags.add(String.fromCharCode(code - 0xe0000), at, end)
    const byte =
      code >= 0xfe00 && code <= 0xfe0f
        ? code - 0xfe00
        : code >= 0xe0100 && code <= 0xe01ef
          ? code - 0xe0100 + 16
          : 0
    if (byte >= 32 && byte < 127) selectors.add(String.fromCharCode(byte), at, end)
    at = end
  }
  return [tags, selectors].filter((builder) => builder.length >= 4).map((builder) => builder.view())
}

/** A view of bytes that are text; `start` says where in the source a byte begins. */
function fromBytes(
  view: View,
  bytes: Buffer,
  start: (byte: number) => number,
  end: number,
): View | undefined {
  const text = utf8(bytes)
  if (text === undefined || !printable(text)) return undefined
  const builder = new ViewBuilder(view)
  let byte = 0
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    builder.add(char, start(byte), Math.min(end, start(byte + size - 1) + 2))
    byte += size
  }
  return builder.view()
}

/** A run that is cut off in the middle of a character still reads up to there. Errors as values: most runs are no text. */
function utf8(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8').replace(/\ufffd{1,3}$/, '')
  return text.includes('\ufffd') ? undefined : text
}

function printable(text: string): boolean {
  if (text.length < 8) return false
  const odd = text.match(/[^\p{L}\p{N}\p{P}\p{Zs}\p{Sc}\p{Sm}\n\r\t]/gu)?.length ?? 0
  return odd <= text.length * 0.1
}
