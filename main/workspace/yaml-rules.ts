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
  readonly tooDeep: boolean
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

/** Walks the tokens without recursion, so that a hostile nesting cannot end the process. */
export function checkTokens(tokens: readonly CST.Token[], text: string, maxDepth: number): TokenCheck {
  const problems: TextProblem[] = []
  const quotes = new Map<number, number>()
  const comments: Comment[] = []
  let unsound = false
  let tooDeep = false
  let documents = 0
  const syntax = (offset: number, message: string) => problems.push({ code: 'syntax', offset, message })

  const stack: { readonly token: CST.Token; readonly depth: number }[] = []
  for (const token of [...tokens].reverse()) stack.push({ token, depth: 0 })
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { token, depth } = entry
    if (depth > maxDepth) {
      if (!tooDeep)
        problems.push({
          code: 'file_limit',
          offset: offsetIn(token),
          message: `nested deeper than ${maxDepth} levels`,
        })
      tooDeep = true
      break
    }
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
    pushChildren(token, depth, stack)
  }
  comments.sort((a, b) => a.offset - b.offset)
  return { problems, unsound, tooDeep, quotes, comments }

  function offsetIn(token: CST.Token): number {
    return 'offset' in token ? token.offset : text.length
  }
}

type Pending = { readonly token: CST.Token; readonly depth: number }[]

function pushChildren(token: CST.Token, depth: number, stack: Pending): void {
  const push = (children: readonly CST.Token[] | undefined, level: number) => {
    if (children)
      for (let i = children.length - 1; i >= 0; i -= 1)
        stack.push({ token: children[i] as CST.Token, depth: level })
  }
  if ('end' in token && Array.isArray(token.end)) push(token.end, depth)
  if ('items' in token) {
    for (let i = token.items.length - 1; i >= 0; i -= 1) {
      const item = token.items[i]
      if (item === undefined) continue
      if (item.value) stack.push({ token: item.value, depth: depth + 1 })
      if ('sep' in item) push(item.sep, depth)
      if (item.key) stack.push({ token: item.key, depth: depth + 1 })
      push(item.start, depth)
    }
  }
  if ('props' in token) push(token.props, depth)
  if ('value' in token && token.value) stack.push({ token: token.value, depth: depth + 1 })
  if ('start' in token) push(Array.isArray(token.start) ? token.start : [token.start], depth)
}
