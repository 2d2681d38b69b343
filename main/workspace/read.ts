// Reads a workspace folder: every file with its text, its document and everything that is wrong with it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#shared/errors.ts'
import type { AnyNodeDefinition } from '#shared/flow/definition.ts'
import type { FileProblem } from '#shared/flow/diagnostics.ts'
import type { Project } from '#shared/project/schema.ts'
import {
  type DocumentFile,
  type FlowFile,
  type LayoutFile,
  type PromptFile,
  readDocument,
  type SettingsFile,
  type VersionFile,
} from './document.ts'
import { listFolder } from './folder.ts'
import { kindOf } from './kinds.ts'
import { type ProjectFile, readProject } from './project.ts'
import { fileProblem, loadText, plainSource, type SourceFile } from './source.ts'
import { checkHash } from './version-hash.ts'

/** Node definitions by type. */
export type Definitions = ReadonlyMap<string, AnyNodeDefinition>

export interface ReadOptions {
  /** Tell which parts of a config are references, which the hash of a Version needs. */
  readonly definitions: Definitions
  /** Overlay `sluice.<env>.yaml`. */
  readonly env?: string
  /** What was read before with the same definitions: files that have not changed since are taken from there. */
  readonly previous?: WorkspaceState
}

export interface WorkspaceState {
  readonly folder: string
  readonly env: string | null
  readonly definitions: Definitions
  /** With the overlay merged in and defaults filled in; null when it has errors. */
  readonly project: Project | null
  readonly projectFile: ProjectFile | null
  /** `sluice.yaml` and every overlay, chosen or not. */
  readonly settingsFiles: readonly SettingsFile[]
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
  /** By path; what the next reading starts from. */
  readonly documents: ReadonlyMap<string, DocumentFile>
}

/** Never throws for what is in the files; throws `not_found` when there is no such folder. */
export function readWorkspace(folder: string, options: ReadOptions): WorkspaceState {
  if (!existsSync(folder)) throw new AppError('not_found', { message: 'There is no such workspace folder.' })
  const before = options.previous?.definitions === options.definitions ? options.previous : undefined
  const { files, problems: linked } = listFolder(folder)
  const problems: FileProblem[] = [...linked]
  const documents = new Map<string, DocumentFile>()
  const others: SourceFile[] = []
  for (const file of files) {
    const kind = kindOf(file)
    if (kind !== undefined && 'misplaced' in kind) {
      problems.push({ ...fileProblem(file, 'wrong_value', kind.misplaced), severity: 'warning' })
      continue
    }
    if (kind === undefined && !/\.(ya?ml|jsonl|csv)$/.test(file)) continue
    const loaded = loadText(join(folder, file), file, kind?.maxBytes ?? otherBytes)
    if (loaded === 'gone') continue
    if ('problem' in loaded) {
      if (kind !== undefined) problems.push(loaded.problem)
    } else if (kind === undefined) others.push(plainSource(file, loaded.text))
    else {
      const known = before?.documents.get(file)
      documents.set(file, known?.text === loaded.text ? known : readDocument(file, kind, loaded.text))
    }
  }
  for (const document of documents.values()) problems.push(...document.problems)

  const settingsFiles = entries(documents, 'project')
  const { project, projectFile, problems: wrong } = readProject(settingsFiles, options.env)
  // A sluice.yaml that cannot be read is there all the same.
  const missing = wrong.filter(({ file }) => !problems.some((known) => known.file === file))
  const promptVersions = frozenPrompts(documents)
  const { versions, broken } = trustedVersions(documents, { promptVersions, options, before })
  return {
    folder,
    env: options.env ?? null,
    definitions: options.definitions,
    project,
    projectFile,
    settingsFiles,
    flows: new Map(entries(documents, 'flow').map((file) => [file.slug, file])),
    layouts: new Map(entries(documents, 'layout').map((file) => [file.slug, file])),
    prompts: draftPrompts(documents),
    promptVersions,
    versions,
    others,
    problems: sortProblems([...problems, ...(projectFile ? wrong : missing), ...broken]),
    documents,
  }
}

/** Larger datasets are not looked through for secrets. */
const otherBytes = 8 * 1024 * 1024

type Documents = ReadonlyMap<string, DocumentFile>
type Entry<Kind extends DocumentFile['kind']> = Extract<DocumentFile, { kind: Kind }>['entry']

function entries<Kind extends DocumentFile['kind']>(documents: Documents, kind: Kind): Entry<Kind>[] {
  const found: Entry<Kind>[] = []
  for (const document of documents.values())
    if (document.kind === kind) found.push(document.entry as Entry<Kind>)
  return found
}

function draftPrompts(documents: Documents): ReadonlyMap<string, PromptFile> {
  const found = new Map<string, PromptFile>()
  for (const document of documents.values()) {
    if (document.kind === 'prompt' && document.number === null) found.set(document.entry.name, document.entry)
  }
  return found
}

function frozenPrompts(documents: Documents): ReadonlyMap<string, ReadonlyMap<number, PromptFile>> {
  const found = new Map<string, Map<number, PromptFile>>()
  for (const document of documents.values()) {
    if (document.kind === 'prompt' && document.number !== null) {
      mapIn(found, document.entry.name).set(document.number, document.entry)
    }
  }
  return found
}

interface Trust {
  readonly promptVersions: WorkspaceState['promptVersions']
  readonly options: ReadOptions
  readonly before: WorkspaceState | undefined
}

/** A Version whose hash does not match is there, but has no content. */
function trustedVersions(documents: Documents, { promptVersions, options, before }: Trust) {
  const versions = new Map<string, Map<number, VersionFile>>()
  const broken: FileProblem[] = []
  const samePrompts = before !== undefined && sameFiles(promptVersions, before.promptVersions)
  for (const [path, document] of documents) {
    if (document.kind !== 'version') continue
    const { entry } = document
    const trusted = samePrompts && before.documents.get(path) === document && isTrusted(before, entry)
    const problem = trusted ? undefined : checkHash(entry, promptVersions, options.definitions)
    if (problem !== undefined) broken.push(problem)
    mapIn(versions, entry.flow).set(entry.number, problem === undefined ? entry : { ...entry, version: null })
  }
  return { versions, broken }
}

function isTrusted({ versions }: WorkspaceState, { flow, number }: VersionFile): boolean {
  return versions.get(flow)?.get(number)?.version != null
}

function sameFiles(now: WorkspaceState['promptVersions'], before: WorkspaceState['promptVersions']): boolean {
  const count = (maps: typeof now) => [...maps.values()].reduce((sum, map) => sum + map.size, 0)
  if (count(now) !== count(before)) return false
  return [...now].every(([name, map]) =>
    [...map].every(([number, file]) => before.get(name)?.get(number) === file),
  )
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
