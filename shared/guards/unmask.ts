// Puts originals back for tokens: in texts, in values, and in streams cut at any place.
import type { Edit } from './edits.ts'
import { applyEdits } from './edits.ts'
import type { TokenMap } from './mask.ts'
import { compact, findTokens, readToken } from './tokens.ts'
import { walkTexts } from './walk-texts.ts'

export class Unmask {
  readonly #known: readonly string[]
  readonly #originals = new Map<string, string | readonly string[]>()
  /** How often each token with several spellings was seen. */
  readonly #seen = new Map<string, number>()

  constructor(map: TokenMap) {
    const names = new Set<string>()
    for (const [token, original] of Object.entries(map)) {
      const read = /^\[([A-Z_]+)_([0-9]+)\]$/.exec(token)
      if (!read) continue
      const name = compact(read[1] ?? '')
      names.add(name)
      this.#originals.set(`${name}${Number(read[2])}`, original)
    }
    this.#known = [...names]
  }

  /** The tokens of a text as edits; unknown tokens are not among them. */
  edits(text: string): readonly Edit[] {
    if (this.#known.length === 0 || !text.includes('[')) return []
    const edits: Edit[] = []
    for (const { start, end, name, number } of findTokens(text, this.#known)) {
      const original = this.#original(`${name}${number}`)
      if (original !== undefined) edits.push({ start, end, text: original })
    }
    return edits
  }

  text(text: string): string {
    return applyEdits(text, this.edits(text))
  }

  /** Texts, messages (tool-call arguments too) and JSON, keys included. */
  value(value: unknown): unknown {
    return walkTexts(value, (text) => this.edits(text))
  }

  /** How much of `text` can be restored now: all before a `[` that may still become a token. */
  ready(text: string): number {
    if (this.#known.length === 0) return text.length
    for (let at = text.indexOf('['); at !== -1; at = text.indexOf('[', at + 1)) {
      const token = readToken(text, at, this.#known)
      if (token === 'open') return text.charAt(at - 1) === '\\' ? at - 1 : at
      if (token) at = token.end - 1
    }
    return text.endsWith('\\') ? text.length - 1 : text.length
  }

  #original(id: string): string | undefined {
    const original = this.#originals.get(id)
    if (original === undefined || typeof original === 'string') return original
    const seen = this.#seen.get(id) ?? 0
    this.#seen.set(id, seen + 1)
    return original[Math.min(seen, original.length - 1)]
  }
}

/** One stream of text; holds back from `[` at most until it is no token or a whole one. */
export class UnmaskStream {
  readonly #unmask: Unmask
  #held = ''

  constructor(unmask: Unmask) {
    this.#unmask = unmask
  }

  push(part: string): string {
    const text = this.#held + part
    const ready = this.#unmask.ready(text)
    this.#held = text.slice(ready)
    return this.#unmask.text(text.slice(0, ready))
  }

  end(): string {
    const rest = this.#unmask.text(this.#held)
    this.#held = ''
    return rest
  }
}
