import type { RuleCheck } from '#shared/flow/definition.ts'
import type { RuleOf } from '#shared/guards/rule-config.ts'
import { secretScan } from '../secret/scan.ts'

/** `auto` is the node's to decide; here it means off. */
export function secret({ generic }: RuleOf<'secret'>): RuleCheck {
  const scan = secretScan({ generic: generic === 'on' })
  return (text) => {
    const spans = scan(text)
    return spans.length === 0 ? undefined : { reason: 'secret', spans }
  }
}
