// A guard on a whole value: all its texts seen together, hits led back to the text they stand in.
import type { GuardVerdict } from '../flow/definition.ts'
import { applyEdits, type Edit } from './edits.ts'
import { isLong } from './inspect-long.ts'
import type { Hit, Judge } from './judge.ts'
import { type TextPlace, walkTexts } from './walk-texts.ts'

export interface Seen {
  /** Undefined when nothing was found. */
  readonly reason: string | undefined
  readonly score: number | null
  readonly spans: GuardVerdict['spans']
  /** The value with every hit replaced. */
  rewritten(): unknown
}

const none: readonly never[] = Object.freeze([])

interface Text {
  readonly text: string
  readonly place: TextPlace
}

/** User turns are read as one text (an attack may be split over them), then all the rest; tool results by themselves. */
export function inspectValue(value: unknown, judge: Judge): Seen | Promise<Seen> {
  if (typeof value !== 'string' || (judge.inspectLong && isLong(value))) return inspectTexts(value, judge)
  return inspectText(value, judge)
}

/** Most values are one short text: it has no places, and nothing to wait for. */
function inspectText(text: string, judge: Judge): Seen {
  const finding = text === '' ? undefined : judge.inspect(text, 'chat')
  if (!finding) return { reason: undefined, score: null, spans: none, rewritten: () => text }
  const { reason, spans: hits } = finding
  let score: number | null = null
  for (const hit of hits) score = Math.max(score ?? 0, hit.score)
  const spans = hits.map(({ start, end, kind }) => ({ start, end, kind }))
  return { reason, score, spans, rewritten: () => applyEdits(text, edits(text, hits, judge)) }
}

async function inspectTexts(value: unknown, judge: Judge): Promise<Seen> {
  const texts: Text[] = []
  walkTexts(value, (text, place) => {
    texts.push({ text, place })
    return undefined
  })
  const user = texts.filter((text) => text.place.from === 'user')
  const other = texts.filter((text) => text.place.from === 'other')
  const tool = texts.filter((text) => text.place.from === 'tool')
  const found = new Map<Text, readonly Hit[]>()
  let reason: string | undefined
  for (const [group, from] of [
    [[...user, ...other], 'chat'],
    [tool, 'tool'],
  ] as const) {
    const seen = await inspectGroup(group, from, judge)
    reason ??= seen?.reason
    seen?.hits.forEach((hits, i) => {
      const text = group[i]
      if (text && hits.length > 0) found.set(text, hits)
    })
  }
  return { reason, ...described(texts, found), rewritten: () => rewrite(value, texts, found, judge) }
}

async function inspectGroup(group: readonly Text[], from: 'chat' | 'tool', judge: Judge) {
  const [first] = group
  if (!first) return undefined
  const joined = group.length === 1 ? first.text : group.map(({ text }) => text).join('\n')
  const slow = isLong(joined) ? judge.inspectLong : undefined
  const finding = slow ? await slow(joined, from) : judge.inspect(joined, from)
  if (!finding) return undefined
  return { reason: finding.reason, hits: split(group, finding.spans) }
}

/** Hits of the joined text by the text they stand in; one over several texts is cut at their borders. */
function split(group: readonly Text[], hits: readonly Hit[]): readonly (readonly Hit[])[] {
  if (group.length === 1) return [hits]
  let start = 0
  return group.map(({ text }) => {
    const end = start + text.length
    const own: Hit[] = []
    for (const hit of hits) {
      const from = Math.max(hit.start, start)
      const to = Math.min(hit.end, end)
      if (from < to) own.push({ ...hit, start: from - start, end: to - start })
    }
    start = end + 1
    return own
  })
}

function described(
  texts: readonly Text[],
  found: ReadonlyMap<Text, readonly Hit[]>,
): Pick<Seen, 'score' | 'spans'> {
  let score: number | null = null
  const spans: GuardVerdict['spans'][number][] = []
  for (const text of texts) {
    const { part, offset } = text.place
    for (const hit of found.get(text) ?? []) {
      score = Math.max(score ?? 0, hit.score)
      const { kind } = hit
      const span = { start: offset(hit.start), end: offset(hit.end), kind }
      spans.push(part === null ? span : { ...span, part })
    }
  }
  return { score, spans }
}

function rewrite(
  value: unknown,
  texts: readonly Text[],
  found: ReadonlyMap<Text, readonly Hit[]>,
  judge: Judge,
): unknown {
  let next = 0
  return walkTexts(value, () => {
    const text = texts[next]
    next += 1
    const hits = text && found.get(text)
    return hits && edits(text.text, hits, judge)
  })
}

function edits(text: string, hits: readonly Hit[], judge: Judge): readonly Edit[] {
  return hits.map((hit) => ({ start: hit.start, end: hit.end, text: judge.replace(text, hit) }))
}
