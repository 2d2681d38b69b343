import type { RuleCheck } from '#shared/flow/definition.ts'
import type { RuleOf } from '#shared/guards/rule-config.ts'
import { wordFinder } from './word-list.ts'

export function contains({ words, whole_words: wholeWords, exact }: RuleOf<'contains'>): RuleCheck {
  const find = wordFinder(words, { wholeWords, exact, kind: 'contains' })
  return (text) => {
    const spans = find(text)
    return spans.length === 0 ? undefined : { reason: 'contains', spans }
  }
}
