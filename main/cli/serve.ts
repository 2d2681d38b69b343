import { startServer } from '../server.ts'
import type { ExitCode } from './exit.ts'
import { port } from './options.ts'
import { json, line, note } from './print.ts'

export interface ServeOptions {
  readonly studioPort?: string
  readonly gatewayPort?: string
  readonly host?: string
  /** Commander's form of `--no-studio`. */
  readonly studio?: boolean
  readonly store?: string
  readonly env?: string
  readonly json?: boolean
}

export async function serve(folder: string, options: ServeOptions): Promise<ExitCode> {
  const signal = stopSignal()
  const server = await startServer({
    folder,
    studio: options.studio ?? true,
    studioPort: port('--studio-port', options.studioPort),
    gatewayPort: port('--gateway-port', options.gatewayPort),
    host: options.host,
    store: options.store,
    env: options.env,
    report: note,
  })
  if (options.json) json({ ready: true, studio: server.studio, gateway: server.gateway, pid: process.pid })
  else {
    line(`gateway  ${server.gateway}`)
    if (server.studio !== null) line(`control  ${server.studio}`)
    note('Stop with Ctrl+C; running requests are finished first.')
  }
  await signal
  await server.close()
  return 0
}

/**
 * Resolves with the first SIGINT, SIGTERM or SIGHUP; further ones are ignored, for npm sends each twice. Call it before
 * anybody can know that the server is there: they may stop it at once.
 */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
  })
}
