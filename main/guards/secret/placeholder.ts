// Values that stand where a secret would stand.
import { createHash } from 'node:crypto'

/** First bytes of the SHA-256 of keys that vendors print in their documentation. */
const samples: ReadonlySet<string> = new Set(['2cafc0970149a84f', '7f75367e78812551'])

const words =
  /example|sample|placeholder|changeme|change_me|change-me|replace|insert|redacted|dummy|your[_-]?|my[_-]?(?:api|secret|token|key|password)|goes[_-]?here|to[_-]?be[_-]?(?:set|filled)|xxxx|\*\*\*|\.\.\.|…/i
const shapes =
  /^(?:<[^>]*>?|\$\{?[\w.:()-]+\}?|\{\{.*\}?\}?|%[\w-]+%|\[[\w :.-]*\]?|@[\w-]+@|process\.env\.\w+|os\.environ.*|env\..*|None|null|undefined|true|false)$/i
const common =
  /^(?:pass(?:word|wd|phrase)?|pwd|secret|user(?:name)?|admin|root|test(?:ing)?|guest|token|key|login|postgres|mysql|mongo|redis|rabbitmq|minio|foo|bar|baz|qwerty|letmein|default|string|hunter2)\d{0,4}$/i
/** In a long key any short word turns up by chance. */
const longest = 100
const ordered = '0123456789abcdefghijklmnopqrstuvwxyz'

export function isPlaceholder(value: string): boolean {
  return (
    (value.length < longest && words.test(value)) ||
    shapes.test(value) ||
    common.test(value) ||
    new Set(value.toLowerCase()).size <= 3 ||
    climbs(value.toLowerCase()) ||
    samples.has(createHash('sha256').update(value).digest('hex').slice(0, 16))
  )
}

/** `1234567890abcdef`, `abcdefghijkl`: ten in their order make no secret. */
function climbs(value: string): boolean {
  let run = 1
  for (let i = 1; i < value.length; i += 1) {
    const at = ordered.indexOf(value.charAt(i - 1))
    const next = value.charAt(i)
    run =
      at !== -1 && (ordered.charAt(at + 1) === next || (value.charAt(i - 1) === '9' && next === '0'))
        ? run + 1
        : 1
    if (run >= 10) return true
  }
  return false
}

/** Shannon entropy in bits per character. */
export function entropy(value: string): number {
  const counts = new Map<string, number>()
  for (const char of value) counts.set(char, (counts.get(char) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) {
    const share = count / value.length
    bits -= share * Math.log2(share)
  }
  return bits
}

/** Letters and digits both: a plain word or number beside a vendor's name is no key. */
export function isMixed(value: string): boolean {
  return (value.match(/\d/g)?.length ?? 0) >= 2 && /[A-Za-z]/.test(value)
}

/** Three kinds of characters at least, and not made of words. */
export function isStrong(value: string): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) =>
    kind.test(value.replace(/[.,;:!?)\]}]+$/, '')),
  )
  return kinds.length >= 3 && /\d/.test(value)
}
