// Letters written as digits, or one by one with something between them.
import { foldedCharacter } from './characters.ts'
import { alike, type View, ViewBuilder } from './view.ts'

const leet: Readonly<Record<string, string>> = {
  '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '9': 'g', '@': 'a', $: 's', '!': 'i', '|': 'l', '+': 't',
} // biome-ignore format: one row

/** Only words that mix letters with such characters are read anew; numbers stay numbers. */
const word = /[a-z0-9@$!|+]{2,}/g
const mixes = /[a-z][0134578@$!|+]|[0134578@$|+][a-z]/

/** `1gn0re` → `ignore`; where a 1 stands, also with l for it. */
export function leetViews(base: View): readonly View[] {
  if (!mixes.test(base.text)) return []
  let ones = false
  const text = base.text.replace(word, (written) => {
    if (!mixes.test(written)) return written
    if (written.includes('1')) ones = true
    return written.replace(/[03-57-9@$!|+]/g, (char) => leet[char] ?? char)
  })
  const read = (one: string) => alike(base, text.replace(/(?<=[a-z])1|1(?=1*[a-z])/g, one))
  return ones ? [read('i'), read('l')] : [alike(base, text)]
}

const separators = ' .-_*|/,~·•'
/** Two letters by themselves are initials; three and more are a word spelled out. */
const shortest = 3
const longest = 400

/** `i g n o r e  a l l` → `ignore all`: letters one by one, each pair with the same mark between them. */
export function joinedView(plain: View): readonly View[] {
  const { text } = plain
  const builder = new ViewBuilder(plain)
  let from = 0
  for (let at = 1; at < text.length - 2; at += 1) {
    const mark = text.charCodeAt(at)
    if (mark !== text.charCodeAt(at + 2) || !separators.includes(text.charAt(at)) || !isLetter(text, at + 1))
      continue
    const end = spelledTo(text, at)
    if (end === undefined) continue
    fold(builder, text, from, at - 1)
    for (let i = at - 1; i < end; i += 2) builder.add(foldedCharacter(text.charCodeAt(i)), i, i + 1)
    from = end
    at = end
  }
  if (from === 0) return []
  fold(builder, text, from, text.length)
  return [builder.view()]
}

/** Where a word spelled out ends whose first mark stands at `at`. */
function spelledTo(text: string, at: number): number | undefined {
  if (!isLetter(text, at - 1) || isLetter(text, at - 2)) return undefined
  let end = at
  while (
    end - at < 2 * longest &&
    text.charAt(end) === text.charAt(at) &&
    isLetter(text, end + 1) &&
    !isLetter(text, end + 2)
  )
    end += 2
  return end - at >= 2 * (shortest - 1) ? end : undefined
}

function isLetter(text: string, index: number): boolean {
  const code = text.charCodeAt(index)
  if (code < 128) return (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
  return /\p{L}/u.test(text.charAt(index))
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

/** Letters turned by 13 places; its own inverse. */
export function rotated(word: string): string {
  return word.replace(/[a-z]/g, (char) => String.fromCharCode(((char.charCodeAt(0) - 84) % 26) + 97))
}

export function reversed(word: string): string {
  return Array.from(word).reverse().join('')
}
