// Addresses of cryptocurrencies that carry a checksum, and Ethereum's, whose form is unmistakable.
import { createHash } from 'node:crypto'
import { isWordAt, type Recogniser } from './candidate.ts'

const candidate =
  /0x[0-9a-fA-F]{40}|(?:bc|tb|ltc)1[ac-hj-np-z02-9]{8,87}|(?:BC|TB|LTC)1[AC-HJ-NP-Z02-9]{8,87}|[1-9A-HJ-NP-Za-km-z]{26,35}/g

export const wallet: Recogniser = (text) => {
  if (!/[0-9A-Za-z]{26}/.test(text)) return []
  const found = []
  for (const match of text.matchAll(candidate)) {
    const start = match.index
    const end = start + match[0].length
    if (isWordAt(text, start - 1) || isWordAt(text, end)) continue
    const [address] = match
    const valid = address.startsWith('0x')
      ? new Set(address.slice(2).toLowerCase()).size > 3
      : isBech32(address) || isBase58Check(address)
    if (valid) found.push({ start, end, kind: 'wallet', score: 0.97 })
  }
  return found
}

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** 25 bytes: a version, a hash of 20, and the first four of its double SHA-256. */
export function isBase58Check(address: string): boolean {
  if (!/\d/.test(address) || !/[A-Z]/.test(address)) return false
  let number = 0n
  for (const char of address) {
    const value = base58.indexOf(char)
    if (value === -1) return false
    number = number * 58n + BigInt(value)
  }
  const hex = number.toString(16)
  if (hex.length > 50) return false
  const bytes = Buffer.from(hex.padStart(50, '0'), 'hex')
  const twice = createHash('sha256')
    .update(createHash('sha256').update(bytes.subarray(0, 21)).digest())
    .digest()
  return twice.subarray(0, 4).equals(bytes.subarray(21))
}

const bech32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

/** BIP 173 and BIP 350. */
export function isBech32(address: string): boolean {
  const low = address.toLowerCase()
  const at = low.lastIndexOf('1')
  if (at < 1 || low.length - at < 8) return false
  const prefix = Array.from(low.slice(0, at), (char) => char.charCodeAt(0))
  const data = Array.from(low.slice(at + 1), (char) => bech32.indexOf(char))
  if (data.includes(-1)) return false
  let check = 1
  for (const value of [...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...data]) {
    const top = check >>> 25
    check = ((check & 0x1ffffff) << 5) ^ value
    generator.forEach((part, i) => {
      if ((top >> i) & 1) check ^= part
    })
  }
  return check === 1 || check === 0x2bc830a3
}
