// Reads a workspace folder: every file with its text, its document and everything that is wrong with it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import { AppError } from '#shared/errors.ts'
import type { AnyNodeDefinition } from '#shared/flow/definition.ts'
import type { FileProblem } from '#shared/flow/diagnostics.ts'
import { flowSchema, layoutSchema, maxNodes, versionSchema } from '#shared/flow/schema.ts'
import type { Flow, Layout, Prompt, Version } from '#shared/flow/types.ts'
import { isJsonObject, type Json } from '#shared/json.ts'
import type { Project } from '#shared/project/schema.ts'
import { listFolder } from './folder.ts'
import { type Judged, judge } from './judge.ts'
import { type FileKind, kindOf } from './kinds.ts'
import { type ProjectFile, readProject } from './project.ts'
import { readPrompt } from './prompt.ts'
import { fileProblem, loadText, plainSource, problemAt, type SourceFile, yamlSource } from './source.ts'
import { checkHash } from './version-hash.ts'
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
export type { ProjectFile } from './project.ts'

/** Node definitions by type. */
export type Definitions = ReadonlyMap<string, AnyNodeDefinition>

export interface ReadOptions {
  /** Tell which parts of a config are references, which the hash of a Version needs. */
  readonly definitions: Definitions
  /** Overlay `sluice.<env>.yaml`. */
  readonly env?: string
}

export interface WorkspaceState {
  readonly folder: string
  readonly env: string | null
  readonly definitions: Definitions
  /** With the overlay merged in and defaults filled in; null when it has errors. */
  readonly project: Project | null
  readonly projectFile: ProjectFile | null
  /** `sluice.yaml` and every overlay, chosen or not. */
  readonly settingsFiles: readonly SourceFile[]
  /** By slug. */
  readonly flows: ReadonlyMap<string, FlowFile>
  readonly layouts: ReadonlyMap<string, LayoutFile>
  /** Drafts by name. */
  readonly prompts: ReadonlyMap<string, PromptFile>
  readonly promptVersions: ReadonlyMap<string, ReadonlyMap<number, PromptFile>>
  /** By flow, then by number. */
  readonly versions: ReadonlyMap<string, ReadonlyMap<number, VersionFile>>
  /** Datasets and experiments, which this release keeps but does not use. */
  readonly others: readonly SourceFile[]
  /** Of all files at once, in the order of files and lines. */
  readonly problems: readonly FileProblem[]
}

/** Never throws for what is in the files; throws `not_found` when there is no such folder. */
export function readWorkspace(folder: string, options: ReadOptions): WorkspaceState {
  if (!existsSync(folder)) throw new AppError('not_found', { message: 'There is no such workspace folder.' })
  const listing = listFolder(folder)
  const reader = new Reader(folder, listing.problems)
  for (const file of listing.files) reader.take(file)
  return reader.finish(options)
}

/** Collects what is read; lives for one reading. */
class Reader {
  readonly #folder: string
  readonly #problems: FileProblem[]
  readonly #flows = new Map<string, FlowFile>()
  readonly #layouts = new Map<string, LayoutFile>()
  readonly #prompts = new Map<string, PromptFile>()
  readonly #promptVersions = new Map<string, Map<number, PromptFile>>()
  readonly #versions = new Map<string, Map<number, VersionFile>>()
  readonly #projects = new Map<string, { readonly file: string; readonly yaml: YamlText }>()
  readonly #others: SourceFile[] = []

  constructor(folder: string, problems: readonly FileProblem[]) {
    this.#folder = folder
    this.#problems = [...problems]
  }

  take(file: string): void {
    const kind = kindOf(file)
    if (kind === undefined) this.#takeOther(file)
    else if ('misplaced' in kind)
      this.#problems.push({ ...fileProblem(file, 'wrong_value', kind.misplaced), severity: 'warning' })
    else {
      const text = this.#load(file, kind.maxBytes)
      if (text !== undefined) this.#takeDocument(file, kind, text)
    }
  }

  finish({ env, definitions }: ReadOptions): WorkspaceState {
    const { project, projectFile, problems } = readProject(this.#projects, env)
    this.#problems.push(...problems)
    for (const versions of this.#versions.values()) {
      for (const [number, version] of versions) {
        const problem = checkHash(version, this.#promptVersions, definitions)
        if (problem === undefined) continue
        this.#problems.push(problem)
        versions.set(number, { ...version, version: null })
      }
    }
    return {
      folder: this.#folder,
      env: env ?? null,
      definitions,
      project,
      projectFile,
      settingsFiles: [...this.#projects.values()].map(({ file, yaml }) => yamlSource(file, yaml)),
      flows: this.#flows,
      layouts: this.#layouts,
      prompts: this.#prompts,
      promptVersions: this.#promptVersions,
      versions: this.#versions,
      others: this.#others,
      problems: sortProblems(this.#problems),
    }
  }

  #load(file: string, maxBytes: number): string | undefined {
    const loaded = loadText(join(this.#folder, file), file, maxBytes)
    if (loaded === 'gone') return undefined
    if ('text' in loaded) return loaded.text
    this.#problems.push(loaded.problem)
    return undefined
  }

  #takeOther(file: string): void {
    if (!/\.(ya?ml|jsonl|csv)$/.test(file)) return
    const loaded = loadText(join(this.#folder, file), file, 8 * 1024 * 1024)
    if (loaded === 'gone' || 'problem' in loaded) return
    this.#others.push(plainSource(file, loaded.text))
  }

  #takeDocument(file: string, { kind, name, number = 0 }: FileKind, text: string): void {
    switch (kind) {
      case 'project':
        this.#projects.set(name, { file, yaml: parseYaml(text) })
        return
      case 'flow': {
        const { source, value, data } = this.#judge(
          file,
          text,
          flowSchema as unknown as z.ZodType<Flow>,
          'flow',
        )
        const named = this.#same(source, data, { slug: name })
        this.#flows.set(name, { ...source, slug: name, flow: named ? value : null, data })
        return
      }
      case 'layout': {
        const { source, value } = this.#judge(
          file,
          text,
          layoutSchema as unknown as z.ZodType<Layout>,
          'layout',
        )
        this.#layouts.set(name, { ...source, slug: name, layout: value })
        return
      }
      case 'version': {
        const { source, value, data } = this.#judge(
          file,
          text,
          versionSchema as unknown as z.ZodType<Version>,
          'version',
        )
        const named = this.#same(source, data, { flow: name, number })
        const entry = { ...source, flow: name, number, version: named ? value : null }
        mapIn(this.#versions, name).set(number, entry)
        return
      }
      case 'prompt': {
        const { prompt, problems, place, pathAt } = readPrompt(name, text)
        for (const problem of problems) this.#problems.push(problemAt(file, problem))
        const entry = { file, text, place, pathAt, name, prompt }
        if (number > 0) mapIn(this.#promptVersions, name).set(number, entry)
        else this.#prompts.set(name, entry)
      }
    }
  }

  #judge<T>(
    file: string,
    text: string,
    schema: z.ZodType<T>,
    kind: string,
  ): Judged<T> & { readonly source: SourceFile } {
    const yaml = parseYaml(text)
    const source = yamlSource(file, yaml)
    const tooMany = kind === 'flow' ? nodeLimit(yaml) : undefined
    if (tooMany !== undefined) {
      this.#problems.push(fileProblem(file, 'file_limit', tooMany, source.place(['nodes'], 'key')))
      return { source, value: null, data: null, problems: [] }
    }
    const judged = judge(yaml, schema, kind)
    for (const problem of judged.problems) this.#problems.push(problemAt(file, problem))
    return { ...judged, source }
  }

  /** What a file says of itself is what its name says. */
  #same(source: SourceFile, data: Json | null, must: Readonly<Record<string, string | number>>): boolean {
    const wrong = Object.entries(must).filter(([key, value]) => {
      const own = isJsonObject(data) ? data[key] : undefined
      return typeof own === typeof value && own !== value
    })
    for (const [key, value] of wrong) {
      const message = `"${key}" must be ${JSON.stringify(value)}, as the file is named`
      const problem = fileProblem(source.file, 'wrong_value', message, source.place([key]))
      this.#problems.push({ ...problem, at: { path: [key] } })
    }
    return wrong.length === 0
  }
}

function nodeLimit({ data }: YamlText): string | undefined {
  const nodes = isJsonObject(data) && isJsonObject(data.nodes) ? Object.keys(data.nodes).length : 0
  return nodes > maxNodes ? `the flow has ${nodes} nodes; the limit is ${maxNodes}` : undefined
}

function mapIn<T>(maps: Map<string, Map<number, T>>, name: string): Map<number, T> {
  const found = maps.get(name) ?? new Map<number, T>()
  maps.set(name, found)
  return found
}

export function sortProblems(problems: readonly FileProblem[]): readonly FileProblem[] {
  return [...problems].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  )
}
