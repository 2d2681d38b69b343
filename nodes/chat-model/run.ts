import type { ModelCall, Outlets, Prepare, Run, StepContext } from '#shared/flow/definition.ts'
import { answerOutlets, answerProblem } from '#shared/model/answer.ts'
import { composeRequest, targetsOf } from '#shared/model/compose.ts'
import { type BaseRequest, baseRequest } from '#shared/model/settings.ts'
import type { chatModel } from './node.ts'

interface Ready {
  readonly base: BaseRequest
  readonly targets: readonly string[]
  readonly accept: NonNullable<ModelCall['accept']>
}

export const prepare: Prepare<typeof chatModel, Ready> = ({ config }) => ({
  base: {
    ...baseRequest(config),
    ...(config.response_format === 'json' ? { output: { kind: 'json' } } : {}),
  },
  targets: [...config.targets],
  accept: (response) => answerProblem(response, config.truncated),
})

export const run: Run<typeof chatModel, Ready> = ({ config, ready, input, ctx }) => {
  const call: ModelCall = {
    targets: targetsOf(ready.targets, input.target),
    request: composeRequest(ready.base, input, ctx),
    advanceOn: config.advance_on,
    accept: ready.accept,
  }
  return ctx.streams ? stream(call, ctx) : whole(call, ctx)
}

function whole(call: ModelCall, ctx: StepContext): Promise<Outlets> {
  return ctx.models.chat(call).then(({ response }) => answerOutlets(response))
}

/** `text` and `message` run on while the rest is still to come. */
async function stream(call: ModelCall, ctx: StepContext): Promise<Outlets> {
  const { text, messages, done } = await ctx.models.stream(call)
  const answer = done.then(answerOutlets)
  const late = (name: keyof ReturnType<typeof answerOutlets>) => {
    const outlet = answer.then((outlets) => outlets[name])
    // A broken stream is told by `text` and `message`; whether this outlet is read is not known here.
    outlet.catch(() => undefined)
    return outlet
  }
  return {
    text,
    message: messages,
    tool_calls: late('tool_calls'),
    reasoning: late('reasoning'),
    finish: late('finish'),
    usage: late('usage'),
  }
}
