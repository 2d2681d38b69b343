// What guards are built from. Nothing heavy is made before a flow asks for it; what is made is shared by all flows.
import { createHash } from 'node:crypto'
import { AppError } from '#shared/errors.ts'
import type { GuardBuilders } from '#shared/flow/definition.ts'
import { withoutOverlaps } from '#shared/guards/overlaps.ts'
import { profanityLanguages, ruleProblem, ruleSchema } from '#shared/guards/rule-config.ts'
import { piiScan } from './pii/scan.ts'
import { buildRule } from './rules/build-rule.ts'
import { profanityWords } from './rules/profanity-words.ts'
import { ignored, secretRules } from './secret/rules.ts'
import { secretScan } from './secret/scan.ts'

/** Raised when a recogniser, a view or a list in code changes what is found. */
const revision = 1

let hash: string | undefined

/** Names the rules and lists that a verdict rests on. */
export function rulesHash(): string {
  hash ??= createHash('sha256')
    .update(JSON.stringify([revision, secretRules, ignored, profanityLanguages.map(profanityWords)]))
    .digest('hex')
    .slice(0, 16)
  return hash
}

export function guardBuilders(): GuardBuilders {
  return {
    get rules() {
      return rulesHash()
    },
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    pii: piiScan,
    secrets: secretScan,
    rule: (config) => {
      const parsed = ruleSchema.safeParse(config)
      if (!parsed.success) return undefined
      const problem = ruleProblem(parsed.data)
      if (problem !== undefined) throw new AppError('flow_error', { message: problem })
      const check = buildRule(parsed.data)
      // One place may be seen in several views.
      return (text) => {
        const found = check(text)
        return found && { reason: found.reason, spans: withoutOverlaps(found.spans) }
      }
    },
  }
}
