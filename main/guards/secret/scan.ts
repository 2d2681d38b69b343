// Finds secrets (guardrails 4): one pass for all keywords, then each rule on a window around its keyword only.
import { RE2JS } from 're2js'
import type { Span } from '#shared/flow/definition.ts'
import { Keywords } from '../text/keywords.ts'
import { viewsOf } from '../text/normalise.ts'
import type { View } from '../text/view.ts'
import { entropy, isMixed, isPlaceholder, isStrong } from './placeholder.ts'
import { type Allowed, ignored, type SecretRule, secretRules } from './rules.ts'

const defaultBefore = 48
const defaultReach = 320
/** Most secrets have no part shorter than this without a space. */
const defaultNeed = 10

interface Live {
  readonly rule: SecretRule
  /** Compiled when its keyword first stands somewhere. */
  engine: RE2JS | undefined
  /** The range it must look at next; empty: none. Overlapping windows are one. */
  from: number
  to: number
}

interface Index {
  readonly keywords: Keywords
  /** Rules by keyword number. */
  readonly rules: readonly (readonly Live[])[]
}

/** Everything a scan needs, built when the first flow asks for it and shared by all. */
let index: Index | undefined

function build(): Index {
  const all = secretRules.map((rule): Live => ({ rule, engine: undefined, from: 0, to: 0 }))
  const byWord = new Map<string, Live[]>()
  for (const live of all)
    for (const word of live.rule.keywords) {
      const list = byWord.get(word)
      if (list) list.push(live)
      else byWord.set(word, [live])
    }
  return { keywords: new Keywords([...byWord.keys()]), rules: [...byWord.values()] }
}

export function secretScan(options: { readonly generic: boolean }): (text: string) => readonly Span[] {
  index ??= build()
  const built = index
  return (text) => {
    if (text.length < 8) return []
    const { plain, decoded } = viewsOf(text)
    const found: Span[] = []
    for (const view of [plain, ...decoded]) scanView(view, built, options.generic, found)
    return merged(found)
  }
}

function scanView(view: View, { keywords, rules }: Index, generic: boolean, found: Span[]): void {
  const { text } = view
  const dense = denseRuns(text)
  const open: Live[] = []
  try {
    keywords.scan(text, (word, start, end) => {
      for (const live of rules[word] ?? []) {
        const { rule } = live
        if (rule.generic && !generic) continue
        const from = Math.max(0, start - (rule.before ?? defaultBefore))
        const to = Math.min(text.length, end + (rule.reach ?? defaultReach))
        if (!(rule.loose || touches(dense, from, to, rule.need ?? defaultNeed))) continue
        if (rule.must !== undefined && !within(text, rule.must, from, to)) continue
        if (live.to > 0 && from > live.to) look(view, live, found)
        if (live.to === 0) {
          live.from = from
          open.push(live)
        }
        live.to = to
      }
      return undefined
    })
    for (const live of open) if (live.to > 0) look(view, live, found)
  } finally {
    for (const live of open) live.to = 0
  }
}

function look(view: View, live: Live, found: Span[]): void {
  const { rule, from, to } = live
  live.from = 0
  live.to = 0
  live.engine ??= RE2JS.compile(rule.regex)
  const slice = view.text.slice(from, to)
  const matcher = live.engine.matcher(slice)
  while (matcher.find()) {
    const group = groupOf(matcher, rule)
    const start = matcher.start(group)
    const end = matcher.end(group)
    const secret = slice.slice(start, end)
    if (!isSecret(secret, matcher.group() ?? secret, rule)) continue
    const kind = `secret:${rule.id}`
    const score = rule.score ?? (rule.generic ? 0.7 : rule.assigned ? 0.9 : 0.97)
    found.push({ ...view.original(from + start, from + end), kind, score, mask: `[SECRET:${rule.id}]` })
  }
}

function groupOf(matcher: ReturnType<RE2JS['matcher']>, rule: SecretRule): number {
  if (rule.group !== undefined) return rule.group
  for (let group = 1; group <= matcher.groupCount(); group += 1)
    if ((matcher.group(group) ?? '') !== '') return group
  return 0
}

function isSecret(secret: string, match: string, rule: SecretRule): boolean {
  if (secret.length < 3 || isPlaceholder(secret)) return false
  if (rule.entropy && entropy(secret) < Math.min(rule.entropy, shortest(secret))) return false
  if (rule.assigned && !isMixed(secret)) return false
  if (rule.strong && !isStrong(secret)) return false
  if (ignored.stopwords.some((word) => secret.toLowerCase().includes(word))) return false
  if (ignoredRegexes().some((regex) => regex.test(secret))) return false
  return !(rule.allow ?? []).some((allowed) => isAllowed(secret, match, allowed))
}

/** A short secret cannot reach the entropy of a long one; nine tenths of what its length allows is enough. */
function shortest(secret: string): number {
  return 0.9 * Math.log2(secret.length)
}

const compiled = new Map<string, RE2JS>()
function regexOf(source: string): RE2JS {
  const known = compiled.get(source)
  if (known) return known
  const regex = RE2JS.compile(source)
  compiled.set(source, regex)
  return regex
}
let globals: readonly RE2JS[] | undefined
function ignoredRegexes(): readonly RE2JS[] {
  globals ??= ignored.regexes.map(regexOf)
  return globals
}

const stopwords = new Map<Allowed, Keywords>()
function isAllowed(secret: string, match: string, allowed: Allowed): boolean {
  const target = allowed.target === undefined ? secret : match
  if (allowed.regexes?.some((source) => regexOf(source).test(target))) return true
  if (!allowed.stopwords) return false
  let words = stopwords.get(allowed)
  if (!words) {
    words = new Keywords(allowed.stopwords)
    stopwords.set(allowed, words)
  }
  let found = false
  words.scan(secret, () => {
    found = true
    return true
  })
  return found
}

interface Run {
  readonly start: number
  readonly end: number
}

/** Runs without a space that no word is: without one near, most rules need not look. */
function denseRuns(text: string): readonly Run[] {
  const runs: Run[] = []
  let start = -1
  let digit = false
  for (let i = 0; i <= text.length; i += 1) {
    const code = i < text.length ? text.charCodeAt(i) : 32
    const number = code >= 48 && code <= 57
    const dense =
      number ||
      (code >= 65 && code <= 90) ||
      (code >= 97 && code <= 122) ||
      code === 95 || code === 45 || code === 43 || code === 47 || code === 61 || code === 46 || code === 126 || code === 37 // biome-ignore format: one list
    if (dense) {
      if (start === -1) start = i
      if (number) digit = true
    } else if (start !== -1) {
      if (i - start >= (digit ? 10 : 16)) runs.push({ start, end: i })
      start = -1
      digit = false
    }
  }
  return runs
}

/** Does a run of `need` characters reach into the range? */
function touches(runs: readonly Run[], from: number, to: number, need: number): boolean {
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((runs[middle] as Run).end <= from) low = middle + 1
    else high = middle
  }
  for (let i = low; i < runs.length; i += 1) {
    const run = runs[i] as Run
    if (run.start >= to) return false
    if (run.end - run.start >= need) return true
  }
  return false
}

function within(text: string, part: string, from: number, to: number): boolean {
  const at = text.indexOf(part, from)
  return at !== -1 && at < to
}

/** Rules overlap; the surest name wins, and of several ranges the longest. */
function merged(found: readonly Span[]): readonly Span[] {
  if (found.length < 2) return found
  const sorted = [...found].sort((a, b) => a.start - b.start || b.end - a.end || b.score - a.score)
  const out: Span[] = []
  for (const span of sorted) {
    const last = out.at(-1)
    if (!last || span.start >= last.end) out.push(span)
    else {
      const best = span.score > last.score ? span : last
      out[out.length - 1] = { ...best, start: last.start, end: Math.max(last.end, span.end) }
    }
  }
  return out
}
