// The workspace as a command reaches it: through the server that runs on the folder, else in this process.

import { resolve } from 'node:path'
import { connectControl } from '#main/api/client.ts'
import { callOperation } from '#main/api/control.ts'
import { readServerFile } from '#main/api/server-file.ts'
import { controlOf } from '#main/publishing/control.ts'
import { createOutside } from '#main/publishing/outside.ts'
import { readOptions, usableProject } from '#main/publishing/parts.ts'
import { storeKey } from '#main/publishing/store-key.ts'
import { secrets } from '#main/secrets/secrets.ts'
import { openStore } from '#main/store/open.ts'
import { readWorkspace } from '#main/workspace/read.ts'
import { type Control, controlContract, type Operation } from '#shared/api/control.ts'
import { AppError } from '#shared/errors.ts'
import { appVersion } from '../version.ts'
import type { ExitCode } from './exit.ts'
import { dataFolder, dataKeyFile, storeFile, workspaceFolder } from './folders.ts'
import { note } from './print.ts'

export interface ControlOptions {
  readonly store?: string
  /** Overlay; a running server keeps its own. */
  readonly env?: string
}

export async function withControl(
  folder: string,
  options: ControlOptions,
  work: (control: Control) => Promise<ExitCode>,
): Promise<ExitCode> {
  const root = workspaceFolder(folder)
  const running = readServerFile(dataFolder(root))
  const remote = running && (await connectControl(running))
  if (!remote) return await withOwn(root, options, work)
  if (
    options.store !== undefined &&
    running?.store !== undefined &&
    resolve(options.store) !== running.store
  ) {
    throw new AppError('conflict', {
      message: `The server that runs on this workspace uses the store ${running.store}. Leave out --store, or stop the server first.`,
    })
  }
  return await work(remote)
}

async function withOwn(
  folder: string,
  { store: storePath, env }: ControlOptions,
  work: (control: Control) => Promise<ExitCode>,
): Promise<ExitCode> {
  const file = storeFile(folder, storePath)
  const store = openStore(file)
  let outside: Awaited<ReturnType<typeof createOutside>> | undefined
  try {
    const key = storeKey(store, dataKeyFile(file), { env: process.env, report: note })
    const own = secrets({ dataKey: key, env: process.env, table: store.secrets })
    const project = () => usableProject(readWorkspace(folder, readOptions(env)))
    const handlers = controlOf({
      folder,
      overlay: env,
      app: appVersion,
      actor: 'cli',
      store,
      secrets: own,
      dataKey: key,
      env: process.env,
      project,
      outside: async () => {
        outside ??= await createOutside(project(), { secret: (name) => own.get(name), env: process.env })
        return outside
      },
      status: () => {
        throw new AppError('upstream_unavailable', { message: 'No server runs on this workspace.' })
      },
      changed: () => undefined,
    })
    const call = (name: Operation) => (input: unknown) => callOperation(handlers, name, input)
    const control = Object.fromEntries(
      (Object.keys(controlContract) as Operation[]).map((name) => [name, call(name)]),
    )
    return await work(control as unknown as Control)
  } finally {
    await outside?.close()
    store.close()
  }
}
