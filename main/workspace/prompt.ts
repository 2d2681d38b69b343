// The form of `*.prompt.md` (flow-file.md 4): front matter, then role blocks whose text is exact.
import { didYouMean } from '#shared/flow/diagnostics.ts'
import { promptHeadSchema } from '#shared/flow/schema.ts'
import type { BlockRole, Prompt, PromptBlock } from '#shared/flow/types.ts'
import type { Json } from '#shared/json.ts'
import { type Judged, judge, type LocatedProblem, newerFormat } from './judge.ts'
import type { Position } from './positions.ts'
import { positionsOf } from './positions.ts'
import { checkVariables, type PlacedBlock } from './prompt-variables.ts'
import { arrange, shapeFor } from './shapes.ts'
import { withComments } from './yaml-comments.ts'
import { parseYaml, type YamlText } from './yaml-parse.ts'
import { textRules } from './yaml-rules.ts'
import { type DocumentPath, offsetOf, pathAt } from './yaml-tree.ts'
import { documentLines, fromData } from './yaml-write.ts'

const roles: readonly BlockRole[] = ['system', 'user', 'assistant', 'tool']
const marker = /^=== (system|user|assistant|tool)$/
const escapedMarker = /^\\+=== (system|user|assistant|tool)$/
const nearMarker = /^===\s*([A-Za-z]+)\s*$/

export interface ReadPrompt {
  /** Null when the file has errors. */
  readonly prompt: Prompt | null
  readonly problems: readonly LocatedProblem[]
  place(path: DocumentPath, kind?: 'key' | 'value'): Position
  pathAt(offset: number): DocumentPath
}

interface Parts {
  /** Undefined when there is no front matter. */
  readonly head: YamlText | undefined
  readonly blocks: readonly PlacedBlock[]
  readonly problems: readonly LocatedProblem[]
}

export function readPrompt(name: string, text: string): ReadPrompt {
  const { head, blocks, problems } = split(text)
  const judged: Judged<Head> =
    head === undefined
      ? { value: null, data: null, problems: [] }
      : judge(head, promptHeadSchema as never, 'prompt')
  const all = [...problems, ...judged.problems]
  if (judged.data !== null) all.push(...checkVariables(judged.data, blocks, head))
  const whole = judged.value !== null && !all.some((problem) => problem.severity === 'error')
  return {
    prompt: whole && judged.value !== null ? promptOf(name, judged.value, blocks) : null,
    problems: all.sort((a, b) => a.line - b.line || a.column - b.column),
    place: (path, kind) => {
      const block = path[0] === 'blocks' ? blocks[Number(path[1])] : undefined
      if (block) return { line: block.line, column: 1 }
      return head === undefined ? { line: 1, column: 1 } : head.position(offsetOf(head.root, path, kind))
    },
    pathAt: (offset) => {
      const { line } = positionsOf(text)(offset)
      const index = blocks.findLastIndex((block) => block.line <= line)
      // The head was read with an empty line in place of its "---".
      return index === -1 ? pathAt(head?.root, offset - 3) : ['blocks', index]
    },
  }
}

type Head = Pick<Prompt, 'description' | 'tags' | 'settings'> & { readonly variables?: Prompt['variables'] }

function promptOf(name: string, head: Head, blocks: readonly PlacedBlock[]): Prompt {
  const { description, tags, variables, settings } = head
  return {
    format: 'sluice/prompt@1',
    name,
    ...(description === undefined ? {} : { description }),
    ...(tags === undefined ? {} : { tags }),
    variables: variables ?? {},
    ...(settings === undefined ? {} : { settings }),
    blocks: blocks.map(({ role, text }) => ({ role, text })),
  }
}

function split(text: string): Parts {
  const problems: LocatedProblem[] = []
  const say = (line: number, message: string, facts: Partial<LocatedProblem> = {}) =>
    problems.push({ code: 'syntax', severity: 'error', path: [], line, column: 1, message, ...facts })
  const position = positionsOf(text)
  for (const { offset, code, message, severity = 'error' } of textRules(text)) {
    problems.push({ code, severity, path: [], message, ...position(offset) })
  }
  const lines = text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
  const close = lines.indexOf('---', 1)
  if (lines[0]?.replace(/^\uFEFF/, '') !== '---' || close === -1) {
    say(
      1,
      lines[0] === '---'
        ? 'the front matter is never closed with a line "---"'
        : 'a prompt begins with front matter between two lines "---"',
    )
    return { head: undefined, blocks: [], problems }
  }
  // The empty first line keeps the line numbers of the file.
  const head = parseYaml(
    `\n${lines
      .slice(1, close)
      .map((line) => `${line}\n`)
      .join('')}`,
  )

  const blocks: PlacedBlock[] = []
  let open: { role: BlockRole; line: number; text: string[]; escaped: Set<number> } | undefined
  const finish = () => {
    if (open)
      blocks.push({ role: open.role, line: open.line, escaped: open.escaped, text: open.text.join('\n') })
  }
  lines.slice(close + 1).forEach((line, index) => {
    const number = close + 2 + index
    const role = marker.exec(line)?.[1] as BlockRole | undefined
    if (role !== undefined) {
      finish()
      open = { role, line: number, text: [], escaped: new Set() }
      return
    }
    const near = nearMarker.exec(line)?.[1]
    const meant = near === undefined ? undefined : didYouMean(near, roles)
    if (meant !== undefined) {
      say(number, `this line is text; a block begins with "=== ${meant}"`, {
        code: 'wrong_value',
        severity: open ? 'warning' : 'error',
      })
      if (!open) return
    }
    if (!open) {
      if (line.trim() !== '')
        say(number, 'text stands before the first block; begin one with "=== system" or "=== user"')
      return
    }
    const escaped = escapedMarker.test(line)
    if (escaped) open.escaped.add(open.text.length)
    open.text.push(escaped ? line.slice(1) : line)
  })
  finish()
  if (blocks.length === 0 && !problems.some((problem) => problem.line > close + 1)) {
    say(close + 1, 'a prompt has at least one block; begin one with "=== system" or "=== user"')
  }
  return { head, blocks, problems }
}

/** The file of a Prompt in canonical form. */
export function writePrompt(prompt: Prompt): string {
  const { format, description, tags, variables, settings } = prompt
  const head = { format, description, tags, variables, settings }
  const data = Object.fromEntries(
    Object.entries(head).filter(([, value]) => value !== undefined && !isEmpty(value)),
  )
  return promptText(documentLines(arrange(fromData(data as Json), shapeFor('prompt'))), prompt.blocks)
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** Undefined when the text is not a prompt file. */
export function formatPrompt(text: string): string | undefined {
  const { head, blocks, problems } = split(text)
  const broken = [...problems, ...(head?.problems ?? [])].some(
    ({ severity }) => (severity ?? 'error') === 'error',
  )
  if (head === undefined || broken || !head.sound || newerFormat(head, 'prompt')) return undefined
  return promptText(documentLines(arrange(withComments(head), shapeFor('prompt'))), blocks)
}

function promptText(head: readonly string[], blocks: readonly PromptBlock[]): string {
  const lines = ['---', ...head, '---']
  for (const { role, text } of blocks) {
    lines.push(`=== ${role}`)
    if (text === '') continue
    for (const line of text.split('\n'))
      lines.push(/^\\*=== (system|user|assistant|tool)$/.test(line) ? `\\${line}` : line)
  }
  return `${lines.join('\n')}\n`
}
