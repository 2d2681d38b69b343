// The operations of one workspace, wired: for a running server, and for a command without one.
import type { OperationDeps } from '#main/api/operations.ts'
import { operations } from '#main/api/operations.ts'
import { keyHasher, newKey, randomText } from '#main/secrets/keys.ts'
import { type Secrets, secretVariable } from '#main/secrets/secrets.ts'
import type { Store } from '#main/store/open.ts'
import type { ControlHandlers } from '#shared/api/control.ts'
import { AppError } from '#shared/errors.ts'
import type { Project } from '#shared/project/schema.ts'
import { listedKeysOf, secretNameOf } from './callers.ts'
import type { Outside } from './outside.ts'
import { checkParts } from './parts.ts'
import { publish } from './publish.ts'

export interface ControlParts {
  readonly folder: string
  /** `--env`: the overlay that holds over `sluice.yaml`. */
  readonly overlay: string | undefined
  readonly app: string
  readonly actor: 'cli' | 'control'
  readonly store: Store
  readonly secrets: Secrets
  readonly dataKey: Uint8Array
  readonly env: Readonly<Record<string, string | undefined>>
  readonly project: () => Project
  readonly outside: () => Promise<Pick<Outside, 'test' | 'list'>>
  readonly status: OperationDeps['status']
  /** Makes a change effective in this process before it is acknowledged. */
  readonly changed: (what: 'keys' | 'secrets' | 'files') => void | Promise<void>
}

export function controlOf(parts: ControlParts): ControlHandlers {
  const { store, secrets } = parts
  const now = () => Date.now()
  const audit: OperationDeps['audit'] = (action, subject, facts) =>
    store.audit.append({ at: now(), actor: parts.actor, action, subject, facts })
  const connection = (name: string) => {
    if (!Object.hasOwn(parts.project().connections, name))
      throw new AppError('not_found', { message: `There is no connection "${name}" in sluice.yaml.` })
    return name
  }
  return operations({
    now,
    keys: store.keys,
    listedKeys: () => listedKeysOf(parts.project()),
    hasConsumer: (consumer) => listsConsumer(parts.project, consumer),
    newKey: () => ({ ...newKey(), id: `key_${randomText(12)}` }),
    hashKey: keyHasher(parts.dataKey),
    secrets,
    secretInEnvironment: (name) => Boolean(parts.env[secretVariable(name)]),
    secretNames: () => secretNamesOf(parts.project()),
    audit,
    publish: async ({ flow, endpoint, label, note, author }) => {
      const published = store.exclusively(() =>
        publish({
          folder: parts.folder,
          overlay: parts.overlay,
          flow,
          endpoint,
          label,
          note,
          author,
          now: new Date(now()),
          app: parts.app,
          parts: checkParts(secrets),
        }),
      )
      audit('publish', `${flow}@${published.version}`, { label, hash: published.hash })
      await parts.changed('files')
      return published
    },
    status: parts.status,
    connections: () =>
      Object.entries(parts.project().connections).map(([name, { provider, local }]) => ({
        name,
        provider,
        local,
        simulated: provider === 'simulator',
      })),
    testConnection: async ({ name, model }) => {
      const tried = await (await parts.outside()).test(connection(name), model)
      return { ok: tried.ok, ms: tried.ms, model: tried.model ?? null, error: tried.error ?? null }
    },
    listModels: async (name) => [...(await (await parts.outside()).list(connection(name)))],
    changed: (what) => parts.changed(what),
  })
}

/** Every `secret:<name>` that the project refers to, inside texts too. */
export function secretNamesOf(project: Project): readonly string[] {
  const names = new Set<string>()
  for (const [reference] of JSON.stringify(project).matchAll(/secret:[a-z][a-z0-9_]{0,63}/g))
    names.add(secretNameOf(reference))
  return [...names].sort()
}

/** True as well where none is listed, and in a sluice.yaml with mistakes, which must not stop a key from being made. */
function listsConsumer(project: () => Project, consumer: string): boolean {
  try {
    const { consumers } = project()
    return Object.keys(consumers).length === 0 || Object.hasOwn(consumers, consumer)
  } catch {
    return true
  }
}
