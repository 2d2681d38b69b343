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
    this.#decoded ??= mayHoldCode(this.original) ? decodedViews(identity(this.original)) : []
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

let last: WeakRef<Views> | undefined

/** The views of a text; guards that look at the same text one after the other share them. */
export function viewsOf(text: string): Views {
  const known = last?.deref()
  if (known?.original === text) return known
  const views = new Views(text)
  last = new WeakRef(views)
  return views
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  return /^[\x00-\x7f]*$/.test(text)
}

function mayHoldCode(text: string): boolean {
  return /[A-Za-z0-9+/_-]{16}|%[0-9a-fA-F]{2}|\\[ux][0-9a-fA-F]|&#|(?:[0-9a-fA-F]{2}[ :]){8}|[\u{e0020}-\u{e01ef}]|[\ufe00-\ufe0f]{4}/u.test(
    text,
  )
}

function plainOf(source: View): { readonly view: View; readonly hidden: HiddenCounts } {
  const hidden = { zeroWidth: 0, bidi: 0, tag: 0, selector: 0 }
  if (isAscii(source.text)) return { view: source, hidden }
  const builder = new ViewBuilder(source)
  const { text } = source
  for (let at = 0; at < text.length; ) {
    const code = text.codePointAt(at) ?? 0
    const end = at + (code > 0xffff ? 2 : 1)
    const kind = hiddenKind(code)
    if (kind) hidden[kind] += 1
    else if (code < 0x80) builder.copy(at, end)
    else builder.add(plainCharacter(code), at, end)
    at = end
  }
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

/** Lower case, accents and look-alikes folded, entities read, runs of space as one. */
export function folded(plain: View): View {
  const { text } = plain
  if (isAscii(text) && !/\s\s|&(?:[a-z]{2,4}|#)/i.test(text))
    return alike(plain, text.toLowerCase().replace(/\s/g, ' '))
  const builder = new ViewBuilder(plain)
  let spaceAt = -1
  for (let at = 0; at < text.length; ) {
    const code = text.codePointAt(at) ?? 0
    let end = at + (code > 0xffff ? 2 : 1)
    if (code === 32 || (code >= 9 && code <= 13) || code === 0xa0) {
      if (spaceAt === -1) spaceAt = at
      at = end
      continue
    }
    if (spaceAt !== -1) builder.add(' ', spaceAt, at)
    spaceAt = -1
    let piece: string | undefined
    if (code === 38) {
      const entity = /^&(amp|lt|gt|quot|apos|nbsp);/.exec(text.slice(at, at + 6))
      if (entity) {
        piece = entities[entity[1] ?? '']
        end = at + entity[0].length
      }
    }
    builder.add(piece ?? foldedCharacter(code), at, end)
    at = end
  }
  if (spaceAt !== -1) builder.add(' ', spaceAt, text.length)
  return builder.view()
}
