// A text that must not leak: as it is, in any run of its words, or spelled, reversed or encoded.
import type { RuleCheck, Span } from '#shared/flow/definition.ts'
import type { RuleOf } from '#shared/guards/rule-config.ts'
import { reversed, rotated } from '../text/disguises.ts'
import { Keywords } from '../text/keywords.ts'
import { folded, viewsOf } from '../text/normalise.ts'
import { identity, type View, ViewBuilder } from '../text/view.ts'

/** Letters in a row without anything between them: found in spaced and joined text alike. */
const shingleLetters = 24

export function canary({ protect, words }: RuleOf<'canary'>): RuleCheck {
  const runs = wordRuns(folded(identity(protect)).text, words)
  const keywords = new Keywords([...runs, ...runs.map(reversed), ...runs.map(rotated)])
  return (text) => {
    const views = viewsOf(text)
    const spans: Span[] = []
    for (const view of views.folded) {
      const letters = lettersOnly(view)
      keywords.scan(letters.text, (_run, start, end) => {
        spans.push({ ...letters.original(start, end), kind: 'canary', score: 1 })
        return undefined
      })
    }
    return spans.length === 0 ? undefined : { reason: 'canary', spans: joined(spans) }
  }
}

/** Every run of `count` words, written together; a shorter text is one run. */
function wordRuns(text: string, count: number): readonly string[] {
  const words = text.match(/[\p{L}\p{N}]+/gu) ?? []
  const runs = new Set<string>()
  for (let i = 0; i + count <= words.length; i += 1) {
    const run = words.slice(i, i + count).join('')
    if (run.length >= shingleLetters) runs.add(run)
  }
  if (runs.size === 0) runs.add(words.join(''))
  return [...runs].filter((run) => run.length >= 8)
}

function lettersOnly(view: View): View {
  const builder = new ViewBuilder(view)
  for (const match of view.text.matchAll(/[\p{L}\p{N}]+/gu))
    builder.copy(match.index, match.index + match[0].length)
  return builder.view()
}

/** Neighbouring runs overlap: one leak is one span. */
function joined(spans: readonly Span[]): readonly Span[] {
  const out: Span[] = []
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const last = out.at(-1)
    if (last && span.start <= last.end) out[out.length - 1] = { ...last, end: Math.max(last.end, span.end) }
    else out.push(span)
  }
  return out
}
