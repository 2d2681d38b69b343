// Judges a YAML text by a schema: everything that is wrong with it at once, each with its line and column.
import type { z } from 'zod'
import type { Problem } from '#shared/flow/diagnostics.ts'
import { isJsonObject, type Json } from '#shared/json.ts'
import { type ReadIssue, readIssues } from '#shared/project/issues.ts'
import type { YamlText } from './yaml-parse.ts'
import { type DocumentPath, offsetOf } from './yaml-tree.ts'

export interface LocatedProblem extends Pick<Problem, 'code' | 'severity' | 'message'> {
  readonly path: DocumentPath
  readonly line: number
  readonly column: number
}

export interface Judged<T> {
  /** Null when there is any error. */
  readonly value: T | null
  /** As it stands, wrong fields and all; null when nothing of it may be read. */
  readonly data: Json | null
  readonly problems: readonly LocatedProblem[]
}

/** Everything that can be said of a text before its schema; `kind` as in `format: sluice/<kind>@1`. */
export function judgeText(
  yaml: YamlText,
  kind: string,
): { readonly problems: LocatedProblem[] /** A schema may judge the data. */; readonly readable: boolean } {
  const newer = newerFormat(yaml, kind)
  if (newer !== undefined) return { problems: [newer], readable: false }
  const problems = yaml.problems.map(
    ({ code, severity = 'error', offset, message }): LocatedProblem => ({
      code,
      severity,
      message,
      path: [],
      ...yaml.position(offset),
    }),
  )
  if (yaml.root?.kind === 'map' && yaml.root.pairs.findIndex((pair) => pair.key === 'format') > 0) {
    const path = ['format']
    const message = '"format" must be the first key'
    problems.push({
      code: 'wrong_value',
      severity: 'error',
      message,
      path,
      ...yaml.position(offsetOf(yaml.root, path, 'key')),
    })
  }
  return { problems, readable: yaml.sound }
}

export function judge<T>(yaml: YamlText, schema: z.ZodType<T>, kind: string): Judged<T> {
  const { problems, readable } = judgeText(yaml, kind)
  if (!readable) return { value: null, data: null, problems }
  const data = yaml.data ?? null
  const result = schema.safeParse(data)
  if (!result.success) {
    for (const { code, message, path, kind: place } of readIssues(
      schema,
      result.error,
      data,
      `the ${kind}`,
    )) {
      problems.push({
        code,
        severity: 'error',
        message,
        path,
        ...yaml.position(offsetOf(yaml.root, path, place)),
      })
    }
  }
  const right = result.success && problems.every(({ severity }) => severity !== 'error')
  return { value: right ? result.data : null, data, problems }
}

/** Formats rise with the main version: `sluice/flow@2` comes with Sluice 2.0. Of such a file nothing is judged or written. */
export function newerFormat(yaml: YamlText, kind: string): LocatedProblem | undefined {
  const format = isJsonObject(yaml.data) ? yaml.data.format : undefined
  const match = typeof format === 'string' ? /^sluice\/([a-z]+)@([1-9]\d{0,3})$/.exec(format) : null
  if (match === null || match[1] !== kind || match[2] === '1') return undefined
  const message = `needs Sluice ${match[2]}.0 or later: the format ${format} is newer than this release`
  const path = ['format']
  return {
    code: 'newer_format',
    severity: 'error',
    message,
    path,
    ...yaml.position(offsetOf(yaml.root, path)),
  }
}

/** The document without the entries of maps that are wrong; in lists a place has a meaning, so nothing is taken out. */
export function withoutIssues<T>(schema: z.ZodType<T>, data: Json, issues: readonly ReadIssue[]): T | null {
  const inMaps = issues.every(({ path }) => typeof path.at(-1) === 'string')
  if (!inMaps) return null
  const rest = issues.reduce((value, { path }) => without(value, path), data)
  const result = schema.safeParse(rest)
  return result.success ? result.data : null
}

function without(value: Json, path: DocumentPath): Json {
  const [key, ...rest] = path
  if (key === undefined) return value
  if (Array.isArray(value))
    return (value as readonly Json[]).map((item, index) => (index === key ? without(item, rest) : item))
  if (!isJsonObject(value) || !Object.hasOwn(value, key)) return value
  const { [key]: child, ...others } = value
  return rest.length === 0 ? others : { ...value, [key]: without(child as Json, rest) }
}
