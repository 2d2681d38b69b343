// `sluice.yaml` with its overlay merged in by key; a problem is told in the file that says the wrong thing.
import type { FileProblem } from '#shared/flow/diagnostics.ts'
import { isJsonObject, type Json } from '#shared/json.ts'
import { readIssues } from '#shared/project/issues.ts'
import { type Project, projectSchema } from '#shared/project/schema.ts'
import type { SettingsFile } from './document.ts'
import { judgeText, withoutIssues } from './judge.ts'
import { fileProblem, problemAt, type SourceFile } from './source.ts'
import { type DocumentPath, entryAt } from './yaml-tree.ts'

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

/** Overlays that were not chosen are checked too. */
export function readProject(layers: readonly SettingsFile[], env: string | undefined): ReadProject {
  const base = layers.find((layer) => layer.env === '')
  if (base === undefined) {
    const message = 'there is no sluice.yaml in this folder; `sluice init` makes one'
    return { project: null, projectFile: null, problems: [fileProblem('sluice.yaml', 'syntax', message)] }
  }
  const overlays = layers.filter((layer) => layer !== base)
  const chosen = env === undefined ? undefined : overlays.find((layer) => layer.env === env)
  const { project, projectFile, problems } = readLayers(base, chosen)
  const others = overlays.filter((layer) => layer !== chosen)
  const further = others.flatMap((layer) =>
    readLayers(base, layer).problems.filter(({ file }) => file === layer.file),
  )
  if (env !== undefined && chosen === undefined) {
    const file = /^[a-z0-9][a-z0-9-]{0,31}$/.test(env) ? `sluice.${env}.yaml` : 'sluice.yaml'
    const missing = fileProblem(
      file,
      'reference_unresolved',
      'there is no overlay for the chosen environment',
    )
    return { project: null, projectFile, problems: [...problems, ...further, missing] }
  }
  const right = problems.every(({ severity }) => severity !== 'error')
  return { project: right ? project : null, projectFile, problems: [...problems, ...further] }
}

/** Syntax and formats are judged file by file, the values where both are merged. */
function readLayers(base: SettingsFile, overlay: SettingsFile | undefined): ReadProject {
  const layers = [base, ...(overlay ? [overlay] : [])]
  const judged = layers.map((layer) => ({ layer, ...judgeText(layer.yaml, 'project') }))
  const problems = judged.flatMap(({ layer, problems: own }) =>
    own.map((each) => problemAt(layer.file, each)),
  )
  for (const { layer, readable } of judged) {
    const { data } = layer.yaml
    if (!readable || (isJsonObject(data) && Object.hasOwn(data, 'format'))) continue
    problems.push(
      fileProblem(
        layer.file,
        'wrong_value',
        'the project must be a map that begins with "format: sluice/project@1"',
      ),
    )
  }
  if (judged.some(({ layer, readable }) => !readable || !isJsonObject(layer.yaml.data))) {
    return { project: null, projectFile: null, problems }
  }
  const locate: ProjectFile['locate'] = (path, kind) => {
    const layer = overlay && path.length > 0 && entryAt(overlay.yaml.root, path) ? overlay : base
    return { file: layer.file, ...layer.place(path, kind) }
  }
  const data = layers.map(({ yaml }) => yaml.data as Json).reduce(merge)
  const result = projectSchema.safeParse(data)
  const issues = result.success ? [] : readIssues(projectSchema, result.error, data, 'the project')
  for (const { code, message, path, kind } of issues) {
    if (path[0] === 'format' && isJsonObject(data) && !Object.hasOwn(data, 'format')) continue
    problems.push({ code, severity: 'error', message, at: { path }, ...locate(path, kind) })
  }
  const partial = result.success ? result.data : withoutIssues(projectSchema, data, issues)
  const projectFile = { ...base, overlay: overlay ?? null, data, partial, locate }
  return { project: result.success ? result.data : null, projectFile, problems }
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
