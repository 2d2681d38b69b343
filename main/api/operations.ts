// What the control contract does. The same functions serve HTTP in a running server and the command line without one.
import type { ControlHandlers, ControlProblem, OperationOutput } from '#shared/api/control.ts'
import { AppError } from '#shared/errors.ts'
import type { JsonObject } from '#shared/json.ts'

export interface OperationDeps {
  readonly now: () => number
  readonly keys: {
    add(row: {
      id: string
      prefix: string
      hash: Uint8Array
      consumer: string
      scopes: readonly string[]
      createdAt: number
      expiresAt: number | null
    }): void
    list(): readonly {
      id: string
      prefix: string
      consumer: string
      scopes: readonly string[]
      createdAt: number
      expiresAt: number | null
      revokedAt: number | null
    }[]
    revoke(id: string, at: number): 'revoked' | 'already' | 'unknown'
  }
  /** Keys that `sluice.yaml` lists; the file is edited to change them. */
  readonly listedKeys: () => readonly {
    id: string
    consumer: string
    scopes: readonly string[]
    expiresAt: number | null
  }[]
  /** Does `sluice.yaml` list it, or none at all? */
  readonly hasConsumer: (consumer: string) => boolean
  readonly newKey: () => { key: string; prefix: string; id: string }
  readonly hashKey: (key: string) => Uint8Array
  readonly secrets: {
    has(name: string): boolean
    set(name: string, value: string, at: number): void
    remove(name: string): boolean
    list(): readonly { name: string; updatedAt: number }[]
  }
  readonly secretInEnvironment: (name: string) => boolean
  /** Names that the workspace refers to. */
  readonly secretNames: () => readonly string[]
  readonly audit: (action: string, subject: string, facts: JsonObject) => void
  readonly publish: ControlHandlers['publish']
  readonly status: () => OperationOutput<'status'>
  readonly connections: () => OperationOutput<'connection.list'>
  readonly testConnection: ControlHandlers['connection.test']
  readonly listModels: (name: string) => Promise<string[]>
  /** Makes a change effective before the operation is acknowledged. */
  readonly changed: (what: 'keys' | 'secrets') => void | Promise<void>
}

export function operations(deps: OperationDeps): ControlHandlers {
  return {
    status: () => deps.status(),
    publish: (input) => deps.publish(input),
    'key.create': async (input) => {
      const { key, prefix, id } = deps.newKey()
      const createdAt = deps.now()
      const expiresAt = input.expires === undefined ? null : Date.parse(input.expires)
      if (expiresAt !== null && expiresAt <= createdAt)
        throw new AppError('invalid_request', {
          message: 'The key would be expired already: "expires" lies in the past.',
        })
      deps.keys.add({
        id,
        prefix,
        hash: deps.hashKey(key),
        consumer: input.consumer,
        scopes: input.scopes,
        createdAt,
        expiresAt,
      })
      deps.audit('key.create', id, { consumer: input.consumer, scopes: input.scopes })
      await deps.changed('keys')
      return {
        key,
        consumer_listed: deps.hasConsumer(input.consumer),
        ...shown({
          id,
          prefix,
          consumer: input.consumer,
          scopes: input.scopes,
          createdAt,
          expiresAt,
          revokedAt: null,
        }),
      }
    },
    'key.list': () => [
      ...deps.keys.list().map(shown),
      ...deps.listedKeys().map((key) => ({
        id: key.id,
        shown: 'secret in the environment or the store',
        consumer: key.consumer,
        scopes: [...key.scopes],
        created_at: '',
        expires_at: time(key.expiresAt),
        revoked_at: null,
        source: 'file' as const,
      })),
    ],
    'key.revoke': async ({ id }) => {
      const state = deps.keys.revoke(id, deps.now())
      if (state === 'unknown') {
        const listed = deps.listedKeys().some((key) => key.id === id)
        throw new AppError('not_found', {
          message: listed
            ? `The key "${id}" is listed in sluice.yaml: remove it there.`
            : `There is no key "${id}". "sluice key list" shows the ids.`,
        })
      }
      if (state === 'revoked') {
        deps.audit('key.revoke', id, {})
        await deps.changed('keys')
      }
      return { id, state }
    },
    'secret.set': async ({ name, value }) => {
      deps.secrets.set(name, value, deps.now())
      deps.audit('secret.set', name, {})
      await deps.changed('secrets')
      return { name }
    },
    'secret.list': () => {
      const stored = new Map(deps.secrets.list().map((entry) => [entry.name, entry.updatedAt]))
      const names = [...new Set([...deps.secretNames(), ...stored.keys()])].sort()
      return names.map((name) => ({
        name,
        source: deps.secretInEnvironment(name)
          ? ('environment' as const)
          : stored.has(name)
            ? ('store' as const)
            : ('missing' as const),
        updated_at: time(stored.get(name) ?? null),
      }))
    },
    'secret.remove': async ({ name }) => {
      const removed = deps.secrets.remove(name)
      if (removed) {
        deps.audit('secret.remove', name, {})
        await deps.changed('secrets')
      }
      return { removed }
    },
    'connection.list': () => deps.connections(),
    'connection.test': (input) => deps.testConnection(input),
    'connection.models': ({ name }) => deps.listModels(name),
  }
}

function shown(row: {
  id: string
  prefix: string
  consumer: string
  scopes: readonly string[]
  createdAt: number
  expiresAt: number | null
  revokedAt: number | null
}) {
  return {
    id: row.id,
    shown: `slk_${row.prefix}_…`,
    consumer: row.consumer,
    scopes: [...row.scopes],
    created_at: new Date(row.createdAt).toISOString(),
    expires_at: time(row.expiresAt),
    revoked_at: time(row.revokedAt),
    source: 'store' as const,
  }
}

function time(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

export type { ControlProblem }
