import type { RuleCheck, Span } from '#shared/flow/definition.ts'
import type { RuleOf } from '#shared/guards/rule-config.ts'
import { parseRegex } from '#shared/text/regex.ts'
import { viewsOf } from '../text/normalise.ts'
import { identity, type View } from '../text/view.ts'

/** A user's pattern on the text and, unless `exact`, on what stands behind simple disguises. */
export function pattern(rule: RuleOf<'pattern'>): RuleCheck {
  const regex = parseRegex(rule.pattern, rule.ignore_case ? 'i' : '')
  const views = (text: string): readonly View[] => {
    if (rule.exact) return [identity(text)]
    const all = viewsOf(text)
    // Folded views are lower case: a pattern that heeds case would see words that are not there.
    return rule.ignore_case ? [...all.cased, ...all.folded] : all.cased
  }
  if (rule.when === 'missing')
    return (text) =>
      views(text).some((view) => regex.test(view.text)) ? undefined : { reason: 'pattern', spans: [] }
  return (text) => {
    const spans: Span[] = []
    for (const view of views(text)) {
      // Whether there is a match costs a tenth of where it is, and mostly there is none.
      if (!regex.test(view.text)) continue
      for (const { start, end } of regex.find(view.text))
        if (end > start) spans.push({ ...view.original(start, end), kind: 'pattern', score: 1 })
    }
    return spans.length === 0 ? undefined : { reason: 'pattern', spans }
  }
}
