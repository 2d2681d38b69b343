// Tokens instead of personal data. Numbers count per Run and kind; one value has one token however it is spelled.
import type { Span } from '../flow/definition.ts'
import type { Edit } from './edits.ts'
import { builtInTokens, compact, findTokens, literalKind, tokenName } from './tokens.ts'

/**
 * Token → what stood there. Several spellings of one value (`Ann@x.org`, `ann@x.org`) are listed in the order they
 * stood in, so that an echo of the text comes back byte for byte.
 */
export type TokenMap = Readonly<Record<string, string | readonly string[]>>

/** The numbers given in one Run. Lives as long as the Run; never recorded. */
export class Vault {
  readonly #tokens = new Map<string, string>()
  readonly #counts = new Map<string, number>()

  token(kind: string, value: string): string {
    const name = tokenName(kind)
    const key = `${name}\n${canonical(kind, value)}`
    const known = this.#tokens.get(key)
    if (known !== undefined) return known
    const number = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, number)
    const token = `[${name}_${number}]`
    this.#tokens.set(key, token)
    return token
  }
}

const vaults = new WeakMap<object, Vault>()

/** All guards of a Run share one: two of them never give one token to two values. */
export function vaultOf(run: object): Vault {
  const known = vaults.get(run)
  if (known) return known
  const vault = new Vault()
  vaults.set(run, vault)
  return vault
}

/** Two spellings with one canonical form are one value. */
export function canonical(kind: string, value: string): string {
  if (kind === 'email' || kind === 'ip') return value.normalize('NFKC').toLowerCase()
  if (kind === 'wallet' || kind === 'url' || kind === literalKind) return value
  const bare = value.normalize('NFKC').replace(/[^\p{L}\p{N}]/gu, '')
  return bare === '' ? value : bare.toUpperCase()
}

export class Mask {
  readonly #vault: Vault
  readonly #known: readonly string[]
  readonly #spellings = new Map<string, string[]>()

  /** `names` are the custom kinds, whose tokens must be escaped too where the text already holds them. */
  constructor(vault: Vault, names: readonly string[]) {
    this.#vault = vault
    this.#known = [...builtInTokens, ...names.map(tokenName)].map(compact)
  }

  /** Texts that look like tokens but are none, where no span stands. */
  literals(text: string, spans: readonly Span[]): readonly Span[] {
    return findTokens(text, this.#known)
      .filter((token) => !spans.some((span) => span.start < token.end && span.end > token.start))
      .map(({ start, end }) => ({ start, end, kind: literalKind, score: 0 }))
  }

  /** The token for a value; it is remembered for the map. */
  token(kind: string, value: string): string {
    const token = this.#vault.token(kind, value)
    const spellings = this.#spellings.get(token)
    if (spellings) spellings.push(value)
    else this.#spellings.set(token, [value])
    return token
  }

  edits(text: string, spans: readonly Span[]): readonly Edit[] {
    return spans.map(({ start, end, kind }) => ({
      start,
      end,
      text: this.token(kind, text.slice(start, end)),
    }))
  }

  map(): TokenMap {
    const map: Record<string, string | readonly string[]> = {}
    for (const [token, spellings] of this.#spellings) {
      const [first = ''] = spellings
      map[token] = spellings.every((spelling) => spelling === first) ? first : spellings
    }
    return map
  }
}
