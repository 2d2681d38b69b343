import type { ExitCode } from './exit.ts'
import { withControl } from './open-control.ts'
import { json, line, note, table } from './print.ts'

interface Options {
  readonly json?: boolean
  readonly store?: string
  readonly env?: string
}

export function listConnections(folder: string, options: Options): Promise<ExitCode> {
  return withControl(folder, options, async (control) => {
    const connections = await control['connection.list']({})
    if (options.json) json(connections)
    else {
      const rows = connections.map((c) => [
        c.name,
        c.provider,
        c.simulated ? 'simulated, not a real model' : c.local ? 'local' : 'remote',
      ])
      table(
        ['name', 'provider', 'where'],
        rows,
        'No connections yet. Add one under "connections" in sluice.yaml.',
      )
    }
    return 0
  })
}

export function testConnection(
  folder: string,
  name: string,
  options: Options & { readonly model?: string },
): Promise<ExitCode> {
  return withControl(folder, options, async (control) => {
    const result = await control['connection.test']({
      name,
      ...(options.model === undefined ? {} : { model: options.model }),
    })
    if (options.json) json(result)
    else if (result.ok)
      line(
        `${name} answered in ${Math.round(result.ms)} ms${result.model === null ? '' : ` (${result.model})`}.`,
      )
    else
      note(
        `${name} failed: ${result.error?.code ?? 'internal'}: ${result.error?.message ?? 'no reason given'}`,
      )
    return result.ok ? 0 : 1
  })
}

export function listModels(folder: string, name: string, options: Options): Promise<ExitCode> {
  return withControl(folder, options, async (control) => {
    const models = await control['connection.models']({ name })
    if (options.json) json(models)
    else for (const model of models) line(`${name}/${model}`)
    return 0
  })
}
