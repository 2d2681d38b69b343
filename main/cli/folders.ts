// Where a workspace keeps what is not in its files.
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { AppError } from '#shared/errors.ts'

/** `.sluice` in the workspace folder: store, data key, address of a running server. Git ignores it. */
export function dataFolder(folder: string): string {
  return join(folder, '.sluice')
}

export function storeFile(folder: string, given?: string): string {
  return given === undefined ? join(dataFolder(workspaceFolder(folder)), 'store.db') : resolve(given)
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
      message: `There is no folder "${folder}". Make a workspace with: sluice init ${folder}`,
    })
  }
  if (!statSync(join(path, 'sluice.yaml'), { throwIfNoEntry: false })?.isFile()) {
    throw new AppError('not_found', {
      message: `"${folder}" is not a workspace: it has no sluice.yaml. Make one with: sluice init ${folder}`,
    })
  }
  return path
}
