import { isTld } from '../text/tlds.ts'
import type { Recogniser } from './candidate.ts'

const localPart = /[\p{L}\p{N}.!#$%&'*+/=?^_{|}~-]{1,64}$/u
const domainPart = /^[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62})(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62}))+/u

export const email: Recogniser = (text) => {
  const found = []
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    const local = localOf(text, at)
    if (local === 0) continue
    const domain = domainOf(text.slice(at + 1, at + 256))
    if (domain === 0) continue
    const start = at - local
    const end = at + 1 + domain
    if (isCredential(text, start) || isRepository(text, start, at, end)) continue
    found.push({ start, end, kind: 'email', score: 0.98 })
  }
  return found
}

/** Length of the local part before the `@`, without what cannot begin one. */
function localOf(text: string, at: number): number {
  const match = localPart.exec(text.slice(Math.max(0, at - 64), at))
  if (!match) return 0
  // Prose puts quotes, slashes and equals signs before an address; real ones begin with a letter or digit.
  const local = match[0].replace(/^.*[/=?&|{}^!#$*](?=.)/u, '').replace(/^[^\p{L}\p{N}_]+/u, '')
  return local === '' || local.endsWith('.') || local.includes('..') ? 0 : local.length
}

/** Length of the longest domain that ends in a known top-level domain. */
function domainOf(rest: string): number {
  const match = domainPart.exec(rest)
  if (!match) return 0
  const labels = match[0].split('.')
  while (labels.length > 1) {
    const last = (labels.at(-1) ?? '').replace(/-+$/, '')
    if (isTld(last)) {
      labels[labels.length - 1] = last
      return labels.join('.').length
    }
    labels.pop()
  }
  return 0
}

/** `scheme://user:password@host` is a secret, not an address. */
function isCredential(text: string, start: number): boolean {
  return /:\/\/\S{0,200}$/.test(text.slice(Math.max(0, start - 210), start))
}

/** `git@host.org:owner/name` */
function isRepository(text: string, start: number, at: number, end: number): boolean {
  return text.slice(start, at).toLowerCase() === 'git' && text.charAt(end) === ':'
}
