// Values behind `secret:<name>` references: environment first, then the sealed table.
import { AppError } from '#shared/errors.ts'
import { seal, unseal } from './seal.ts'

export interface SealedTable {
  put(name: string, sealed: Uint8Array, at: number): void
  list(): readonly { readonly name: string; readonly sealed: Uint8Array; readonly updatedAt: number }[]
  remove(name: string): boolean
}

export interface SecretSource {
  readonly dataKey: Uint8Array
  readonly env: Readonly<Record<string, string | undefined>>
  readonly table: SealedTable
}

export const secretName = /^[a-z][a-z0-9_]{0,63}$/

/** `openai_key` → `SLUICE_SECRET_OPENAI_KEY` */
export function secretVariable(name: string): string {
  return `SLUICE_SECRET_${name.toUpperCase()}`
}

export type Secrets = ReturnType<typeof secrets>

export function secrets({ dataKey, env, table }: SecretSource) {
  let sealed = new Map(table.list().map((entry) => [entry.name, entry.sealed]))
  // Asked on every model call: opened once, and forgotten when the table may have changed.
  const opened = new Map<string, string>()
  return {
    /** Undefined when nothing is set under this name. */
    get(name: string): string | undefined {
      const known = opened.get(name)
      if (known !== undefined) return known
      const given = env[secretVariable(name)]
      const value = sealed.get(name)
      const plain = given !== undefined && given !== '' ? given : value && unseal(dataKey, name, value)
      if (plain !== undefined) opened.set(name, plain)
      return plain
    },
    has(name: string): boolean {
      return Boolean(env[secretVariable(name)]) || sealed.has(name)
    },
    set(name: string, plain: string, at: number): void {
      if (!secretName.test(name))
        throw new AppError('invalid_request', {
          message: `"${name}" is not a secret name: use a-z, 0-9 and _, beginning with a letter.`,
        })
      if (plain === '') throw new AppError('invalid_request', { message: `The secret "${name}" is empty.` })
      table.put(name, seal(dataKey, name, plain), at)
      this.reload()
    },
    remove(name: string): boolean {
      const removed = table.remove(name)
      this.reload()
      return removed
    },
    /** Names only; values never leave this module but through `get`. */
    list(): readonly { readonly name: string; readonly updatedAt: number }[] {
      return table.list().map(({ name, updatedAt }) => ({ name, updatedAt }))
    },
    /** Another process may have changed the table. */
    reload(): void {
      opened.clear()
      sealed = new Map(table.list().map((entry) => [entry.name, entry.sealed]))
    },
  }
}
