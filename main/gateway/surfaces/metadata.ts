// Facts about a call that the caller gives: in the body, or in `Sluice-Metadata-<Name>` headers (the body wins).
import type { Json } from '#shared/json.ts'
import { isJsonObject } from '#shared/json.ts'
import type { Head } from '../head.ts'
import type { Metadata } from './call.ts'
import { type Faults, token } from './faults.ts'

const keyForm = /^[a-z][a-z0-9_]{0,39}$/
const maxKeys = 32
const maxText = 512

const empty: Metadata = Object.freeze(Object.create(null) as Metadata)

export interface MetadataSource {
  readonly given: Json | undefined
  readonly head: Head
  readonly require: readonly string[]
  /** Called for a key that has not our form; without it such a key is a fault. */
  readonly skip?: (key: string) => void
}

export function readMetadata({ given, head, require, skip }: MetadataSource, faults: Faults): Metadata {
  if (given === undefined && head.metadata === undefined && require.length === 0) return empty
  const metadata: Record<string, string | number | boolean> = Object.create(null)
  for (const [name, value] of head.metadata ?? []) {
    if (!keyForm.test(name)) faults.add(`/metadata/${token(name)}`, 'pattern', 'is no metadata name')
    else put(metadata, name, value, faults)
  }
  if (isJsonObject(given)) {
    for (const key of Object.keys(given)) {
      if (keyForm.test(key)) put(metadata, key, given[key] as Json, faults)
      else if (skip) skip(key)
      else faults.add(`/metadata/${token(key)}`, 'pattern', 'is no metadata name')
    }
  } else if (given !== undefined && given !== null) faults.add('/metadata', 'type', 'must be an object')
  if (Object.keys(metadata).length > maxKeys)
    faults.add('/metadata', 'maxProperties', `has more than ${maxKeys} keys`)
  for (const key of require) {
    if (metadata[key] === undefined)
      faults.add(`/metadata/${key}`, 'required', 'is required by this endpoint')
  }
  return metadata
}

function put(
  metadata: Record<string, string | number | boolean>,
  key: string,
  value: Json,
  faults: Faults,
): void {
  const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  if (!plain) faults.add(`/metadata/${key}`, 'type', 'must be a text, a number or a boolean')
  else if (typeof value === 'string' && value.length > maxText) {
    faults.add(`/metadata/${key}`, 'maxLength', `has more than ${maxText} characters`)
  } else metadata[key] = value
}
