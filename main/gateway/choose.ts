// Which arm of a weighted Label answers: always the same one for the same sticky value.
import { bucketOf } from '#main/engine/bucket.ts'
import { AppError } from '#shared/errors.ts'
import type { KeyEntry, LabelTarget, ServedVersion } from './ports.ts'
import { checkServed, type Resolved } from './resolve.ts'

export interface Chosen {
  readonly version: ServedVersion
  /** Name of the arm; null where the Label is no split. */
  readonly arm: string | null
}

export interface Choice {
  readonly key: KeyEntry
  readonly metadata: Readonly<Record<string, string | number | boolean>>
  readonly run: string
  /** `options.variant`; its scope is checked where options are read. */
  readonly forced: string | null
}

/** Throws `gone` for a retired Version, `invalid_request` for an arm that does not exist. */
export function choose(resolved: Resolved, choice: Choice): Chosen {
  const { route, target } = resolved
  const chosen = target.kind === 'version' ? plain(target, choice) : arm(target, resolved, choice)
  checkServed(chosen.version, route)
  return chosen
}

function plain(target: Extract<LabelTarget, { kind: 'version' }>, { forced }: Choice): Chosen {
  if (forced !== null) throw unknownArm(forced)
  return { version: target.version, arm: null }
}

function arm(
  target: Extract<LabelTarget, { kind: 'split' }>,
  { route, label }: Resolved,
  choice: Choice,
): Chosen {
  const { forced, run } = choice
  if (forced !== null) {
    const found = target.arms.find(({ name }) => name === forced)
    if (!found) throw unknownArm(forced)
    return { version: found.version, arm: found.name }
  }
  const sticky = stickyValue(target.sticky, choice)
  const found = weighted(target.arms, `${route.slug}\n${label}\n${sticky ?? run}`)
  if (!found) throw new AppError('version_not_found', { message: 'Every arm of this label has weight 0.' })
  return { version: found.version, arm: found.name }
}

function stickyValue(sticky: string | null, { key, metadata }: Choice): string | undefined {
  if (sticky === null) return undefined
  if (sticky === 'consumer.id') return key.consumer.id
  const value = sticky.startsWith('metadata.') ? metadata[sticky.slice(9)] : undefined
  return value === undefined ? undefined : String(value)
}

function unknownArm(name: string): AppError {
  const message = `There is no variant "${name.slice(0, 40)}" here.`
  return new AppError('invalid_request', {
    message,
    details: { reason: 'unknown_variant', issues: [{ path: '/options/variant', rule: 'enum', message }] },
  })
}

/**
 * Weighted rendezvous hashing: each arm draws a lot from hash(value, arm), scaled by its weight, and the best lot wins.
 * Raising one weight only moves values to that arm, lowering it only moves values away from it, a new arm takes from all
 * alike, and the order of the arms means nothing. Cumulated shares would move values between arms nobody touched.
 */
export function weighted<Arm extends { readonly name: string; readonly weight: number }>(
  arms: readonly Arm[],
  value: string,
): Arm | undefined {
  let best: Arm | undefined
  let lowest = Number.POSITIVE_INFINITY
  for (const candidate of arms) {
    if (!(candidate.weight > 0)) continue
    const lot = -Math.log(1 - bucketOf(candidate.name, value)) / candidate.weight
    if (lot < lowest) {
      lowest = lot
      best = candidate
    }
  }
  return best
}
