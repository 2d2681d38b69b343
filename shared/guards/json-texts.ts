// The strings inside a JSON text, each with a way back to its bytes, so that an edit leaves all else as it was.
import { applyEdits, type Edit } from './edits.ts'

export interface JsonText {
  readonly decoded: string
  /** Offset in the JSON text of a character of `decoded`. */
  readonly offset: (index: number) => number
  /** Edits of `decoded` as edits of the JSON text. */
  readonly encode: (edits: readonly Edit[]) => readonly Edit[]
}

/** String (keys too) and long number literals in order, or undefined when the text is not JSON. */
export function jsonTexts(text: string): readonly JsonText[] | undefined {
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  const found: JsonText[] = []
  const literal = /"(?:[^"\\]|\\.)*"|-?\d{7,}(?:\.\d+)?(?:[eE][+-]?\d+)?/gs
  for (const match of text.matchAll(literal)) {
    const [raw] = match
    const start = match.index
    found.push(raw.startsWith('"') ? stringText(raw, start) : numberText(raw, start))
  }
  return found
}

function stringText(raw: string, start: number): JsonText {
  const decoded = JSON.parse(raw) as string
  const offsets = raw.includes('\\') ? escapedOffsets(raw, start) : undefined
  const offset = (index: number) => offsets?.[index] ?? start + 1 + index
  return {
    decoded,
    offset,
    encode: (edits) =>
      edits.map((edit) => ({
        start: offset(edit.start),
        end: offset(edit.end),
        text: JSON.stringify(edit.text).slice(1, -1),
      })),
  }
}

/** A masked number becomes a string: a token is not a number. */
function numberText(raw: string, start: number): JsonText {
  return {
    decoded: raw,
    offset: (index) => start + index,
    encode: (edits) => [{ start, end: start + raw.length, text: JSON.stringify(applyEdits(raw, edits)) }],
  }
}

function escapedOffsets(raw: string, start: number): readonly number[] {
  const offsets: number[] = []
  let at = 1
  while (at < raw.length - 1) {
    offsets.push(start + at)
    if (raw.charAt(at) === '\\') at += raw.charAt(at + 1) === 'u' ? 6 : 2
    else at += 1
  }
  offsets.push(start + at)
  return offsets
}
