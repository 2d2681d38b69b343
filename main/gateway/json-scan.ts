// A look over JSON text before `JSON.parse`: bounds on depth, keys and text, for the price of the structure alone.
// The bytes inside a long string are never visited one by one, so a 100 KB text costs almost nothing.
import { AppError } from '#shared/errors.ts'

export const maxDepth = 64
export const maxKeys = 10_000
/** Bytes of one text, as written in the body. */
export const maxText = 1024 * 1024

export interface Scan {
  /** Keys as written; more than the parsed tree has means that some were given twice. */
  readonly keys: number
  /** A key may be one of those that pollute prototypes. */
  readonly suspect: boolean
}

const quote = 0x22
const backslash = 0x5c
const shortString = 32
/** Keys under which bytes travel as base64 or as a data URL. */
const mediaKeys: ReadonlySet<string> = new Set(['data', 'url', 'file_data', 'image_url'])

const counts = new Int32Array(maxDepth + 2)

export function scanJson(bytes: Buffer): Scan {
  let depth = 0
  let keys = 0
  let suspect = false
  let start = 0
  let end = 0
  let keyStart = 0
  let keyEnd = 0
  counts[0] = 0
  for (let i = 0; i < bytes.length; i += 1) {
    switch (bytes[i]) {
      case quote:
        start = i + 1
        end = closingQuote(bytes, start)
        if (end - start > maxText) refuseText(bytes, keyStart, keyEnd)
        i = end
        break
      case 0x3a: // the string just read was a key
        keys += 1
        keyStart = start
        keyEnd = end
        counts[depth] = (counts[depth] ?? 0) + 1
        if ((counts[depth] ?? 0) > maxKeys) tooMany()
        if (!suspect) suspect = mayPollute(bytes, start, end)
        break
      case 0x7b:
      case 0x5b:
        depth += 1
        if (depth > maxDepth) tooDeep()
        counts[depth] = 0
        break
      case 0x7d:
      case 0x5d:
        if (depth > 0) depth -= 1
        break
    }
  }
  return { keys, suspect }
}

/** Index of the quote that ends the string beginning at `from`, or the length where there is none. */
function closingQuote(bytes: Buffer, from: number): number {
  const near = Math.min(from + shortString, bytes.length)
  let at = from
  while (at < near) {
    const byte = bytes[at]
    if (byte === quote) return at
    at += byte === backslash ? 2 : 1
  }
  for (;;) {
    const found = bytes.indexOf(quote, at)
    if (found < 0) return bytes.length
    let slashes = 0
    while (found - 1 - slashes >= at && bytes[found - 1 - slashes] === backslash) slashes += 1
    if (slashes % 2 === 0) return found
    at = found + 1
  }
}

/** `__proto__` and `prototype` have nine letters; an escape in a key can spell either. */
function mayPollute(bytes: Buffer, start: number, end: number): boolean {
  if (end - start === 9) return true
  // Not `indexOf`: it would run on to the end of the body, for every key.
  for (let i = start; i < end; i += 1) if (bytes[i] === backslash) return true
  return false
}

function refuseText(bytes: Buffer, keyStart: number, keyEnd: number): void {
  if (mediaKeys.has(bytes.toString('latin1', keyStart, keyEnd))) return
  throw new AppError('payload_too_large', { message: `One text may have ${maxText} bytes.` })
}

function tooDeep(): never {
  throw new AppError('invalid_request', {
    message: `The body is nested deeper than ${maxDepth} levels.`,
    details: { reason: 'too_deep' },
  })
}

function tooMany(): never {
  throw new AppError('invalid_request', {
    message: `An object of the body has more than ${maxKeys} keys.`,
    details: { reason: 'too_many_keys' },
  })
}
