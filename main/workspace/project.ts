// `sluice.yaml` with its overlay merged in by key; a problem is told in the file that says the wrong thing.
import type { FileProblem } from '#shared/flow/diagnostics.ts'
import { isJsonObject, type Json } from '#shared/json.ts'
import { readIssues } from '#shared/project/issues.ts'
import { type Project, projectSchema } from '#shared/project/schema.ts'
import { judge, withoutIssues } from './judge.ts'
import { fileProblem, problemAt, type SourceFile, yamlSource } from './source.ts'
import type { YamlText } from './yaml-parse.ts'
import { type DocumentPath, entryAt, offsetOf } from './yaml-tree.ts'

export interface ProjectFile extends SourceFile {
  /** Null without an overlay. */
  readonly overlay: SourceFile | null
  /** What was written, the overlay merged in, no defaults. */
  readonly data: Json
  /** Without the fields that are wrong, so that the flows can be checked all the same; null when that does not help. */
  readonly partial: Project | null
  /** The file that says what stands at the path, with line and column. */
  locate(
    path: DocumentPath,
    kind?: 'key' | 'value',
  ): { readonly file: string; readonly line: number; readonly column: number }
}

export interface ReadProject {
  readonly project: Project | null
  readonly projectFile: ProjectFile | null
  readonly problems: readonly FileProblem[]
}

interface Layer {
  readonly file: string
  readonly yaml: YamlText
}

/** `layers` by environment; the empty name is `sluice.yaml`. Overlays that were not chosen are checked too. */
export function readProject(layers: ReadonlyMap<string, Layer>, env: string | undefined): ReadProject {
  const base = layers.get('')
  if (base === undefined) {
    const problem = fileProblem(
      'sluice.yaml',
      'syntax',
      'there is no sluice.yaml in this folder; `sluice init` makes one',
    )
    return { project: null, projectFile: null, problems: [problem] }
  }
  const chosen = env === undefined ? undefined : layers.get(env)
  const main = readLayers(base, chosen)
  const problems = [...main.problems]
  if (env !== undefined && chosen === undefined) {
    const name = /^[a-z0-9][a-z0-9-]{0,31}$/.test(env) ? `sluice.${env}.yaml` : 'sluice.yaml'
    problems.push(fileProblem(name, 'reference_unresolved', 'there is no overlay for the chosen environment'))
  }
  for (const [name, layer] of layers) {
    if (name === '' || layer === chosen) continue
    problems.push(...readLayers(base, layer).problems.filter((problem) => problem.file === layer.file))
  }
  const whole = problems.every((problem) => problem.severity !== 'error' || !main.files.has(problem.file))
  return {
    project: whole && (env === undefined || chosen) ? main.project : null,
    projectFile: main.projectFile,
    problems,
  }
}

function readLayers(base: Layer, over: Layer | undefined) {
  const files = new Set([base.file, ...(over ? [over.file] : [])])
  const source = yamlSource(base.file, base.yaml)
  const overlay = over ? yamlSource(over.file, over.yaml) : null
  const problems: FileProblem[] = []
  const locate: ProjectFile['locate'] = (path, kind) => {
    const layer = over && path.length > 0 && entryAt(over.yaml.root, path) ? over : base
    return { file: layer.file, ...layer.yaml.position(offsetOf(layer.yaml.root, path, kind)) }
  }
  const none = { project: null, projectFile: null, problems, files }
  // Formats, syntax and the first key are judged file by file, the values where both are merged.
  const parts = [base, ...(over ? [over] : [])]
  for (const part of parts) {
    const { problems: own } = judge(part.yaml, projectSchema, 'project')
    const early = own.filter(
      ({ code, path }) =>
        code === 'syntax' ||
        code === 'newer_format' ||
        code === 'file_limit' ||
        path[0] === 'format' ||
        path.length === 0,
    )
    problems.push(...early.map((problem) => problemAt(part.file, problem)))
  }
  if (
    parts.some(({ yaml }) => !yaml.sound || !isJsonObject(yaml.data)) ||
    problems.some(({ code }) => code === 'newer_format')
  )
    return none
  const data = over ? merge(base.yaml.data as Json, over.yaml.data as Json) : (base.yaml.data as Json)
  const result = projectSchema.safeParse(data)
  const issues = result.success ? [] : readIssues(projectSchema, result.error, data, 'the project')
  for (const { code, message, path, kind } of issues) {
    if (path[0] === 'format') continue
    problems.push({ code, severity: 'error', message, at: { path }, ...locate(path, kind) })
  }
  const partial = result.success ? result.data : withoutIssues(projectSchema, data, issues)
  const projectFile: ProjectFile = { ...source, overlay, data, partial, locate }
  return { project: result.success ? result.data : null, projectFile, problems, files }
}

/** Maps are merged by key; anything else of the overlay stands in place of what it overlays. */
function merge(base: Json, over: Json): Json {
  if (!isJsonObject(base) || !isJsonObject(over)) return over
  const merged = new Map<string, Json>(Object.entries(base))
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key)
    merged.set(key, below === undefined ? value : merge(below, value))
  }
  return Object.fromEntries(merged)
}
