import type { RuleCheck, Span } from '#shared/flow/definition.ts'
import type { RuleOf } from '#shared/guards/rule-config.ts'

const fence = /^[ \t]{0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)[^\n]*(?:\n|$)/gm
const tags = /<(script|style|pre|code)\b[^<>]{0,500}>/gi

/** Code that is marked as such: fences, and script, style, pre and code elements. Bare lines of code are not found. */
export function code({ languages }: RuleOf<'code'>): RuleCheck {
  const names = languages?.map((name) => name.toLowerCase())
  return (text) => {
    const spans: Span[] = [...fences(text, names), ...(names ? [] : elements(text))]
    return spans.length === 0 ? undefined : { reason: 'code', spans }
  }
}

function fences(text: string, names: readonly string[] | undefined): readonly Span[] {
  const spans: Span[] = []
  let open: { readonly mark: string; readonly start: number; readonly hit: boolean } | undefined
  for (const match of text.matchAll(fence)) {
    const [line, mark = '', name = ''] = match
    if (open === undefined) {
      open = { mark, start: match.index, hit: names === undefined || names.includes(name.toLowerCase()) }
    } else if (name === '' && mark.startsWith(open.mark)) {
      if (open.hit) spans.push(span(open.start, match.index + line.length))
      open = undefined
    }
  }
  if (open?.hit) spans.push(span(open.start, text.length))
  return spans
}

function elements(text: string): readonly Span[] {
  const spans: Span[] = []
  let from = 0
  for (const match of text.matchAll(tags)) {
    if (match.index < from) continue
    const close = `</${(match[1] ?? '').toLowerCase()}`
    const at = text.toLowerCase().indexOf(close, match.index)
    const end = at === -1 ? text.length : Math.min(text.length, text.indexOf('>', at) + 1 || text.length)
    spans.push(span(match.index, end))
    from = end
  }
  return spans
}

function span(start: number, end: number): Span {
  return { start, end, kind: 'code', score: 1 }
}
