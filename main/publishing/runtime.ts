// A workspace in live form: files read, models connected, flows bound. The server keeps one and reloads it; a command of
// the command line opens one, uses it and lets it go.
import { buildersFor } from '#main/engine/build.ts'
import type { KeyRing, Routes, ServedVersion } from '#main/gateway/ports.ts'
import { keyHasher } from '#main/secrets/keys.ts'
import type { Secrets } from '#main/secrets/secrets.ts'
import { checkWorkspace, compileEnvFor } from '#main/workspace/check.ts'
import { checkProject } from '#main/workspace/check-project.ts'
import { readWorkspace, type WorkspaceState } from '#main/workspace/read.ts'
import { draftHash } from '#main/workspace/version-hash.ts'
import { runners } from '#nodes/runners.ts'
import { AppError } from '#shared/errors.ts'
import type { FileProblem } from '#shared/flow/diagnostics.ts'
import type { RunRow } from '#shared/run/row.ts'
import { consumersOf, listedKeysOf } from './callers.ts'
import { type Direct, directPlans } from './direct.ts'
import { keyRing, type StoredKey } from './key-ring.ts'
import { createOutside } from './outside.ts'
import { checkParts, guards, isDraft, readOptions, usableProject } from './parts.ts'
import { prepareCache } from './prepare-cache.ts'
import { type Redact, redactRuns } from './redact.ts'
import { buildRoutes } from './routes.ts'

export interface RuntimeOptions {
  readonly folder: string
  /** Overlay `sluice.<env>.yaml`. */
  readonly env?: string | undefined
  readonly secrets: Secrets
  readonly dataKey: Uint8Array
  readonly storedKeys: () => readonly StoredKey[]
  readonly deprecatedSince: (reference: string) => number
  /** All that is deprecated now; what was and is no more begins anew when it is again. */
  readonly stillDeprecated: (references: ReadonlySet<string>) => void
  readonly processEnv: Readonly<Record<string, string | undefined>>
  readonly hops?: (run: string) => number
}

export interface Applied {
  /** False: the files have errors and everything runs on as before. */
  readonly applied: boolean
  readonly problems: readonly FileProblem[]
  /** What is not served although the files are fine: sentences. */
  readonly notices: readonly string[]
}

export type Runtime = Awaited<ReturnType<typeof openRuntime>>

/** @throws AppError `invalid_request` when `sluice.yaml` cannot be used at all */
export async function openRuntime(options: RuntimeOptions) {
  const read = (previous?: WorkspaceState) =>
    readWorkspace(options.folder, { ...readOptions(options.env), ...(previous && { previous }) })
  const hash = keyHasher(options.dataKey)
  const cache = prepareCache({ runners, builders: (stage) => buildersFor(stage, guards) })
  const parts = checkParts(options.secrets)

  let state = read()
  let project = usableProject(state)
  const outside = await createOutside(project, {
    secret: (name) => options.secrets.get(name),
    env: options.processEnv,
    ...(options.hops && { hops: options.hops }),
  })
  let generation = 0
  let routes: Routes | null = null
  let redact: Redact = redactRuns([])
  let keys: KeyRing | null = null
  let notices: readonly string[] = []
  let keyNotices: readonly string[] = []
  const connectionNotices = () =>
    [...outside.problems()].map(([name, problem]) => `connection "${name}": ${problem}`)
  let direct: (target: string) => Direct | undefined = () => undefined

  function swap(): void {
    generation += 1
    const env = compileEnvFor(state, parts)
    const surroundings = JSON.stringify([project.connections, project.policies])
    const deprecated = new Set<string>()
    const built = buildRoutes({
      generation,
      project,
      flows: present(state.flows, (file) => file.flow),
      versions: new Map(
        [...state.versions].map(([flow, files]) => [flow, present(files, (file) => file.version)]),
      ),
      prepare: (flow, content, contentHash) => cache.prepare(flow, content, contentHash, env, surroundings),
      draftHash: (flow) => draftHash(state, flow),
      deprecatedSince: (reference) => {
        deprecated.add(reference)
        return options.deprecatedSince(reference)
      },
      previous: routes,
    })
    const { connections } = project
    direct = directPlans({
      hasConnection: (name) => Object.hasOwn(connections, name),
      takesTools: (target) => env.model(target)?.tools !== false,
      prepare: (flow, content, contentHash) => cache.prepare(flow, content, contentHash, env, surroundings),
    })
    options.stillDeprecated(deprecated)
    cache.sweep()
    routes = built.routes
    redact = redactRuns(project.policies.redact)
    notices = built.problems.map((problem) => `${problem.endpoint}: ${problem.message}`)
    swapKeys()
  }

  function swapKeys(): void {
    generation += 1
    const built = keyRing({
      generation,
      stored: options.storedKeys(),
      listed: listedKeysOf(project),
      consumers: consumersOf(project),
      secret: (name) => options.secrets.get(name),
      hash,
    })
    keys = built.ring
    keyNotices = built.problems
  }
  swap()

  return {
    effects: outside.effects,
    outside,
    state: () => state,
    project: () => project,
    routes: () => routes as Routes,
    keys: () => keys as KeyRing,
    /** `policies.redact`, for every row of the log. */
    redact: (row: RunRow) => redact(row),
    direct: (target: string) => direct(target),
    /** Everything that is wrong or weak in the files as they are on disk now. */
    check: (): readonly FileProblem[] => checkWorkspace(read(), checkParts(options.secrets)),
    notices: () => [...connectionNotices(), ...notices, ...keyNotices],
    swapKeys,
    /** Secrets changed: keys and credentials are read again. */
    async reconnect(): Promise<void> {
      await outside.connect(project)
      swapKeys()
    },
    /** All or nothing: a project or Version file with errors leaves everything as it runs. */
    async reload(): Promise<Applied> {
      const next = read(state)
      // A label without its Version counts too: what it serves now must not end because a file is gone.
      const problems = [...next.problems, ...checkProject(next, parts)]
      const fatal = problems.filter(({ severity, file }) => severity === 'error' && !isDraft(file))
      if (next.project === null || fatal.length > 0) return { applied: false, problems: fatal, notices: [] }
      state = next
      project = next.project
      await outside.connect(project)
      swap()
      return {
        applied: true,
        problems,
        notices: [...connectionNotices(), ...notices, ...keyNotices],
      }
    },
    /** What a reference of the command line means: `slug` and `slug@draft` the draft, `slug@3`, `slug@production`. */
    served(reference: string): ServedVersion {
      const [slug = '', ...rest] = reference.split('@')
      const ref = rest.length === 0 ? 'draft' : rest.join('@')
      const { endpoints } = routes as Routes
      const route = endpoints.get(slug)
      if (!route) {
        const known = [...endpoints.keys()].sort().join(', ')
        throw new AppError('endpoint_not_found', {
          message: `There is no flow "${slug}" in this workspace.${known === '' ? '' : ` There are: ${known}.`}`,
        })
      }
      const label = route.labels.get(ref)
      const version =
        ref === 'draft'
          ? route.draft
          : /^\d+$/.test(ref)
            ? route.versions.get(Number(ref))
            : label?.kind === 'version'
              ? label.version
              : undefined
      if (version) return version
      if (ref === 'draft')
        throw new AppError('flow_error', {
          message: `The draft of "${slug}" has errors. "sluice check" shows them.`,
        })
      throw new AppError('version_not_found', {
        message: label
          ? `Label "${ref}" of "${slug}" is split: name a version.`
          : `"${slug}" has no version or label "${ref}".`,
      })
    },
    close: () => outside.close(),
  }
}

/** The entries that have a value. */
function present<K, F, T>(files: ReadonlyMap<K, F>, value: (file: F) => T | null): ReadonlyMap<K, T> {
  const found = new Map<K, T>()
  for (const [key, file] of files) {
    const one = value(file)
    if (one !== null) found.set(key, one)
  }
  return found
}
