// Reads a YAML text: its tree, its data and everything that is wrong with it as a text.
import { Composer, type CST, type Document, Lexer, Parser } from 'yaml'
import type { Json } from '#shared/json.ts'
import { type Position, positionsOf } from './positions.ts'
import { buildTree } from './yaml-build.ts'
import { structureErrors } from './yaml-errors.ts'
import { type Comment, checkTokens, type TextProblem, textRules } from './yaml-rules.ts'
import { dataOf, type YamlNode } from './yaml-tree.ts'

export interface YamlText {
  readonly text: string
  /** Undefined when the text has no structure to speak of. */
  readonly root: YamlNode | undefined
  readonly data: Json | undefined
  readonly problems: readonly TextProblem[]
  readonly comments: readonly Comment[]
  /** The structure is as its author meant it, so a schema may judge the data. */
  readonly sound: boolean
  position(offset: number): Position
}

/** Block and flow nesting together; the same as the limit for JSON bodies. */
const maxDepth = 64
/** Nobody reads further, and a file may hold a million. */
const maxProblems = 1_000

export function parseYaml(text: string): YamlText {
  const position = positionsOf(text)
  const rules = textRules(text)
  const read = tokensOf(text)
  if ('tooDeepAt' in read) {
    const message = `nested deeper than ${maxDepth} levels`
    const problems: TextProblem[] = [...rules, { code: 'file_limit', offset: read.tooDeepAt, message }]
    return { text, root: undefined, data: undefined, problems, comments: [], sound: false, position }
  }
  const check = checkTokens(read.tokens)
  const [document] = [...new Composer(options).compose(read.tokens, true, text.length)] as [Document]
  const broken = structureErrors(document, text, check.quotes)
  const noted: TextProblem[] = []
  const root = buildTree(document, text, (code, offset, message) => noted.push({ code, offset, message }))
  return {
    text,
    root,
    data: dataOf(root),
    problems: [rules, check.problems, broken, noted]
      .flat()
      .sort((a, b) => a.offset - b.offset)
      .slice(0, maxProblems),
    comments: check.comments,
    sound: broken.length === 0 && !check.unsound,
    position,
  }
}

const options = {
  version: '1.2',
  schema: 'core',
  merge: false,
  stringKeys: true,
  uniqueKeys: false,
  keepSourceTokens: true,
  prettyErrors: false,
  logLevel: 'silent',
} as const

/** Stops where a text is nested too deep, before that costs time, memory or the stack. */
function tokensOf(text: string): { readonly tokens: readonly CST.Token[] } | { readonly tooDeepAt: number } {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token)
    // The document itself and the value that is being read stand on the stack too.
    if (parser.stack.length > maxDepth + 2) return { tooDeepAt: parser.offset }
  }
  for (const token of parser.end()) tokens.push(token)
  return { tokens }
}
