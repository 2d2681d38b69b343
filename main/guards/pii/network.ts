// Addresses of machines: IPv4, IPv6 and MAC.
import type { Span } from '#shared/flow/definition.ts'
import { isWordAt, type Recogniser } from './candidate.ts'

const v4 = /(?:\d{1,3}\.){3}\d{1,3}/g
const octet = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/
const versioned =
  /(?:\b(?:version|versions|ver|v|release|build|firmware|chapter|section|kapitel|abschnitt|chapitre|sección|clause|article|§|figure|fig|table|step|patch|update|kernel|driver)\.?\s{0,2}[:=#]?\s{0,2}|[vV§])$/i

export const ip: Recogniser = (text) => [...ipv4(text), ...ipv6(text)]

function ipv4(text: string): readonly Span[] {
  const found = []
  for (const match of text.matchAll(v4)) {
    const start = match.index
    const end = start + match[0].length
    const inside =
      isWordAt(text, start - 1) ||
      isWordAt(text, end) ||
      /\d\.$/.test(text.slice(Math.max(0, start - 2), start)) ||
      /^\.\d/.test(text.slice(end, end + 2))
    if (inside || !match[0].split('.').every((part) => octet.test(part))) continue
    if (versioned.test(text.slice(Math.max(0, start - 24), start))) continue
    found.push({ start, end, kind: 'ip', score: 0.9 })
  }
  return found
}

const v6 = /[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}/g

function ipv6(text: string): readonly Span[] {
  if (!/:[0-9A-Fa-f]{0,4}:/.test(text)) return []
  const found = []
  for (const match of text.matchAll(v6)) {
    const start = match.index
    let end = start + match[0].length
    if (match[0].endsWith(':') && !match[0].endsWith('::')) end -= 1
    if (
      /[\w:.]$/.test(text.charAt(start - 1)) ||
      isWordAt(text, end) ||
      /^:[0-9A-Fa-f:]/.test(text.slice(end, end + 2))
    )
      continue
    if (isIpv6(text.slice(start, end))) found.push({ start, end, kind: 'ip', score: 0.95 })
  }
  return found
}

export function isIpv6(address: string): boolean {
  let text = address
  const mapped = /^(.*:)((?:\d{1,3}\.){3}\d{1,3})$/.exec(text)
  if (mapped) {
    if (!(mapped[2] ?? '').split('.').every((part) => octet.test(part))) return false
    text = `${mapped[1]}0:0`
  } else if (text.includes('.')) return false
  const halves = text.split('::')
  if (halves.length > 2 || !/\d/.test(text)) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false
  if (halves.length === 2) return groups.length >= 1 && groups.length <= 7
  // Eight groups of one or two digits are rather a list of times than an address.
  return groups.length === 8 && groups.some((group) => group.length > 2)
}

const pairs =
  /(?:[0-9A-Fa-f]{2}([:-]))(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}/g

/** Six pairs or three fours; not a piece of a longer fingerprint. */
export const mac: Recogniser = (text) => {
  if (!/[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\./.test(text)) return []
  const found = []
  for (const match of text.matchAll(pairs)) {
    const start = match.index
    const end = start + match[0].length
    const inside =
      isWordAt(text, start - 1) ||
      isWordAt(text, end) ||
      /[0-9A-Fa-f][:.-]$/.test(text.slice(Math.max(0, start - 2), start)) ||
      /^[:.-][0-9A-Fa-f]/.test(text.slice(end, end + 2))
    if (!inside && /[0-9]/.test(match[0])) found.push({ start, end, kind: 'mac', score: 0.95 })
  }
  return found
}
