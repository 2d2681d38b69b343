// Many words at once, through the usual disguises.
import type { Span } from '#shared/flow/definition.ts'
import { reversed, rotated } from '../text/disguises.ts'
import { Keywords } from '../text/keywords.ts'
import { folded, viewsOf } from '../text/normalise.ts'
import { identity, type View } from '../text/view.ts'

export interface WordListOptions {
  readonly wholeWords: boolean
  readonly exact: boolean
  readonly kind: string
}

/** Shorter words turn up by chance when a text is read backwards or turned by 13 places. */
const longEnough = 8

export function wordFinder(
  words: readonly string[],
  options: WordListOptions,
): (text: string) => readonly Span[] {
  const own = words.map((word) => (options.exact ? word : folded(identity(word)).text.trim())).filter(Boolean)
  const keywords = new Keywords(own)
  // Looking for turned words in the text finds the same as looking for words in the turned text.
  const long = own.filter((word) => word.length >= longEnough)
  const turned =
    options.exact || long.length === 0
      ? undefined
      : new Keywords(long.flatMap((word) => [rotated(word), reversed(word)]))
  const find = (view: View, list: Keywords, spans: Span[]) =>
    list.scan(view.text, (_word, start, end) => {
      if (!options.wholeWords || (boundary(view.text, start) && boundary(view.text, end)))
        spans.push({ ...view.original(start, end), kind: options.kind, score: 1 })
      return undefined
    })
  return (text) => {
    const spans: Span[] = []
    if (options.exact) {
      find(identity(text), keywords, spans)
      return spans.filter(({ start, end }) => own.includes(text.slice(start, end)))
    }
    const { base, folded: views } = viewsOf(text)
    for (const view of views) find(view, keywords, spans)
    if (spans.length === 0 && turned) find(base, turned, spans)
    return spans
  }
}

function boundary(text: string, index: number): boolean {
  return !(isWord(text, index - 1) && isWord(text, index))
}

function isWord(text: string, index: number): boolean {
  return /[\p{L}\p{N}_]/u.test(text.charAt(index))
}
