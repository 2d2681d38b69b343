import type { ExitCode } from './exit.ts'
import { withControl } from './open-control.ts'
import { json, line, note, table } from './print.ts'

interface Options {
  readonly json?: boolean
  readonly store?: string
}

/** The value comes from standard input, so that it stands in no shell history and no process list. */
export function setSecret(folder: string, name: string, options: Options): Promise<ExitCode> {
  return withControl(folder, options, async (control) => {
    if (process.stdin.isTTY) note(`Type the value of secret:${name}, then Enter and Ctrl+D.`)
    const parts: Buffer[] = []
    for await (const part of process.stdin as AsyncIterable<Buffer>) parts.push(part)
    const value = Buffer.concat(parts)
      .toString('utf8')
      .replace(/\r?\n$/, '')
    const result = await control['secret.set']({ name, value })
    if (options.json) json(result)
    else line(`secret:${name} is set.`)
    return 0
  })
}

export function listSecrets(folder: string, options: Options): Promise<ExitCode> {
  return withControl(folder, options, async (control) => {
    const secrets = await control['secret.list']({})
    if (options.json) json(secrets)
    else
      table(
        ['name', 'value from', 'set'],
        secrets.map((secret) => [secret.name, secret.source, secret.updated_at ?? '']),
        'This workspace refers to no secret.',
      )
    return 0
  })
}

export function removeSecret(folder: string, name: string, options: Options): Promise<ExitCode> {
  return withControl(folder, options, async (control) => {
    const result = await control['secret.remove']({ name })
    if (options.json) json(result)
    else line(result.removed ? `secret:${name} is removed.` : `secret:${name} was not in the store.`)
    return 0
  })
}
