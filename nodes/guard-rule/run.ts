import { AppError } from '#shared/errors.ts'
import type { Builders, Prepare, RuleCheck, Run } from '#shared/flow/definition.ts'
import type { Stage } from '#shared/guards/config.ts'
import { guard } from '#shared/guards/guard.ts'
import { inSlices } from '#shared/guards/inspect-long.ts'
import type { Finding, Hit, Judge } from '#shared/guards/judge.ts'
import { withoutOverlaps } from '#shared/guards/overlaps.ts'
import { judgesWhole, type Rule } from '#shared/guards/rule-config.ts'
import type { JsonObject } from '#shared/json.ts'
import type { guardRule } from './node.ts'

interface Built {
  readonly whole: boolean
  /** With and without what is a secret only by the name beside it. */
  readonly chat: RuleCheck
  readonly tool: RuleCheck
}

interface Ready {
  readonly stage: Stage
  readonly judge: Judge
  /** For a value from outside, whatever its place says. */
  readonly outside: Judge
}

/** Hits may depend on so many characters behind them: the end of a token, of a link, of an encoded run. */
const lookahead = 48

export const prepare: Prepare<typeof guardRule, Ready> = ({ config, build }) => {
  const { guards } = build
  const stage = config.stage ?? build.stage
  const check = (rule: Rule): RuleCheck => {
    const built = guards.rule(rule as unknown as JsonObject)
    if (!built) throw new AppError('flow_error', { message: `There is no rule of the kind "${rule.kind}".` })
    return built
  }
  const rules = config.rules.map((rule): Built => {
    const whole = judgesWhole(rule)
    if (rule.kind !== 'secret' || rule.generic !== 'auto') {
      const built = check(rule)
      return { whole, chat: built, tool: built }
    }
    const tool = check({ ...rule, generic: 'on' })
    return { whole, chat: stage === 'output' ? tool : check({ ...rule, generic: 'off' }), tool }
  })
  const judge = judgeOf(rules, config.match, guards)
  const outside = judgeOf(
    rules.map(({ whole, tool }) => ({ whole, chat: tool, tool })),
    config.match,
    guards,
  )
  return { stage, judge, outside }
}

export const run: Run<typeof guardRule, Ready> = ({ config, ready, input, ctx }) => {
  const judge = ctx.untrusted('value') ? ready.outside : ready.judge
  return guard({ ctx, config, stage: ready.stage, value: input.value, judge })
}

function judgeOf(rules: readonly Built[], match: 'any' | 'all', guards: Builders['guards']): Judge {
  const { rules: hash, pause } = guards
  return {
    inspect: (text, place) => {
      const found: ReturnType<RuleCheck>[] = []
      for (const rule of rules) found.push(rule[place](text))
      return combine(found, match)
    },
    replace: (_text, hit) => hit.mask ?? '[REMOVED]',
    lookahead,
    ...(hash === undefined ? {} : { rules: hash }),
    ...(pause && {
      inspectLong: async (text, place) => {
        const found: ReturnType<RuleCheck>[] = []
        for (const rule of rules) found.push(await long(rule, rule[place], text, pause))
        return combine(found, match)
      },
    }),
  }
}

function combine(found: readonly ReturnType<RuleCheck>[], match: 'any' | 'all'): Finding | undefined {
  const hits = found.filter((hit) => hit !== undefined)
  if (hits.length === 0 || (match === 'all' && hits.length < found.length)) return undefined
  const spans = withoutOverlaps(
    hits.flatMap(({ reason, spans }) => spans.map((span): Hit => ({ ...span, reason }))),
  )
  const reason = spans[0]?.reason ?? hits[0]?.reason
  return reason === undefined ? undefined : { reason, spans }
}

async function long({ whole }: Built, check: RuleCheck, text: string, pause: () => Promise<void>) {
  if (whole) return check(text)
  const inspect = (slice: string) => combine([check(slice)], 'any')
  const spans = await inSlices(text, inspect, { lookahead, pause })
  const [first] = spans
  return first && { reason: first.reason, spans }
}
