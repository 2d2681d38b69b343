// Models for tests of nodes: they answer from a list and keep what they were asked.
import type { AppError } from '#shared/errors.ts'
import type { ModelCall, ModelStream, StepModels } from '#shared/flow/definition.ts'
import { liveText } from '#shared/flow/live.ts'
import { liveMessages } from '#shared/flow/live-messages.ts'
import type { AssistantPart, ChatResponse, FinishReason, Usage } from '#shared/model/chat.ts'

const usage: Usage = { input: 10, cacheRead: 2, cacheWrite: 0, output: 5, reasoning: 1 }

export function answer(
  parts: string | readonly AssistantPart[],
  finish: FinishReason = 'stop',
): ChatResponse {
  return {
    id: 'r1',
    model: 'echo-1',
    created: 0,
    parts: typeof parts === 'string' ? [{ type: 'text', text: parts }] : parts,
    finish: { reason: finish, raw: null },
    usage,
    warnings: [],
    timing: { firstByteMs: 1, totalMs: 2 },
  }
}

/** Answers in order; a call that the node does not accept fails with the node's error, as in the engine. */
export function fakeModels(answers: readonly ChatResponse[], facts?: StepModels['facts']) {
  const calls: ModelCall[] = []
  const next = (call: ModelCall): ChatResponse => {
    calls.push(call)
    const response = answers[calls.length - 1]
    if (!response) throw new Error(`no answer for call ${calls.length}`)
    return response
  }
  const models: StepModels = {
    chat: async (call) => {
      const response = next(call)
      const refused = call.accept?.(response)
      if (refused) throw refused
      return { response, target: call.targets[0] ?? '' }
    },
    stream: async (call) => streamOf(next(call), call),
    ...(facts ? { facts } : {}),
  }
  return { models, calls }
}

/** Text in two parts; the verdict of the node comes before the live values end, as in the engine. */
function streamOf(response: ChatResponse, call: ModelCall): ModelStream {
  const text = response.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
  const live = liveText()
  const messages = liveMessages()
  const { promise: done, resolve, reject } = Promise.withResolvers<ChatResponse>()
  const refused: AppError | undefined = call.accept?.(response)
  queueMicrotask(() => {
    if (text !== '') {
      live.push(text.slice(0, 2))
      live.push(text.slice(2))
    }
    if (refused) {
      live.fail(refused)
      messages.fail(refused)
      reject(refused)
    } else {
      live.end()
      messages.end([{ role: 'assistant', parts: response.parts }])
      resolve(response)
    }
  })
  return {
    target: call.targets[0] ?? '',
    text: Promise.resolve(text === '' ? undefined : live),
    messages,
    done,
  }
}
