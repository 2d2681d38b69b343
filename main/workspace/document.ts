// One file of a workspace, read by itself: what it says, where, and what is wrong with it.
import type { z } from 'zod'
import type { FileProblem } from '#shared/flow/diagnostics.ts'
import { flowSchema, layoutSchema, maxNodes, versionSchema } from '#shared/flow/schema.ts'
import type { Flow, Layout, Prompt, Version } from '#shared/flow/types.ts'
import { isJsonObject, type Json } from '#shared/json.ts'
import { type Judged, judge } from './judge.ts'
import type { FileKind } from './kinds.ts'
import { readPrompt } from './prompt.ts'
import { fileProblem, problemAt, type SourceFile, yamlSource } from './source.ts'
import { parseYaml, type YamlText } from './yaml-parse.ts'

export interface FlowFile extends SourceFile {
  readonly slug: string
  /** Null when the file has errors. */
  readonly flow: Flow | null
  /** As it stands, wrong fields and all, so that the compiler can judge the rest; null when it cannot be read at all. */
  readonly data: Json | null
}
export interface LayoutFile extends SourceFile {
  readonly slug: string
  readonly layout: Layout | null
}
export interface PromptFile extends SourceFile {
  readonly name: string
  readonly prompt: Prompt | null
}
export interface VersionFile extends SourceFile {
  readonly flow: string
  readonly number: number
  readonly version: Version | null
}
export interface SettingsFile extends SourceFile {
  /** Of an overlay; empty for `sluice.yaml`. */
  readonly env: string
  readonly yaml: YamlText
}

/** Depends on the path and the text alone, so an unchanged file need not be read again. */
export type DocumentFile = { readonly text: string; readonly problems: readonly FileProblem[] } & (
  | { readonly kind: 'project'; readonly entry: SettingsFile }
  | { readonly kind: 'flow'; readonly entry: FlowFile }
  | { readonly kind: 'layout'; readonly entry: LayoutFile }
  | { readonly kind: 'version'; readonly entry: VersionFile }
  | { readonly kind: 'prompt'; readonly entry: PromptFile; readonly number: number | null }
)

export function readDocument(file: string, what: FileKind, text: string): DocumentFile {
  const { kind, name, number = null } = what
  switch (kind) {
    case 'project': {
      const yaml = parseYaml(text)
      return { kind, text, problems: [], entry: { ...yamlSource(file, yaml), env: name, yaml } }
    }
    case 'flow': {
      const { source, value, data, problems } = read<Flow>(file, text, {
        kind,
        schema: flowSchema,
        named: { slug: name },
      })
      return { kind, text, problems, entry: { ...source, slug: name, flow: value, data } }
    }
    case 'layout': {
      const { source, value, problems } = read<Layout>(file, text, { kind, schema: layoutSchema, named: {} })
      return { kind, text, problems, entry: { ...source, slug: name, layout: value } }
    }
    case 'version': {
      const named = { flow: name, number: number ?? 0 }
      const { source, value, problems } = read<Version>(file, text, { kind, schema: versionSchema, named })
      return { kind, text, problems, entry: { ...source, ...named, version: value } }
    }
    case 'prompt': {
      const { prompt, problems, place, pathAt } = readPrompt(name, text)
      const entry = { file, text, place, pathAt, name, prompt }
      return { kind, text, problems: problems.map((problem) => problemAt(file, problem)), entry, number }
    }
  }
}

interface Expected {
  readonly kind: 'flow' | 'layout' | 'version'
  readonly schema: z.ZodType
  /** What the file must say of itself, because its name says so. */
  readonly named: Readonly<Record<string, string | number>>
}

interface ReadFile<T> extends Pick<Judged<T>, 'value' | 'data'> {
  readonly source: SourceFile
  readonly problems: readonly FileProblem[]
}

function read<T>(file: string, text: string, { kind, schema, named }: Expected): ReadFile<T> {
  const yaml = parseYaml(text)
  const source = yamlSource(file, yaml)
  const tooMany = kind === 'flow' ? nodeLimit(yaml) : undefined
  if (tooMany !== undefined) {
    const problems = [fileProblem(file, 'file_limit', tooMany, source.place(['nodes'], 'key'))]
    return { source, value: null, data: null, problems }
  }
  const { value, data, problems } = judge(yaml, schema as z.ZodType<T>, kind)
  const misnamed = wrongNames(source, data, named)
  const found = problems.map((problem) => problemAt(file, problem))
  return { source, value: misnamed.length > 0 ? null : value, data, problems: [...found, ...misnamed] }
}

function wrongNames(source: SourceFile, data: Json | null, named: Expected['named']): FileProblem[] {
  return Object.entries(named).flatMap(([key, value]) => {
    const own = isJsonObject(data) ? data[key] : undefined
    if (typeof own !== typeof value || own === value) return []
    const message = `"${key}" must be ${JSON.stringify(value)}, as the file is named`
    return [{ ...fileProblem(source.file, 'wrong_value', message, source.place([key])), at: { path: [key] } }]
  })
}

function nodeLimit({ data }: YamlText): string | undefined {
  const nodes = isJsonObject(data) && isJsonObject(data.nodes) ? Object.keys(data.nodes).length : 0
  return nodes > maxNodes ? `the flow has ${nodes} nodes; the limit is ${maxNodes}` : undefined
}
