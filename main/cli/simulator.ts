import { startSimulator } from '#main/providers/simulator/server.ts'
import type { ExitCode } from './exit.ts'
import { port } from './options.ts'
import { json, line, note } from './print.ts'

export async function simulator(options: {
  readonly port: string
  readonly json?: boolean
}): Promise<ExitCode> {
  const running = await startSimulator({ port: port('--port', options.port) ?? 0 })
  if (options.json) json({ ready: true, url: running.url, pid: process.pid })
  else {
    line(running.url)
    note(
      'Simulated model server: its answers are made up by rule, no real model stands behind them. Stop with Ctrl+C.',
    )
  }
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  await running.close()
  return 0
}
