import type { Prepare, Run, Span } from '#shared/flow/definition.ts'
import type { Stage } from '#shared/guards/config.ts'
import { guard } from '#shared/guards/guard.ts'
import { inSlices } from '#shared/guards/inspect-long.ts'
import type { Finding, Hit, Judge } from '#shared/guards/judge.ts'
import { Mask, vaultOf } from '#shared/guards/mask.ts'
import { literalKind } from '#shared/guards/tokens.ts'
import type { guardPii } from './node.ts'

interface Ready {
  readonly scan: (text: string) => readonly Span[]
  readonly stage: Stage
  readonly hash: string | undefined
  readonly pause: (() => Promise<void>) | undefined
}

/** Five words behind a number may say what it is. */
const lookahead = 96

export const prepare: Prepare<typeof guardPii, Ready> = ({ config, build }) => ({
  scan: build.guards.pii({
    kinds: config.kinds,
    regions: config.regions,
    custom: config.custom.map(({ name, pattern, checksum, context }) => ({
      name,
      pattern,
      ...(checksum === undefined ? {} : { checksum }),
      ...(context === undefined ? {} : { context }),
    })),
  }),
  stage: config.stage ?? build.stage,
  hash: build.guards.rules,
  pause: build.guards.pause,
})

export const run: Run<typeof guardPii, Ready> = ({ config, ready, input, ctx }) => {
  const { scan, stage, hash, pause } = ready
  const mask = new Mask(
    vaultOf(ctx.run),
    config.custom.map(({ name }) => name),
  )
  const reversible = config.action === 'rewrite' && config.reversible
  const inspect = (text: string): Finding | undefined => {
    const spans = scan(text)
    const literals = reversible ? mask.literals(text, spans) : []
    const hits = [...spans, ...literals].sort((a, b) => a.start - b.start).map(hitOf)
    const [first] = hits
    return first && { reason: first.reason, spans: hits }
  }
  const judge: Judge = {
    inspect,
    replace: (text, { kind, start, end }) => mask.token(kind, text.slice(start, end)),
    lookahead,
    ...(hash === undefined ? {} : { rules: hash }),
    ...(pause && {
      inspectLong: async (text) => {
        const spans = await inSlices(text, inspect, { lookahead, pause })
        const [first] = spans
        return first && { reason: first.reason, spans }
      },
    }),
  }
  const map = reversible ? () => mask.map() : undefined
  return guard({ ctx, config, stage, value: input.value, judge, ...(map && { map }) })
}

/** A text that only looks like a token is no personal data, but it must come back as it was. */
function hitOf(span: Span): Hit {
  return { ...span, reason: span.kind === literalKind ? 'token_text' : 'pii' }
}
