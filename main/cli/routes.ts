import { routesTable } from '#main/gateway/routes-table.ts'
import { controlContract } from '#shared/api/control.ts'
import type { ExitCode } from './exit.ts'
import { json, table } from './print.ts'

/** Every route that exists. What is not here does not answer. */
export function routes(options: { readonly json?: boolean }): ExitCode {
  const all = [
    ...routesTable.map(({ method, path, auth, scope }) => ({
      listener: 'gateway',
      method,
      path,
      auth,
      scope,
    })),
    ...Object.keys(controlContract).map((name) => ({
      listener: 'control',
      method: 'POST',
      path: `/control/${name}`,
      auth: 'control token',
      scope: null,
    })),
  ]
  if (options.json) json(all)
  else
    table(
      ['listener', 'method', 'path', 'needs', 'scope'],
      all.map((route) => [route.listener, route.method, route.path, route.auth, route.scope ?? '']),
      'No routes.',
    )
  return 0
}
