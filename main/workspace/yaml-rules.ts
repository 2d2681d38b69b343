// What flow-file.md 1.1 forbids beyond YAML itself, found on the tokens so that each has its exact place.
import type { CST } from 'yaml'
import type { ProblemCode } from '#shared/flow/diagnostics.ts'

export interface TextProblem {
  readonly code: ProblemCode
  /** `error` when left out. */
  readonly severity?: 'error' | 'warning'
  readonly offset: number
  readonly message: string
}

/** Rules of every text file: no mark, LF, printable characters, a final newline. */
export function textRules(text: string): TextProblem[] {
  const found: TextProblem[] = []
  const syntax = (offset: number, message: string) => found.push({ code: 'syntax', offset, message })
  if (text.startsWith('\uFEFF')) syntax(0, 'the file begins with a byte order mark; save it as UTF-8 without')
  const carriage = text.indexOf('\r')
  if (carriage !== -1)
    syntax(carriage, 'lines end with CR LF here; save the file with LF (`sluice fmt` does it)')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones looked for
  const control = text.search(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/)
  if (control !== -1) syntax(control, 'a control character; write it as an escape in double quotes')
  if (text !== '' && !text.endsWith('\n')) {
    found.push({
      code: 'syntax',
      severity: 'warning',
      offset: text.length,
      message: 'the last line has no line break',
    })
  }
  return found
}

export interface TokenCheck {
  readonly problems: readonly TextProblem[]
  /** The data is not what the text says (an alias, a second document). */
  readonly unsound: boolean
  /** Where quoted texts end → where they begin. */
  readonly quotes: ReadonlyMap<number, number>
  /** In the order of the text. */
  readonly comments: readonly Comment[]
}
export interface Comment {
  readonly offset: number
  /** With its `#`, without trailing space. */
  readonly text: string
}

/** Walks the tokens in the order of the text. */
export function checkTokens(tokens: readonly CST.Token[]): TokenCheck {
  const problems: TextProblem[] = []
  const quotes = new Map<number, number>()
  const comments: Comment[] = []
  let unsound = false
  let documents = 0
  const syntax = (offset: number, message: string) => problems.push({ code: 'syntax', offset, message })

  const pending: CST.Token[] = tokens.toReversed()
  for (let token = pending.pop(); token !== undefined; token = pending.pop()) {
    switch (token.type) {
      case 'anchor':
        syntax(
          token.offset,
          `anchors like "${token.source}" are not allowed; write the value out where it is used`,
        )
        break
      case 'alias':
        unsound = true
        syntax(token.offset, `aliases like "${token.source}" are not allowed; write the value out`)
        break
      case 'tag':
        syntax(token.offset, `tags like "${token.source}" are not allowed`)
        break
      case 'directive':
        syntax(token.offset, 'directives are not allowed')
        break
      case 'document':
        documents += 1
        if (documents === 2) {
          unsound = true
          syntax(token.offset, 'a second document begins here; a file holds one')
        }
        break
      case 'comment':
        comments.push({ offset: token.offset, text: token.source.trimEnd() })
        break
      case 'single-quoted-scalar':
      case 'double-quoted-scalar':
        quotes.set(token.offset + token.source.length, token.offset)
        break
    }
    for (const child of childrenOf(token).reverse()) pending.push(child)
  }
  return { problems, unsound, quotes, comments: comments.sort((a, b) => a.offset - b.offset) }
}

function childrenOf(token: CST.Token): CST.Token[] {
  const found: CST.Token[] = []
  const add = (children: readonly CST.Token[] | CST.Token | null | undefined) => {
    if (Array.isArray(children)) for (const child of children as readonly CST.Token[]) found.push(child)
    else if (children) found.push(children as CST.Token)
  }
  if ('start' in token) add(token.start)
  if ('props' in token) add(token.props)
  if ('value' in token) add(token.value)
  if ('items' in token) {
    for (const item of token.items) {
      add(item.start)
      add(item.key)
      if ('sep' in item) add(item.sep)
      add(item.value)
    }
  }
  if ('end' in token) add(token.end)
  return found
}
