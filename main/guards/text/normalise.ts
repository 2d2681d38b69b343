// The forms of a text that guards read (guardrails 2): written plainly, folded, and with simple disguises undone.
import { foldedCharacter, hiddenKind, plainCharacter } from './characters.ts'
import { decodedViews } from './decode.ts'
import { joinedView, leetViews } from './disguises.ts'
import { alike, identity, type View, ViewBuilder } from './view.ts'

export interface HiddenCounts {
  readonly zeroWidth: number
  readonly bidi: number
  readonly tag: number
  readonly selector: number
}

/** All views of one text, each made when it is first asked for. */
export class Views {
  readonly original: string
  readonly #ascii: boolean
  #plain: View | undefined
  #hidden: HiddenCounts = { zeroWidth: 0, bidi: 0, tag: 0, selector: 0 }
  #base: View | undefined
  #decoded: readonly View[] | undefined
  #folded: readonly View[] | undefined

  constructor(text: string) {
    this.original = text
    this.#ascii = isAscii(text)
  }

  /** Full-width, other digits, dashes and spaces in their plain form, what is hidden left out; case is kept. */
  get plain(): View {
    if (this.#plain) return this.#plain
    this.#plain = this.#ascii ? identity(this.original) : this.#readPlain()
    return this.#plain
  }

  /** Plain, lower case, without accents, look-alikes as Latin letters, runs of space as one. */
  get base(): View {
    this.#base ??= folded(this.plain)
    return this.#base
  }

  get hidden(): HiddenCounts {
    this.plain
    return this.#hidden
  }

  /** What stands behind encoded runs, case kept. */
  get decoded(): readonly View[] {
    this.#decoded ??= decodedViews(identity(this.original))
    return this.#decoded
  }

  /** For rules that ignore case: the base, leet and spaced letters undone, and what was decoded, folded. */
  get folded(): readonly View[] {
    this.#folded ??= [
      this.base,
      ...leetViews(this.base),
      ...joinedView(this.plain),
      ...this.decoded.map((view) => folded(plainOf(view).view)),
    ]
    return this.#folded
  }

  /** For rules that heed case: the text as written, plain where that differs, and decoded. */
  get cased(): readonly View[] {
    const plain = this.plain
    const own = plain.text === this.original ? [plain] : [identity(this.original), plain]
    return [...own, ...this.decoded]
  }

  #readPlain(): View {
    const { view, hidden } = plainOf(identity(this.original))
    this.#hidden = hidden
    return view
  }
}

/** Longer texts are let go with the last who reads them. */
const keptLength = 16 * 1024
let last: Views | WeakRef<Views> | undefined

/** The views of a text; guards that look at the same text one after the other share them. */
export function viewsOf(text: string): Views {
  const known = last instanceof WeakRef ? last.deref() : last
  if (known?.original === text) return known
  const views = new Views(text)
  last = text.length > keptLength ? new WeakRef(views) : views
  return views
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  return /^[\x00-\x7f]*$/.test(text)
}

function plainOf(source: View): { readonly view: View; readonly hidden: HiddenCounts } {
  const hidden = { zeroWidth: 0, bidi: 0, tag: 0, selector: 0 }
  const { text } = source
  if (isAscii(text)) return { view: source, hidden }
  const builder = new ViewBuilder(source)
  let from = 0
  for (let at = 0; at < text.length; ) {
    if (text.charCodeAt(at) < 0x80) {
      at += 1
      continue
    }
    const code = text.codePointAt(at) ?? 0
    const end = at + (code > 0xffff ? 2 : 1)
    const kind = hiddenKind(code)
    const piece = kind ? '' : plainCharacter(code)
    if (kind) hidden[kind] += 1
    if (kind || piece !== text.slice(at, end)) {
      builder.copy(from, at)
      builder.add(piece, at, end)
      from = end
    }
    at = end
  }
  builder.copy(from, text.length)
  return { view: builder.view(), hidden }
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
}

/** What folds to more or less than its own length: runs of space, entities, and all beyond ASCII. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: all beyond ASCII is meant
const uneven = /\s{2,}|[\t\n\v\f\r]|&(?:amp|lt|gt|quot|apos|nbsp);|[^\x00-\x7f]+/g

/** Lower case, accents and look-alikes folded, entities read, runs of space as one. */
export function folded(plain: View): View {
  const { text } = plain
  const builder = new ViewBuilder(plain)
  let from = 0
  for (const match of text.matchAll(uneven)) {
    builder.alike(text.slice(from, match.index).toLowerCase(), from)
    from = match.index + match[0].length
    foldInto(builder, match[0], match.index)
  }
  if (from === 0) return alike(plain, text.toLowerCase())
  builder.alike(text.slice(from).toLowerCase(), from)
  return builder.view()
}

function foldInto(builder: ViewBuilder, piece: string, start: number): void {
  const end = start + piece.length
  const code = piece.charCodeAt(0)
  if (code < 0x80) builder.add(code === 38 ? (entities[piece.slice(1, -1)] ?? piece) : ' ', start, end)
  else {
    let at = start
    for (const char of piece) {
      builder.add(foldedCharacter(char.codePointAt(0) ?? 0), at, at + char.length)
      at += char.length
    }
  }
}
