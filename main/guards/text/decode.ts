// Encoded runs inside a text: base64, hex, percent and backslash escapes, and payloads in characters nobody sees.
import { Buffer } from 'node:buffer'
import { type View, ViewBuilder } from './view.ts'

/** Runs looked at per text, and decoded characters per character of it: a text cannot make itself expensive. */
const maxRuns = 64
const maxGrowth = 4
const levels = 2

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
  return [...base64Runs(view), ...hexRuns(view), ...escapes(view), ...hiddenPayloads(view)]
}

function base64Runs(view: View): readonly View[] {
  const found: View[] = []
  for (const match of view.text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g)) {
    const [run] = match
    if (!mixed(run)) continue
    const bytes = Buffer.from(run, 'base64')
    const decoded = fromBytes(
      view,
      bytes,
      (byte) => match.index + Math.floor((byte * 4) / 3),
      match.index + run.length,
    )
    if (decoded) found.push(decoded)
    if (found.length === maxRuns) break
  }
  return found
}

/** Words and numbers are not base64: English text encoded has capitals, small letters and mostly digits. */
function mixed(run: string): boolean {
  return /[A-Z]/.test(run) && /[a-z]/.test(run) && (/[0-9+/=]/.test(run) || run.length >= 24)
}

function hexRuns(view: View): readonly View[] {
  const found: View[] = []
  for (const match of view.text.matchAll(
    /(?:[0-9a-fA-F]{2}){8,}|(?:[0-9a-fA-F]{2}[ :]){8,}[0-9a-fA-F]{2}/g,
  )) {
    const [run] = match
    const width = /[ :]/.test(run) ? 3 : 2
    const bytes = Buffer.from(run.replace(/[ :]/g, ''), 'hex')
    const decoded = fromBytes(view, bytes, (byte) => match.index + byte * width, match.index + run.length)
    if (decoded) found.push(decoded)
    if (found.length === maxRuns) break
  }
  return found
}

/** The whole text with `%41`, `\u0041`, `\x41` and HTML entities read. */
function escapes(view: View): readonly View[] {
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
  if (!/[\u{e0000}-\u{e01ef}]|[\ufe00-\ufe0f]/u.test(view.text)) return []
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
  bytes: Uint8Array,
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

const decoder = new TextDecoder('utf-8', { fatal: true })

/** A run that is cut off in the middle of a character still reads up to there. */
function utf8(bytes: Uint8Array): string | undefined {
  for (let cut = 0; cut <= 3; cut += 1) {
    try {
      return decoder.decode(bytes.subarray(0, bytes.length - cut))
    } catch {}
  }
  return undefined
}

function printable(text: string): boolean {
  if (text.length < 8) return false
  const odd = text.match(/[^\p{L}\p{N}\p{P}\p{Zs}\p{Sc}\p{Sm}\n\r\t]/gu)?.length ?? 0
  return odd <= text.length * 0.1
}
