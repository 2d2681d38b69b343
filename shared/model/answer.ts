// What a chat node makes of an answer.
import { AppError } from '../errors.ts'
import type { Json } from '../json.ts'
import { type AssistantMessage, type ChatResponse, type FinishReason, textOf, type Usage } from './chat.ts'

/**
 * The error that an answer amounts to, or undefined when it can be used: refused or filtered → `model_refused`, cut where
 * that is not wanted → `output_invalid`, neither text nor tool call → `upstream_bad_response`.
 */
export function answerProblem(response: ChatResponse, truncated: 'keep' | 'fail'): AppError | undefined {
  const { parts, finish } = response
  const refusal = parts.find((part) => part.type === 'refusal')
  if (finish.reason === 'content-filter')
    return new AppError('model_refused', {
      message: 'The content filter of the vendor stopped the answer.',
      details: { reason: 'content_filter' },
    })
  if (finish.reason === 'refusal' || refusal)
    return new AppError('model_refused', {
      message: 'The model refused to answer.',
      details: { reason: 'refusal' },
    })
  if (finish.reason === 'length' && truncated === 'fail')
    return new AppError('output_invalid', {
      message: 'The answer was cut at its longest length; raise max_tokens or ask for less.',
      details: { reason: 'truncated' },
    })
  if (parts.some((part) => part.type === 'tool-call' || (part.type === 'text' && part.text !== '')))
    return undefined
  return new AppError('upstream_bad_response', {
    message: 'The model gave neither text nor a tool call.',
    details: { reason: 'empty' },
  })
}

/** Outlets by name; one that has nothing to say is undefined. */
export function answerOutlets(response: ChatResponse) {
  const { parts, finish, usage } = response
  const calls = parts.filter((part) => part.type === 'tool-call')
  const reasoning = parts.map((part) => (part.type === 'reasoning' ? part.text : '')).join('')
  return {
    text: textOf(parts) || undefined,
    message: [{ role: 'assistant', parts }] satisfies readonly AssistantMessage[],
    tool_calls:
      calls.length === 0
        ? undefined
        : calls.map(({ id, name, args, argsText }) => ({
            id,
            name,
            arguments: args ?? null,
            arguments_text: argsText,
          })),
    reasoning: reasoning || undefined,
    finish: finishWord(finish.reason),
    usage: usageJson(usage),
  }
}

const finishWords: Readonly<Partial<Record<FinishReason, string>>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  refusal: 'refusal',
}

export function finishWord(reason: FinishReason): string {
  return finishWords[reason] ?? 'other'
}

/** Disjoint counts under the names of the REST answer; null = unknown. */
export function usageJson(usage: Usage): Json {
  const { input, cacheRead, cacheWrite, output, reasoning } = usage
  const known =
    input !== null && cacheRead !== null && cacheWrite !== null && output !== null && reasoning !== null
  const total = known ? input + cacheRead + cacheWrite + output + reasoning : (usage.total ?? null)
  return {
    input_tokens: input,
    cache_read_tokens: cacheRead,
    cache_write_tokens: cacheWrite,
    output_tokens: output,
    reasoning_tokens: reasoning,
    total_tokens: total,
  }
}
