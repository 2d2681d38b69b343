// What kind of place an IP address is. Used on resolved addresses and on literals in URLs.
import { isIP } from 'node:net'

/**
 * `link-local` also holds the metadata services of the clouds, which hand out credentials to whoever asks from inside.
 * `reserved` is never a server of anybody.
 */
export type AddressClass = 'public' | 'private' | 'loopback' | 'link-local' | 'reserved'

type Range4 = readonly [network: number, bits: number, kind: AddressClass]

const ranges4: readonly Range4[] = [
  range4('0.0.0.0/8', 'loopback'),
  range4('10.0.0.0/8', 'private'),
  range4('100.100.100.200/32', 'link-local'),
  range4('100.64.0.0/10', 'private'),
  range4('127.0.0.0/8', 'loopback'),
  range4('168.63.129.16/32', 'link-local'),
  range4('169.254.0.0/16', 'link-local'),
  range4('172.16.0.0/12', 'private'),
  range4('192.0.0.0/24', 'reserved'),
  range4('192.0.2.0/24', 'reserved'),
  range4('192.88.99.0/24', 'reserved'),
  range4('192.168.0.0/16', 'private'),
  range4('198.18.0.0/15', 'reserved'),
  range4('198.51.100.0/24', 'reserved'),
  range4('203.0.113.0/24', 'reserved'),
  range4('224.0.0.0/3', 'reserved'),
]

/** @param address dotted IPv4 or IPv6 without brackets; anything else counts as reserved */
export function classify(address: string): AddressClass {
  const plain = address.split('%')[0] ?? ''
  const family = isIP(plain)
  if (family === 4) return classify4(number4(plain))
  if (family === 6) return classify6(groups6(plain))
  return 'reserved'
}

function classify4(address: number): AddressClass {
  for (const [network, bits, kind] of ranges4) {
    if (address >>> (32 - bits) === network >>> (32 - bits)) return kind
  }
  return 'public'
}

function classify6(groups: readonly number[]): AddressClass {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups
  const low = ((g << 16) | h) >>> 0
  const upper = a === 0 && b === 0 && c === 0 && d === 0
  if (upper && e === 0 && f === 0 && (low === 0 || low === 1)) return 'loopback'
  // An IPv4 address in IPv6 clothes reaches the same machine: mapped, compatible, translated, NAT64, 6to4, ISATAP.
  if (upper && ((e === 0 && (f === 0 || f === 0xffff)) || (e === 0xffff && f === 0))) return classify4(low)
  if (a === 0x64 && b === 0xff9b) return c === 0 && d === 0 && e === 0 && f === 0 ? classify4(low) : 'private'
  if (a === 0x2002) return classify4(((b << 16) | c) >>> 0)
  if ((e === 0 || e === 0x200) && f === 0x5efe) return classify4(low)
  if (a === 0xfd00 && b === 0x0ec2 && h === 0x254) return 'link-local'
  if ((a & 0xfe00) === 0xfc00 || (a & 0xffc0) === 0xfec0) return 'private'
  if ((a & 0xffc0) === 0xfe80) return 'link-local'
  // Teredo hides an IPv4 address, 2001:db8 is documentation, 100:: is the bin; global unicast is 2000::/3.
  if (a === 0x2001 && (b === 0 || b === 0xdb8)) return 'reserved'
  return (a & 0xe000) === 0x2000 ? 'public' : 'reserved'
}

function range4(text: string, kind: AddressClass): Range4 {
  const [network = '', bits = ''] = text.split('/')
  return [number4(network), Number(bits), kind]
}

function number4(text: string): number {
  return text.split('.').reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0)
}

function groups6(text: string): number[] {
  const dotted = text.lastIndexOf('.') < 0 ? text : text.replace(/[\d.]+$/, (v4) => hex4(number4(v4)))
  const [head = '', tail] = dotted.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? 0 : 8 - left.length - right.length
  return [...left, ...Array<string>(gap).fill('0'), ...right].map((group) => Number.parseInt(group, 16))
}

function hex4(address: number): string {
  return `${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}`
}
