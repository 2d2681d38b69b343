// A list of profanity and nothing more: word boundaries after normalisation, per language, no judgement of meaning.
import type { RuleCheck } from '#shared/flow/definition.ts'
import type { RuleOf } from '#shared/guards/rule-config.ts'
import { profanityWords } from './profanity-words.ts'
import { wordFinder } from './word-list.ts'

export function profanity({ languages, words, except }: RuleOf<'profanity'>): RuleCheck {
  const allowed = new Set(except.map((word) => word.toLowerCase()))
  const listed = languages
    .flatMap((language) => profanityWords(language))
    .filter((word) => !allowed.has(word))
  const find = wordFinder([...listed, ...words], { wholeWords: true, exact: false, kind: 'profanity' })
  return (text) => {
    const spans = find(text)
    return spans.length === 0 ? undefined : { reason: 'profanity', spans }
  }
}
