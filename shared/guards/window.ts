// A guard on a stream of text: the last `hold` characters stay back until they were seen with what follows them.
import type { Action } from './config.ts'
import { graphemeCut } from './grapheme.ts'
import type { Finding, Hit } from './judge.ts'

export interface WindowOptions {
  readonly action: Action
  readonly inspect: (text: string) => Finding | undefined
  readonly replace: (text: string, span: Hit) => string
  /** No byte of a hit shorter than this leaves. */
  readonly hold: number
  /** New characters between two checks. */
  readonly every: number
  /** Characters after a hit that must have arrived before it counts. */
  readonly lookahead: number
  readonly encodedRun: 'pass' | 'block'
}

/**
 * Hits end up as they would on the whole text: one that still could grow or vanish (it ends in the last `lookahead`
 * characters) waits, and nothing from its beginning on leaves meanwhile.
 */
export class TextWindow {
  /** Set once something was stopped; nothing leaves any more. Spans count from the start of the stream. */
  blocked: Finding | undefined
  /** Hits in the text that has left, in order. */
  readonly spans: Hit[] = []
  readonly #options: WindowOptions
  #text = ''
  /** Place in the stream of the first character of `#text`. */
  #base = 0
  #sent = 0
  #fresh = 0
  /** End of the last hit that was handled. */
  #handled = 0

  constructor(options: WindowOptions) {
    this.#options = options
  }

  get sent(): number {
    return this.#sent
  }

  /** Takes a part and returns what may leave now. */
  push(part: string): string {
    if (this.blocked) return ''
    this.#text += part
    this.#fresh += part.length
    return this.#fresh >= this.#options.every ? this.#check(false) : ''
  }

  /** The rest, after a last check with everything known. */
  end(): string {
    return this.blocked ? '' : this.#check(true)
  }

  /** Everything held, unchecked: for a guard that failed and is told to let pass. */
  flush(): string {
    const rest = this.#text.slice(this.#sent - this.#base)
    this.#text = ''
    this.#base = this.#sent + rest.length
    this.#sent = this.#base
    return rest
  }

  #check(final: boolean): string {
    this.#fresh = 0
    const { action, hold, lookahead } = this.#options
    const end = this.#base + this.#text.length
    const { ready, late, pendingAt } = this.#sort(final, end)
    if (action === 'block' ? late.length + ready.length > 0 : action === 'rewrite' && late.length > 0) {
      const spans = [...late, ...ready]
      this.blocked = { reason: spans[0]?.reason ?? 'rule', spans }
      return ''
    }
    if (this.#encodedRun(final)) {
      this.blocked = { reason: 'encoded_run', spans: [] }
      return ''
    }
    for (const hit of late) this.#record(hit)
    let free = final ? end : Math.min(end - hold, pendingAt)
    const crossing = ready.find((hit) => hit.start < free && hit.end > free)
    if (crossing)
      free = end - crossing.start > 2 * hold + lookahead || action === 'note' ? crossing.end : crossing.start
    return free > this.#sent ? this.#release(this.#cut(free, ready), ready) : ''
  }

  /** Hits that count now, those that began in text that has left, and where the first one begins that must wait. */
  #sort(final: boolean, end: number) {
    const { hold, lookahead } = this.#options
    const ready: Hit[] = []
    const late: Hit[] = []
    let pendingAt = Number.POSITIVE_INFINITY
    const finding = this.#options.inspect(this.#text)
    if (finding && finding.spans.length === 0) {
      const { reason } = finding
      ready.push({ start: this.#sent, end, kind: reason, reason, score: 1 })
    }
    for (const found of finding?.spans ?? []) {
      const hit = { ...found, start: found.start + this.#base, end: found.end + this.#base }
      // What begins where the text was cut off may be a part of something else.
      if (hit.end <= this.#handled || (found.start === 0 && this.#base > 0)) continue
      const settled = final || hit.end <= end - lookahead || hit.start < end - hold - lookahead
      if (!settled) pendingAt = Math.min(pendingAt, hit.start)
      else if (hit.start < this.#sent) late.push(hit)
      else ready.push(hit)
    }
    return { ready, late, pendingAt }
  }

  /** Moves a cut to the left until it tears neither a character nor a hit. */
  #cut(free: number, ready: readonly Hit[]): number {
    let cut = free
    for (;;) {
      const at = this.#base + graphemeCut(this.#text, cut - this.#base)
      const torn = ready.find((hit) => hit.start < at && hit.end > at)
      const next = torn ? torn.start : at
      if (next === cut) return cut
      cut = next
    }
  }

  #release(free: number, ready: readonly Hit[]): string {
    if (free <= this.#sent) return ''
    let out = ''
    let at = this.#sent
    for (const hit of ready) {
      if (hit.end > free) break
      this.#record(hit)
      if (this.#options.action !== 'rewrite') continue
      const local = { ...hit, start: hit.start - this.#base, end: hit.end - this.#base }
      out += this.#slice(at, hit.start) + this.#options.replace(this.#text, local)
      at = hit.end
    }
    out += this.#slice(at, free)
    this.#sent = free
    this.#forget()
    return out
  }

  /** Keeps twice the window of sent text as context for what begins later. */
  #forget(): void {
    const from = this.#sent - 2 * this.#options.hold
    if (from <= this.#base) return
    const cut = graphemeCut(this.#text, from - this.#base)
    this.#text = this.#text.slice(cut)
    this.#base += cut
  }

  #record(hit: Hit): void {
    const last = this.spans.at(-1)
    if (last && last.start === hit.start) this.spans.pop()
    this.spans.push(hit)
    this.#handled = hit.end
  }

  #slice(start: number, end: number): string {
    return this.#text.slice(start - this.#base, end - this.#base)
  }

  #encodedRun(final: boolean): boolean {
    const { encodedRun, hold } = this.#options
    if (encodedRun === 'pass' || final || this.#text.length <= hold) return false
    let length = 0
    while (length < this.#text.length && encoded(this.#text.charCodeAt(this.#text.length - 1 - length)))
      length += 1
    return length > hold
  }
}

/** Letters of base64, base64url and hex. */
function encoded(code: number): boolean {
  return (
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    (code >= 97 && code <= 122) ||
    code === 43 ||
    code === 47 ||
    code === 61 ||
    code === 45 ||
    code === 95
  )
}
