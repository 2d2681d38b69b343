import type { RuleCheck } from '#shared/flow/definition.ts'
import type { Rule } from '#shared/guards/rule-config.ts'
import { canary } from './canary.ts'
import { code } from './code.ts'
import { contains } from './contains.ts'
import { jsonKeys } from './json-keys.ts'
import { language } from './language.ts'
import { length } from './length.ts'
import { link } from './link.ts'
import { pattern } from './pattern.ts'
import { profanity } from './profanity.ts'
import { secret } from './secret.ts'
import { url } from './url.ts'

export function buildRule(rule: Rule): RuleCheck {
  switch (rule.kind) {
    case 'pattern':
      return pattern(rule)
    case 'contains':
      return contains(rule)
    case 'length':
      return length(rule)
    case 'language':
      return language(rule)
    case 'url':
      return url(rule)
    case 'link':
      return link(rule)
    case 'code':
      return code(rule)
    case 'secret':
      return secret(rule)
    case 'canary':
      return canary(rule)
    case 'profanity':
      return profanity(rule)
    case 'json_keys':
      return jsonKeys(rule)
  }
}
