// The data key of a store. Another one would open no secret and know no caller's key, and every call would fail without
// a word why; so the store remembers which one it was made with.
import { dataKey } from '#main/secrets/data-key.ts'
import { derive } from '#main/secrets/seal.ts'
import type { Store } from '#main/store/open.ts'
import { AppError } from '#shared/errors.ts'

/** @throws AppError when keys or secrets were made with another data key */
export function storeKey(
  store: Pick<Store, 'meta' | 'keys' | 'secrets'>,
  file: string,
  { env, report }: { env: Readonly<Record<string, string | undefined>>; report: (line: string) => void },
): Uint8Array {
  const key = dataKey(file, env, report)
  const mark = derive(key, 'mark').toString('hex').slice(0, 32)
  const known = store.meta.get('data_key')
  if (known === mark) return key
  if (known !== undefined && (store.keys.list().length > 0 || store.secrets.list().length > 0))
    throw new AppError('internal', {
      message: `The data key is not the one that this store was made with, so its keys and secrets cannot be used. Put that one back: as ${file}, or in SLUICE_DATA_KEY. If it is lost, move the store away, then make keys and secrets again.`,
    })
  store.meta.set('data_key', mark)
  return key
}
