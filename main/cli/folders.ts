// Where a workspace keeps what is not in its files.
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isAlive, readServerFile } from '#main/api/server-file.ts'
import { AppError } from '#shared/errors.ts'
import { command } from './print.ts'

/** `.sluice` in the workspace folder: store, data key, address of a running server. Git ignores it. */
export function dataFolder(folder: string): string {
  return join(folder, '.sluice')
}

/** The store given, else the one of the server that runs on the folder, else the one in the folder. */
export function storeFile(folder: string, given?: string): string {
  if (given !== undefined) return resolve(given)
  const data = dataFolder(workspaceFolder(folder))
  const running = readServerFile(data)
  return running?.store !== undefined && isAlive(running.pid) ? running.store : join(data, 'store.db')
}

/** Beside the store, so that the two move together. */
export function dataKeyFile(store: string): string {
  return `${store}.key`
}

/** The absolute path of an existing workspace folder, or a sentence that says what is missing. */
export function workspaceFolder(folder: string): string {
  const path = resolve(folder)
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new AppError('not_found', {
      message: `There is no folder "${folder}". Make a workspace with: ${command()} init ${folder}`,
    })
  }
  if (!statSync(join(path, 'sluice.yaml'), { throwIfNoEntry: false })?.isFile()) {
    throw new AppError('not_found', {
      message: `"${folder}" is not a workspace: it has no sluice.yaml. Make one with: ${command()} init ${folder}`,
    })
  }
  return path
}
