import type { Control } from '#shared/api/control.ts'
import type { ExitCode } from './exit.ts'
import { withControl } from './open-control.ts'
import { command, json, line, note, table } from './print.ts'

export interface KeyCreateOptions {
  readonly consumer: string
  readonly scopes?: string
  readonly expires?: string
  readonly json?: boolean
  readonly store?: string
}

type Scopes = NonNullable<Parameters<Control['key.create']>[0]['scopes']>

export function createKey(folder: string, options: KeyCreateOptions): Promise<ExitCode> {
  return withControl(folder, options, async (control) => {
    const made = await control['key.create']({
      consumer: options.consumer,
      // Checked by the contract, which names the known ones.
      ...(options.scopes === undefined
        ? {}
        : { scopes: options.scopes.split(',').map((scope) => scope.trim()) as Scopes }),
      ...(options.expires === undefined ? {} : { expires: options.expires }),
    })
    if (options.json) json(made)
    else {
      line(made.key)
      note(
        `Key ${made.id} for ${made.consumer} (scopes: ${made.scopes.join(', ')}). It is shown this once; keep it now.`,
      )
      if (!made.consumer_listed)
        note(
          `sluice.yaml has no consumer "${made.consumer}": this key may call every endpoint, without limits or budget of its own.`,
        )
    }
    return 0
  })
}

export function listKeys(
  folder: string,
  options: { readonly json?: boolean; readonly store?: string },
): Promise<ExitCode> {
  return withControl(folder, options, async (control) => {
    const keys = await control['key.list']({})
    if (options.json) json(keys)
    else {
      const rows = keys.map((key) => [
        key.id,
        key.consumer,
        key.shown,
        key.scopes.join(','),
        key.revoked_at ? `revoked ${key.revoked_at}` : expiry(key.expires_at),
      ])
      table(
        ['id', 'consumer', 'key', 'scopes', 'state'],
        rows,
        `No keys yet. Make one: ${command()} key create ${folder} --consumer <name>`,
      )
    }
    return 0
  })
}

export function revokeKey(
  folder: string,
  id: string,
  options: { readonly json?: boolean; readonly store?: string },
): Promise<ExitCode> {
  return withControl(folder, options, async (control) => {
    const result = await control['key.revoke']({ id })
    if (options.json) json(result)
    else
      line(
        result.state === 'revoked'
          ? `Key ${id} is revoked; its next request fails.`
          : `Key ${id} was revoked before.`,
      )
    return 0
  })
}

function expiry(at: string | null): string {
  return at === null ? 'active' : `active until ${at}`
}
