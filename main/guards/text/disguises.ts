// Letters written as digits, or one by one with something between them.
import { foldedCharacter } from './characters.ts'
import { alike, type View, ViewBuilder } from './view.ts'

const leet: Readonly<Record<string, string>> = {
  '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '9': 'g', '@': 'a', $: 's', '!': 'i', '|': 'l', '+': 't',
} // biome-ignore format: one row

/** Only words that mix letters with such characters are read anew; numbers stay numbers. */
const word = /[a-z0-9@$!|+]{3,}/g
const mixes = /[a-z][0134578@$!|+]|[0134578@$|+][a-z]/

/** `1gn0re` → `ignore`; where a 1 stands, also with l for it. */
export function leetViews(base: View): readonly View[] {
  let found = false
  let ones = false
  const read = (one: string) =>
    base.text.replace(word, (written) => {
      if (!mixes.test(written)) return written
      found = true
      if (written.includes('1')) ones = true
      return written.replace(/[013457-9@$!|+]/g, (char) => (char === '1' ? one : (leet[char] ?? char)))
    })
  const first = read('i')
  if (!found) return []
  return ones ? [alike(base, first), alike(base, read('l'))] : [alike(base, first)]
}

/** Three letters or more, each followed by the same one or two marks. */
const spelled = /(?<![\p{L}\p{N}])\p{L}(?:([ .\-_*|/,~·•])\p{L}(?![\p{L}\p{N}])){2,400}/gu

/** `i g n o r e  a l l` → `ignore all`. */
export function joinedView(plain: View): readonly View[] {
  const builder = new ViewBuilder(plain)
  let at = 0
  for (const match of plain.text.matchAll(spelled)) {
    fold(builder, plain.text, at, match.index)
    at = match.index + match[0].length
    for (let i = match.index; i < at; i += 1) {
      const code = plain.text.codePointAt(i) ?? 0
      const size = code > 0xffff ? 2 : 1
      if (/\p{L}/u.test(String.fromCodePoint(code))) builder.add(foldedCharacter(code), i, i + size)
      i += size - 1
    }
  }
  if (at === 0) return []
  fold(builder, plain.text, at, plain.text.length)
  return [builder.view()]
}

function fold(builder: ViewBuilder, text: string, start: number, end: number): void {
  let spaced = false
  for (let at = start; at < end; ) {
    const code = text.codePointAt(at) ?? 0
    const next = at + (code > 0xffff ? 2 : 1)
    const space = code === 32 || (code >= 9 && code <= 13)
    if (!space) builder.add(foldedCharacter(code), at, next)
    else if (!spaced) builder.add(' ', at, next)
    spaced = space
    at = next
  }
}

/** Letters turned by 13 places. */
export function rotated(base: View): View {
  const text = base.text.replace(/[a-z]/g, (char) =>
    String.fromCharCode(((char.charCodeAt(0) - 97 + 13) % 26) + 97),
  )
  return alike(base, text)
}

export function reversed(base: View): View {
  const length = base.text.length
  return {
    text: Array.from(base.text).reverse().join(''),
    original: (start, end) => base.original(length - end, length - start),
  }
}
