// `npm start`: the demo workspace on the simulated model, ready to be called with the printed line.
import { existsSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { newKey } from '#main/secrets/keys.ts'
import { AppError } from '#shared/errors.ts'
import { startServer } from '../server.ts'
import type { ExitCode } from './exit.ts'
import { createWorkspace } from './init.ts'
import { withControl } from './open-control.ts'
import { port } from './options.ts'
import { command, line, note } from './print.ts'
import { stopSignal } from './serve.ts'

export interface StartOptions {
  readonly folder?: string
  readonly studioPort?: string
  readonly gatewayPort?: string
}

export async function start(options: StartOptions): Promise<ExitCode> {
  const folder = resolve(options.folder ?? join(process.env.SLUICE_HOME ?? join(homedir(), 'Sluice'), 'demo'))
  if (!existsSync(join(folder, 'sluice.yaml'))) await makeDemo(folder)
  const signal = stopSignal()
  const server = await startServer({
    folder,
    studio: true,
    studioPort: port('--studio-port', options.studioPort),
    gatewayPort: port('--gateway-port', options.gatewayPort),
    report: note,
  })
  const key = server.secret('demo_key')
  line('')
  line('  Sluice is running.')
  line(`  Workspace  ${folder}`)
  line(`  Gateway    ${server.gateway}`)
  if (key !== undefined) {
    line(`  Key        ${key}`)
    line('')
    line('  Call your first endpoint:')
    line('')
    line(`  curl -s ${server.gateway}/run/support-answer -H "Authorization: Bearer ${key}" \\`)
    line(`    -H "Content-Type: application/json" -d '{"input":{"question":"Where is my parcel 4711?"}}'`)
  }
  line('')
  if (key !== undefined)
    line('  The answers come from the simulated model: no real model stands behind them.')
  line(`  Edit the files, then publish: ${command()} publish ${folder} support-answer`)
  line('  Stop with Ctrl+C.')
  line('')
  await signal
  await server.close()
  return 0
}

/** Everything a first call needs: three published flows and a Key that is kept sealed, so that it can be shown again. */
async function makeDemo(folder: string): Promise<void> {
  // Under another name until it is whole: what was stopped half-way is made anew, never served half.
  const making = `${folder}.making`
  rmSync(making, { recursive: true, force: true })
  createWorkspace(making, 'demo')
  await withControl(making, {}, async (control) => {
    await control['secret.set']({ name: 'demo_key', value: newKey().key })
    for (const flow of ['support-answer', 'team-chat', 'ticket-triage'])
      await control.publish({ flow, note: 'As the template came' })
    return 0
  })
  try {
    renameSync(making, folder)
  } catch (cause) {
    rmSync(making, { recursive: true, force: true })
    throw new AppError('conflict', {
      message: `The demo cannot be made in "${folder}": there are other files. Name another folder: --folder <folder>.`,
      cause,
    })
  }
}
