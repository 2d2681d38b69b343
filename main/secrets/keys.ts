// Keys of callers: `slk_<8 public>_<32 secret>`. Only a keyed hash is kept; comparison takes constant time.
import { createHmac, randomInt, timingSafeEqual } from 'node:crypto'
import { derive } from './seal.ts'

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 62 symbols: 32 of them are 190 random bits. */
export const keyPattern = /^slk_([0-9A-Za-z]{8})_([0-9A-Za-z]{32})$/

export function randomText(length: number): string {
  let text = ''
  for (let i = 0; i < length; i += 1) text += letters[randomInt(letters.length)]
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
