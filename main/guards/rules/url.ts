import type { RuleCheck } from '#shared/flow/definition.ts'
import type { RuleOf } from '#shared/guards/rule-config.ts'
import { viewsOf } from '../text/normalise.ts'
import { findUrls, inHosts } from '../text/urls.ts'

export function url({ allow, deny }: RuleOf<'url'>): RuleCheck {
  const names = (deny ?? allow).map((name) => name.toLowerCase())
  const wrong = (host: string) => (deny ? inHosts(host, names) : !inHosts(host, names))
  return (text) => {
    const { plain } = viewsOf(text)
    const spans = findUrls(plain.text)
      .filter(({ host }) => wrong(host))
      .map(({ start, end }) => ({ ...plain.original(start, end), kind: 'url', score: 1 }))
    return spans.length === 0 ? undefined : { reason: 'url', spans }
  }
}
