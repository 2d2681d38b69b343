// Secrets are named in files and live elsewhere (flow-file.md 1.8).
import type { FileProblem } from '#shared/flow/diagnostics.ts'
import type { Json } from '#shared/json.ts'
import { secretInText, secretRefPattern } from '#shared/project/words.ts'
import { positionsOf } from './positions.ts'
import type { WorkspaceState } from './read.ts'
import type { SourceFile } from './source.ts'
import type { DocumentPath } from './yaml-tree.ts'

/** Offsets are UTF-16; `kind` names the form, such as `aws-access-token`. */
export type FindSecrets = (
  text: string,
) => readonly { readonly start: number; readonly end: number; readonly kind: string }[]

/** References that have no value yet: a warning each, for the value may come before the gateway starts. */
export function checkSecrets(state: WorkspaceState, hasSecret: (name: string) => boolean): FileProblem[] {
  const found: FileProblem[] = []
  const look = (data: Json, locate: Locate) =>
    eachText(data, [], (text, path) => {
      for (const name of secretNames(text)) {
        if (hasSecret(name)) continue
        const message = `the secret "${name}" has no value; set it: sluice secret set <folder> ${name} (or SLUICE_SECRET_${name.toUpperCase()})`
        found.push({ code: 'secret_missing', severity: 'warning', message, at: { path }, ...locate(path) })
      }
    })
  if (state.projectFile) look(state.projectFile.data, state.projectFile.locate)
  for (const file of state.flows.values()) {
    if (file.data !== null) look(file.data, (path) => ({ file: file.file, ...file.place(path) }))
  }
  return found
}

type Locate = (path: DocumentPath) => {
  readonly file: string
  readonly line: number
  readonly column: number
}

function secretNames(text: string): string[] {
  const whole = secretRefPattern.exec(text)?.[1]
  if (whole !== undefined) return [whole]
  return [...text.matchAll(secretInText)]
    .map(([, name = '']) => name)
    .filter((name) => /^[a-z][a-z0-9_]{0,63}$/.test(name))
}

function eachText(data: Json, path: DocumentPath, visit: (text: string, path: DocumentPath) => void): void {
  if (typeof data === 'string') visit(data, path)
  else if (Array.isArray(data))
    data.forEach((item: Json, index) => {
      eachText(item, [...path, index], visit)
    })
  else if (typeof data === 'object' && data !== null) {
    for (const [key, value] of Object.entries(data)) eachText(value as Json, [...path, key], visit)
  }
}

/** Every text of every file, comments included. Exceptions stand in `policies.secret_scan.allow` as `file:path`. */
export function scanSecrets(state: WorkspaceState, findSecrets: FindSecrets): FileProblem[] {
  const project = state.project ?? state.projectFile?.partial
  const allowed = new Set(project?.policies.secret_scan.allow ?? [])
  return filesOf(state).flatMap((file) => {
    const position = positionsOf(file.text)
    return findSecrets(file.text).flatMap(({ start, kind }): FileProblem[] => {
      const path = file.pathAt(start)
      if (path.length === 1 && path[0] === 'hash' && file.file.startsWith('versions/')) return []
      if (isAllowed(file.file, path, allowed)) return []
      const message = `this looks like a credential (${kind}); store it as a secret and write "secret:<name>" here`
      return [
        {
          code: 'secret_in_file',
          severity: 'error',
          message,
          file: file.file,
          ...position(start),
          at: { path },
        },
      ]
    })
  })
}

/** An exception holds for everything below its path. */
function isAllowed(file: string, path: DocumentPath, allowed: ReadonlySet<string>): boolean {
  if (allowed.size === 0) return false
  return path.some((_, index) => allowed.has(`${file}:${path.slice(0, index + 1).join('.')}`))
}

function filesOf(state: WorkspaceState): readonly SourceFile[] {
  return [
    ...state.settingsFiles,
    ...state.flows.values(),
    ...state.layouts.values(),
    ...state.prompts.values(),
    ...[...state.promptVersions.values()].flatMap((versions) => [...versions.values()]),
    ...[...state.versions.values()].flatMap((versions) => [...versions.values()]),
    ...state.others,
  ]
}
