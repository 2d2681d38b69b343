// Variables of a Prompt: undeclared, unused and wrongly typed ones are errors, each at its place in the file.
import { AppError } from '#shared/errors.ts'
import { didYouMean } from '#shared/flow/diagnostics.ts'
import { promptVariableSchema } from '#shared/flow/schema.ts'
import type { PromptBlock, PromptVariable } from '#shared/flow/types.ts'
import { isJsonObject, type Json } from '#shared/json.ts'
import { parseTemplate } from '#shared/text/template.ts'
import type { LocatedProblem } from './judge.ts'
import type { YamlText } from './yaml-parse.ts'
import { type DocumentPath, offsetOf } from './yaml-tree.ts'

export interface PlacedBlock extends PromptBlock {
  /** Line of the marker. */
  readonly line: number
  /** By line of the text: it stands behind a `\` in the file. */
  readonly escaped: ReadonlySet<number>
}

/** `data` is the front matter as it stands, mistakes and all. */
export function checkVariables(
  data: Json,
  blocks: readonly PlacedBlock[],
  head: YamlText | undefined,
): LocatedProblem[] {
  const variables = declared(data)
  const problems: LocatedProblem[] = []
  const used = new Set<string>()
  let readable = true
  blocks.forEach((block, index) => {
    const path = ['blocks', index]
    const at = (line: number, column: number) => ({
      path,
      line: block.line + line,
      column: column + (block.escaped.has(line - 1) ? 1 : 0),
    })
    try {
      for (const variable of parseTemplate(block.text).variables) {
        used.add(variable.name)
        if (Object.hasOwn(variables, variable.name)) continue
        const close = didYouMean(variable.name, Object.keys(variables))
        const hint = close === undefined ? '' : `; did you mean "${close}"?`
        const message = `the variable "${variable.name}" is not declared${hint}`
        problems.push({
          code: 'wrong_value',
          severity: 'error',
          message,
          ...at(variable.line, variable.column),
        })
      }
    } catch (thrown) {
      readable = false
      const { line, column, message } = templateFault(thrown)
      problems.push({ code: 'wrong_value', severity: 'error', message, ...at(line, column) })
    }
  })
  const atHead = (path: DocumentPath, kind: 'key' | 'value') =>
    head === undefined ? { line: 1, column: 1 } : head.position(offsetOf(head.root, path, kind))
  for (const [name, variable] of Object.entries(variables)) {
    const path = ['variables', name]
    if (readable && !used.has(name)) {
      const message = `the variable "${name}" is declared but not used`
      problems.push({ code: 'wrong_value', severity: 'error', message, path, ...atHead(path, 'key') })
    }
    for (const field of ['default', 'sample'] as const) {
      const value = variable?.[field]
      if (!variable || value === undefined || fits(value, variable.type)) continue
      const message = `"${field}" of the variable "${name}" is not of its type ${variable.type}`
      const place = [...path, field]
      problems.push({
        code: 'wrong_value',
        severity: 'error',
        message,
        path: place,
        ...atHead(place, 'value'),
      })
    }
  }
  return problems
}

function templateFault(thrown: unknown): { line: number; column: number; message: string } {
  if (!(thrown instanceof AppError)) throw thrown
  const { line, column } = thrown.details
  return {
    line: typeof line === 'number' ? line : 1,
    column: typeof column === 'number' ? column : 1,
    message: thrown.message.replace(/ \(line \d+, column \d+\)\.?$/, ''),
  }
}

/** Can a value as it stands in a file be given to a port of this type? */
function fits(value: Json, type: PromptVariable['type']): boolean {
  const items = /^list<(.+)>$/.exec(type)?.[1] as PromptVariable['type'] | undefined
  if (items !== undefined) return Array.isArray(value) && value.every((item: Json) => fits(item, items))
  switch (type) {
    case 'text':
      return typeof value === 'string'
    case 'number':
      return typeof value === 'number'
    case 'boolean':
      return typeof value === 'boolean'
    case 'messages':
    case 'tools':
    case 'target':
      return Array.isArray(value)
    case 'vector':
      return Array.isArray(value) && value.every((item) => typeof item === 'number')
    case 'image':
    case 'audio':
    case 'file':
    case 'error':
      return isJsonObject(value)
    default:
      return true
  }
}

/** The variables that are declared well enough to be used; the others have been reported. */
function declared(data: Json): Readonly<Record<string, PromptVariable | null>> {
  const variables = isJsonObject(data) && isJsonObject(data.variables) ? data.variables : {}
  const entries = Object.entries(variables).map(([name, value]) => {
    const read = promptVariableSchema.safeParse(value)
    return [name, read.success ? (read.data as PromptVariable) : null] as const
  })
  return Object.fromEntries(entries)
}
