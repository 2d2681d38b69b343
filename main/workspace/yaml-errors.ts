// What the parser finds wrong with the structure of a text, at the place and in the words of somebody who writes files.
import type { Document } from 'yaml'
import { lineStart, positionsOf } from './positions.ts'
import type { TextProblem } from './yaml-rules.ts'

/** Mistakes that spoil nothing behind them. After any other the rest of the text is read askew. */
const local: ReadonlySet<string> = new Set([
  'TAB_AS_INDENT',
  'BAD_SCALAR_START',
  'BAD_DQ_ESCAPE',
  'NON_STRING_KEY',
  'KEY_OVER_1024_CHARS',
])

/** The first error of each line, and the first that breaks the structure: what follows is their echo. */
export function structureErrors(
  document: Document,
  text: string,
  quotes: ReadonlyMap<number, number>,
): TextProblem[] {
  const position = positionsOf(text)
  const lines = new Set<number>()
  const found: TextProblem[] = []
  let askew = false
  for (const { code, message, pos } of document.errors.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    if (code === 'MULTIPLE_DOCS' || (askew && !local.has(code))) continue
    let [offset] = pos
    // A quote that is never closed is reported at the end of the text; its author looks for where it opens.
    if (code === 'MISSING_CHAR') offset = quotes.get(offset) ?? offset
    // Indentation is reported where the line before ended; what is wrong with it is the next thing in the text.
    if (code !== 'TAB_AS_INDENT') offset += /^(?:[ \n]|#.*\n)*/.exec(text.slice(offset))?.[0].length ?? 0
    const { line } = position(offset)
    if (lines.has(line)) continue
    lines.add(line)
    const tab = text[offset] === '\t' && text.slice(lineStart(text, offset), offset).trim() === ''
    askew ||= tab || !local.has(code)
    found.push({ code: 'syntax', offset, message: sentence(tab ? 'TAB_AS_INDENT' : code, message) })
  }
  return found
}

/** The parser's findings in the words of somebody who writes files. */
function sentence(code: string, message: string): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'a tab cannot indent; use spaces'
    case 'BLOCK_AS_IMPLICIT_KEY':
      return message.startsWith('Nested')
        ? 'two colons in one line; quote the text or begin a new line'
        : 'a list or map cannot be a key; is a line break or a space missing?'
    case 'MULTILINE_IMPLICIT_KEY':
      return 'a key without colon, or a text that goes on without quotes'
    case 'BAD_INDENT':
      if (message.startsWith('Flow')) return `a "${message.includes('map') ? '{' : '['}" above is not closed`
      return 'the indentation fits nothing above; keys of one map start in the same column'
    case 'MISSING_CHAR':
      return message.startsWith('Missing closing') ? 'this quote is never closed' : lower(message)
    case 'NON_STRING_KEY':
      return 'a key must be a plain text'
    case 'BAD_SCALAR_START':
      return `a text that begins with ${message.slice(-1)} needs quotes`
    case 'UNEXPECTED_TOKEN':
      return 'this cannot stand here; is a quote, a comma or a line break missing?'
    case 'BLOCK_IN_FLOW':
      return 'inside of { } and [ ] everything is separated by commas'
    default:
      return lower(message)
  }
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}
