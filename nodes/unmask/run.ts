import type { Run } from '#shared/flow/definition.ts'
import { isLive } from '#shared/flow/live.ts'
import type { TokenMap } from '#shared/guards/mask.ts'
import { Unmask } from '#shared/guards/unmask.ts'
import { unmaskLive } from '#shared/guards/unmask-live.ts'
import { isJsonObject } from '#shared/json.ts'
import type { unmask } from './node.ts'

export const run: Run<typeof unmask> = ({ input }) => {
  const { value, map } = input
  const originals = new Unmask(isJsonObject(map) ? (map as TokenMap) : {})
  return { value: isLive(value) ? unmaskLive(value, originals) : originals.value(value) }
}
