import type { Prepare, Run, StepContext } from '#shared/flow/definition.ts'
import { pickByWeight } from '#shared/flow/weights.ts'
import type { abSplit } from './node.ts'

type Weights = readonly (readonly [string, number])[]

export const prepare: Prepare<typeof abSplit, Weights> = ({ config }) => Object.entries(config.arms)

export const run: Run<typeof abSplit, Weights> = ({ config, ready, input, ctx }) => {
  const key = config.sticky === undefined ? undefined : stickyValue(config.sticky, ctx)
  const salt = config.salt ?? ctx.node
  const arm = pickByWeight(ready, key === undefined ? ctx.bucket(salt) : ctx.bucket(salt, key)) as string
  ctx.arm(arm)
  return { [arm]: input.value }
}

/** Undefined when the caller did not send it: the run id stands in. */
function stickyValue(sticky: string, { run: facts }: StepContext): string | undefined {
  if (sticky === 'consumer.id') return facts.consumer?.id
  const name = sticky.slice('metadata.'.length)
  return Object.hasOwn(facts.metadata, name) ? String(facts.metadata[name]) : undefined
}
