// Links and images that a reader's browser would follow or load: the way text carries data out (guardrails 7).
import type { RuleCheck, Span } from '#shared/flow/definition.ts'
import type { RuleOf } from '#shared/guards/rule-config.ts'
import { viewsOf } from '../text/normalise.ts'
import { hostOf, inHosts } from '../text/urls.ts'

interface Form {
  readonly regex: RegExp
  readonly image: boolean
  /** Number of the group with the address, and of the one that stays when the link is removed. */
  readonly address: number
  readonly label: number
}

const forms: readonly Form[] = [
  { regex: /!\[([^\]\n]{0,1000})\]\(\s{0,10}<?([^\s)>]{1,4000})>?(?:\s[^)\n]{0,500})?\)?/g, image: true, label: 1, address: 2 },
  { regex: /(?<!!)\[((?:[^[\]\n]|\[[^\]\n]{0,200}\]){0,1000})\]\(\s{0,10}<?([^\s)>]{1,4000})>?(?:\s[^)\n]{0,500})?\)?/g, image: false, label: 1, address: 2 },
  { regex: /^[ \t]{0,3}\[([^\]\n]{1,200})\]:[ \t]{0,10}<?(\S{1,4000}?)>?(?=\s|$)/gm, image: true, label: 0, address: 2 },
  { regex: /<([a-z][a-z0-9+.-]{1,20}:[^\s<>]{1,4000})>/gi, image: false, label: 0, address: 1 },
  { regex: /<(?:img|iframe|embed|video|audio|source|script|object|image|link|input)\b[^<>]{0,2000}?\b(?:src|href|data|poster|srcset)\s{0,5}=\s{0,5}["']?([^\s"'<>]{1,4000})[^<>]{0,2000}>?/gi, image: true, label: 0, address: 1 },
  { regex: /<a\b[^<>]{0,2000}?\bhref\s{0,5}=\s{0,5}["']?([^\s"'<>]{1,4000})[^<>]{0,2000}>?/gi, image: false, label: 0, address: 1 },
  { regex: /url\(\s{0,5}["']?((?:https?:)?\/\/[^\s"')]{1,4000})["']?\s{0,5}\)/gi, image: true, label: 0, address: 1 },
] // biome-ignore format: one form per line

/** Links within the page and mail addresses lead nowhere outside; every other address has a host that must be allowed. */
export function link({ allow, images_only: imagesOnly }: RuleOf<'link'>): RuleCheck {
  const names = allow.map((name) => name.toLowerCase())
  return (text) => {
    const { plain } = viewsOf(text)
    const spans: Span[] = []
    for (const { regex, image, address, label } of forms) {
      if (imagesOnly && !image) continue
      for (const match of plain.text.matchAll(regex)) {
        if (isAllowed(match[address] ?? '', names)) continue
        const place = plain.original(match.index, match.index + match[0].length)
        const mask = label === 0 ? '' : (match[label] ?? '')
        spans.push({ ...place, kind: image ? 'link:image' : 'link', score: 1, mask })
      }
    }
    return spans.length === 0 ? undefined : { reason: 'link', spans }
  }
}

function isAllowed(address: string, names: readonly string[]): boolean {
  const target = address.replace(/[\t\n\r\\]/g, (char) => (char === '\\' ? '/' : ''))
  if (/^(?:#|mailto:|tel:)/i.test(target)) return true
  if (!/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target)) return !/^[^/?#]*:/.test(target)
  if (/^(?:javascript|data|vbscript|file):/i.test(target)) return false
  const host = hostOf(target)
  return host !== undefined && inHosts(host, names)
}
