// Keys of callers: `slk_<8 public>_<32 secret>`. Only a keyed hash is kept; comparison takes constant time.
import { createHmac, randomFillSync, timingSafeEqual } from 'node:crypto'
import { derive } from './seal.ts'

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 62 symbols: 32 of them are 190 random bits. */
export const keyPattern = /^slk_([0-9A-Za-z]{8})_([0-9A-Za-z]{32})$/

/** Letters are drawn by the page: one system call for some hundred ids, and each id is one flat text. */
const page = Buffer.allocUnsafe(8192)
let drawn = 0
let next = 0

function drawPage(): void {
  randomFillSync(page)
  drawn = 0
  next = 0
  for (const byte of page) {
    // 248 is the largest multiple of 62 below 256; the rest would favour some letters.
    if (byte >= 248) continue
    page[drawn] = letters.charCodeAt(byte % 62)
    drawn += 1
  }
}

/** Letters and digits, each of the 62 equally likely: 5.95 random bits a letter. At most 4,000 of them. */
export function randomText(length: number): string {
  if (next + length > drawn) drawPage()
  const text = page.toString('latin1', next, next + length)
  // What was given out is not left behind in memory.
  page.fill(0, next, next + length)
  next += length
  return text
}

export function newKey(): { readonly key: string; readonly prefix: string } {
  const prefix = randomText(8)
  return { key: `slk_${prefix}_${randomText(32)}`, prefix }
}

/** The 8 public characters, or undefined when the text does not have the form of a Key. */
export function keyPrefix(key: string): string | undefined {
  return keyPattern.exec(key)?.[1]
}

export function keyHasher(dataKey: Uint8Array): (key: string) => Buffer {
  const pepper = derive(dataKey, 'keys')
  return (key) => createHmac('sha256', pepper).update(key).digest()
}

export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
