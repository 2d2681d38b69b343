import { startSimulator } from '#main/providers/simulator/server.ts'
import type { ExitCode } from './exit.ts'
import { listening } from './listening.ts'
import { port } from './options.ts'
import { json, line, note } from './print.ts'
import { stopSignal } from './serve.ts'

export async function simulator(options: {
  readonly port: string
  readonly json?: boolean
}): Promise<ExitCode> {
  const signal = stopSignal()
  const at = { host: '127.0.0.1', port: port('--port', options.port) ?? 0 }
  const running = await listening(at, { port: '--port' }, () => startSimulator({ port: at.port }))
  if (options.json) json({ ready: true, url: running.url, pid: process.pid })
  else {
    line(running.url)
    note(
      'Simulated model server: its answers are made up by rule, no real model stands behind them. Stop with Ctrl+C.',
    )
  }
  await signal
  await running.close()
  return 0
}
