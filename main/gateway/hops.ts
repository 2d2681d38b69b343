// A gateway that calls itself, however many others stand between: counted in `Sluice-Hops`, ended at the limit.
import { AppError } from '#shared/errors.ts'
import type { Exchange } from './exchange.ts'

export const hopsHeader = 'Sluice-Hops'
const maxHops = 8

/** How many gateways the request has passed before this one. Throws `loop_limit`, `invalid_request`. */
export function checkHops({ head }: Exchange): number {
  if (head.hop === undefined) return 0
  if (!/^[0-9]{1,4}$/.test(head.hop)) {
    throw new AppError('invalid_request', {
      message: `${hopsHeader} must be a number.`,
      details: { reason: 'hops' },
    })
  }
  const hops = Number(head.hop)
  if (hops < maxHops) return hops
  throw new AppError('loop_limit', {
    message: `The request has come through ${hops} gateways; it seems to go round in a circle.`,
    details: { reason: 'hops' },
  })
}
