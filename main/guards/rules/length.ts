import type { RuleCheck } from '#shared/flow/definition.ts'
import type { RuleOf } from '#shared/guards/rule-config.ts'

/** Characters are UTF-16 units, as everywhere in verdicts. */
const measures = {
  chars: (text: string) => text.length,
  words: (text: string) => text.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu)?.length ?? 0,
  lines: (text: string) => (text === '' ? 0 : text.split(/\r\n|\r|\n/).length),
} as const

export function length({ min = 0, max = Number.POSITIVE_INFINITY, unit }: RuleOf<'length'>): RuleCheck {
  return (text) => {
    const size = measures[unit](text)
    return size < min || size > max ? { reason: 'length', spans: [] } : undefined
  }
}
