// The workspace as a command reaches it: through the server that runs on the folder, else in this process.
import { connectControl } from '#main/api/client.ts'
import { callOperation } from '#main/api/control.ts'
import { readServerFile } from '#main/api/server-file.ts'
import { controlOf } from '#main/publishing/control.ts'
import { createOutside } from '#main/publishing/outside.ts'
import { readOptions } from '#main/publishing/parts.ts'
import { dataKey } from '#main/secrets/data-key.ts'
import { secrets } from '#main/secrets/secrets.ts'
import { openStore } from '#main/store/open.ts'
import { readWorkspace } from '#main/workspace/read.ts'
import { type Control, controlContract, type Operation } from '#shared/api/control.ts'
import { AppError } from '#shared/errors.ts'
import { formatProblem } from '#shared/flow/diagnostics.ts'
import { appVersion } from '../version.ts'
import type { ExitCode } from './exit.ts'
import { dataFolder, dataKeyFile, storeFile, workspaceFolder } from './folders.ts'

export async function withControl(
  folder: string,
  options: { readonly store?: string },
  work: (control: Control) => Promise<ExitCode>,
): Promise<ExitCode> {
  const root = workspaceFolder(folder)
  const running = readServerFile(dataFolder(root))
  const remote = running && (await connectControl(running))
  return remote ? await work(remote) : await withOwn(root, options.store, work)
}

async function withOwn(
  folder: string,
  storePath: string | undefined,
  work: (control: Control) => Promise<ExitCode>,
): Promise<ExitCode> {
  const file = storeFile(folder, storePath)
  const store = openStore(file)
  let outside: Awaited<ReturnType<typeof createOutside>> | undefined
  try {
    const key = dataKey(dataKeyFile(file), process.env)
    const own = secrets({ dataKey: key, env: process.env, table: store.secrets })
    const project = () => {
      const state = readWorkspace(folder, readOptions())
      if (state.project) return state.project
      const errors = state.problems.filter((problem) => problem.severity === 'error').map(formatProblem)
      throw new AppError('invalid_request', { message: `sluice.yaml cannot be used:\n${errors.join('\n')}` })
    }
    const handlers = controlOf({
      folder,
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
