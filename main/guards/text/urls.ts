// Web addresses in prose: with a scheme, with www, or a bare domain with a known ending.
import { isTld } from './tlds.ts'

export interface FoundUrl {
  readonly start: number
  readonly end: number
  /** Lower case, without port and closing dot. */
  readonly host: string
}

const candidate =
  /(?:[a-z][a-z0-9+.-]{1,20}:\/\/|\bwww\.)[^\s<>"'`{}|\\^]{1,2000}|(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62})\.){1,8}\p{L}[\p{L}\p{N}-]{1,62}(?:(?::\d{1,5})?[/?#][^\s<>"'`{}|\\^]{0,2000})?/giu

export function findUrls(text: string): readonly FoundUrl[] {
  if (!text.includes('.') && !text.includes('://')) return []
  const found: FoundUrl[] = []
  for (const match of text.matchAll(candidate)) {
    const start = match.index
    const address = trimmed(match[0])
    const before = text.charAt(start - 1)
    const host = hostOf(address)
    if (host === undefined) continue
    const schemed = /^[a-z][a-z0-9+.-]*:\/\//i.test(address)
    // A bare domain behind an @ is the end of a mail address; behind a slash or dot it is a path or a file.
    if (
      !schemed &&
      (/[\p{L}\p{N}@/\\._-]/u.test(before) ||
        !isCommon(host.slice(host.lastIndexOf('.') + 1)) ||
        isFile(address))
    )
      continue
    found.push({ start, end: start + address.length, host })
  }
  return found
}

/** Without the punctuation of the sentence around it; a closing bracket stays when it was opened inside. */
function trimmed(address: string): string {
  let end = address.length
  for (;;) {
    const last = address.charAt(end - 1)
    const open = { ')': '(', ']': '[' }[last]
    const unmatched = open !== undefined && count(address, open, end) < count(address, last, end)
    if (!/[.,;:!?*_~]/.test(last) && !unmatched) return address.slice(0, end)
    end -= 1
  }
}

function count(text: string, char: string, end: number): number {
  let total = 0
  for (let i = 0; i < end; i += 1) if (text.charAt(i) === char) total += 1
  return total
}

export function hostOf(address: string): string | undefined {
  const match =
    /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/)?(?:[^/?#@\s]{0,200}@)?(\[[0-9a-f:.]{2,45}\]|[^/?#:\s]{1,253})/i.exec(
      address,
    )
  const host = match?.[1]?.toLowerCase().replace(/\.$/, '')
  return host === undefined || host === '' ? undefined : host
}

/** Endings that a bare domain may have: others are words, and `app.post` or `hash.select` is code. */
const common = new Set(
  'com net org edu gov mil int info biz dev app online site shop xyz cloud eu'.split(' '),
)

function isCommon(ending: string): boolean {
  return (
    common.has(ending) ||
    (ending.length === 2 && isTld(ending)) ||
    (!/^[a-z]+$/.test(ending) && isTld(ending))
  )
}

/** `setup.py`, `notes.md`: endings of files that are also countries; and `it.It`, where a space is missing. */
function isFile(address: string): boolean {
  return /^[^./:?#]+\.(?:(?:py|rs|md|sh|ps|mm|zip|mov|so|cc|ml)|\p{Lu}\p{Ll}+)$/u.test(address)
}

/** Does `host` equal one of the names or lie below one (`example.org` covers `cdn.example.org`)? */
export function inHosts(host: string, names: readonly string[]): boolean {
  return names.some((name) => host === name || host.endsWith(`.${name.replace(/^\*\./, '')}`))
}
