// The store for commands that only look: a workspace that was never served gets none by being asked.
import { existsSync } from 'node:fs'
import { openStore, type Store } from '#main/store/open.ts'
import { AppError } from '#shared/errors.ts'
import { storeFile } from './folders.ts'

export function existingStore(folder: string, given: string | undefined): Store | undefined {
  const file = storeFile(folder, given)
  if (existsSync(file)) return openStore(file)
  if (given === undefined) return undefined
  throw new AppError('not_found', { message: `There is no store "${given}".` })
}
