// Everything that stands in the way of serving a workspace: wrong files, flows that do not compile, references that lead
// nowhere, secrets without a value and secrets in files.
import { compile } from '#shared/flow/compile/compile.ts'
import type { CompileEnv, ConnectionFacts, ModelFacts } from '#shared/flow/compile/env.ts'
import type { FileProblem, Problem } from '#shared/flow/diagnostics.ts'
import type { FlowContent } from '#shared/flow/types.ts'
import { notEnforced } from '#shared/project/not-enforced.ts'
import type { ConnectionSettings, ModelSettings, Project } from '#shared/project/schema.ts'
import { checkProject } from './check-project.ts'
import { checkSecrets, type FindSecrets, scanSecrets } from './check-secrets.ts'
import { promptBy } from './prompt-ref.ts'
import { sortProblems, type WorkspaceState } from './read.ts'
import type { SourceFile } from './source.ts'

export interface ProviderFacts {
  /** Its models run on this machine or network, whatever the Connection says. */
  readonly local: boolean
  /** False: nobody lists the models of this provider. */
  readonly catalogue: boolean
  /** It has no address of its own, so the Connection must give one. */
  readonly needsBaseUrl: boolean
}

/** What a check needs from other areas. */
export interface CheckParts {
  /** Every provider id that a Connection may name. */
  readonly providers: ReadonlyMap<string, ProviderFacts>
  /** What the catalogue and the price list know. */
  modelFacts(provider: string, model: string): ModelFacts | undefined
  hasSecret(name: string): boolean
  /** Why this release cannot use a Connection although its settings are right; null when it can. */
  unusable?(settings: ConnectionSettings): string | null
  readonly findSecrets: FindSecrets
}

/** All problems at once, in the order of files and lines. Errors block publishing. */
export function checkWorkspace(state: WorkspaceState, parts: CheckParts): readonly FileProblem[] {
  const env = compileEnvFor(state, parts)
  const problems = [
    ...state.problems,
    ...checkFlows(state, env),
    ...checkLabelled(state, env),
    ...checkProject(state, parts),
    ...unenforced(state),
    ...checkSecrets(state, (name) => parts.hasSecret(name)),
    ...scanSecrets(state, parts.findSecrets),
  ]
  return sortProblems(withoutEchoes(problems))
}

export function compileEnvFor(state: WorkspaceState, parts: CheckParts): CompileEnv {
  const project = settings(state)
  const connections = new Map(Object.entries(project?.connections ?? {}))
  const { models, hosts } = project?.policies ?? {}
  return {
    definitions: state.definitions,
    prompt: (ref) => promptBy(state, ref)?.prompt,
    connections: Object.fromEntries(
      [...connections].map(([name, { provider, local }]): [string, ConnectionFacts] => {
        const facts = parts.providers.get(provider)
        return [
          name,
          { provider, local: local || (facts?.local ?? false), catalogue: facts?.catalogue ?? false },
        ]
      }),
    ),
    model: (target) => {
      const slash = target.indexOf('/')
      const connection = connections.get(target.slice(0, slash))
      if (connection === undefined) return undefined
      const model = target.slice(slash + 1)
      const own = Object.hasOwn(connection.models, model) ? connection.models[model] : undefined
      return knownModel(own, parts.modelFacts(connection.provider, own?.base ?? model))
    },
    policies: { ...(models && { models: models.allow }), ...(hosts && { hosts: hosts.allow }) },
  }
}

/** What the project says of a model stands above what the catalogue says. */
function knownModel(own: ModelSettings | undefined, facts: ModelFacts | undefined): ModelFacts | undefined {
  if (own === undefined) return facts
  return {
    context: own.context ?? facts?.context ?? null,
    tools: own.tools ?? facts?.tools ?? null,
    images: own.images ?? facts?.images ?? null,
    schema: own.schema ?? facts?.schema ?? null,
    json: facts?.json ?? null,
    priced: own.price_per_million !== undefined || (facts?.priced ?? false),
  }
}

/** With a mistake in `sluice.yaml` the flows are still judged by the rest of it. */
function settings(state: WorkspaceState): Project | null {
  return state.project ?? state.projectFile?.partial ?? null
}

function checkFlows(state: WorkspaceState, env: CompileEnv): FileProblem[] {
  return [...state.flows.values()].flatMap((file) => {
    if (file.data === null) return []
    const { problems } = compile({ ...(file.data as unknown as FlowContent), slug: file.slug }, env)
    // Without any settings, names of connections and labels cannot be judged.
    const judged = settings(state)
      ? problems
      : problems.filter(({ code }) => code !== 'reference_unresolved' && code !== 'unknown_model')
    return judged.map((problem) => located(file, problem, []))
  })
}

/** Versions that a label points to: what was right when it was frozen may lean on a Connection that is gone. */
function checkLabelled(state: WorkspaceState, env: CompileEnv): FileProblem[] {
  const labelled = new Set<string>()
  for (const { flow, labels } of Object.values(settings(state)?.endpoints ?? {})) {
    for (const entry of Object.values(labels)) {
      const numbers =
        typeof entry === 'number' ? [entry] : Object.values(entry.split).map((arm) => arm.version)
      for (const number of numbers) labelled.add(`${flow}/${number}`)
    }
  }
  return [...labelled].flatMap((name) => {
    const [flow = '', number] = name.split('/')
    const file = state.versions.get(flow)?.get(Number(number))
    if (!file?.version) return []
    const { problems } = compile({ slug: flow, ...file.version.content }, env)
    return problems
      .filter(({ severity }) => severity === 'error')
      .map((problem) => located(file, problem, ['content']))
  })
}

function located(file: SourceFile, problem: Problem, base: readonly string[]): FileProblem {
  const path = [
    ...base,
    ...(problem.at.path ?? (problem.at.node === undefined ? [] : ['nodes', problem.at.node])),
  ]
  // What should not be there is shown by its name, what has a wrong value by the value.
  const kind =
    problem.at.path === undefined || /^(unknown field|the name) "/.test(problem.message) ? 'key' : 'value'
  return { ...problem, at: { ...problem.at, path }, file: file.file, ...file.place(path, kind) }
}

function unenforced({ projectFile }: WorkspaceState): FileProblem[] {
  if (projectFile === null) return []
  return notEnforced(projectFile.data).map(({ path, severity, message }) => ({
    code: 'not_enforced',
    severity,
    message,
    at: { path },
    ...projectFile.locate(path, 'key'),
  }))
}

const aboutFile = new Set(['unknown_field', 'wrong_value', 'config_invalid', 'file_limit', 'secret_in_file'])

/** Reading and compiling may find one mistake, each in its own words: the first to say so is enough. */
function withoutEchoes(problems: readonly FileProblem[]): FileProblem[] {
  const seen = new Set<string>()
  return problems.filter(({ file, line, column, at, code, severity, message }) => {
    const secret = code === 'secret_in_file'
    const what = severity === 'error' && aboutFile.has(code) ? (secret ? code : 'wrong') : message
    const keys = [
      `${file} ${line}:${column} ${what}`,
      ...(at.path ? [`${file} ${JSON.stringify(at.path)} ${what}`] : []),
    ]
    if (keys.some((key) => seen.has(key))) return false
    for (const key of keys) seen.add(key)
    return true
  })
}
