// Token counts in the words of each surface. Ours are disjoint; null is unknown.
import type { JsonObject } from '#shared/json.ts'
import type { Usage } from '#shared/model/chat.ts'

export interface RestUsage extends JsonObject {
  readonly input_tokens: number | null
  readonly cache_read_tokens: number | null
  readonly cache_write_tokens: number | null
  readonly output_tokens: number | null
  readonly reasoning_tokens: number | null
  readonly total_tokens: number | null
  readonly model_calls: number
}

export function restUsage(usage: Usage, modelCalls: number): RestUsage {
  const { input, cacheRead, cacheWrite, output, reasoning } = usage
  // A part that the vendor does not tell apart stands in input or output, so the sum is known without it.
  const total =
    input === null || output === null
      ? null
      : input + output + (cacheRead ?? 0) + (cacheWrite ?? 0) + (reasoning ?? 0)
  return {
    input_tokens: input,
    cache_read_tokens: cacheRead,
    cache_write_tokens: cacheWrite,
    output_tokens: output,
    reasoning_tokens: reasoning,
    total_tokens: total,
    model_calls: modelCalls,
  }
}

/** Null when nothing is known; a part that is not known counts as nothing, for this shape has no word for it. */
export function openaiUsage(usage: Usage): JsonObject | null {
  const { input, cacheRead, cacheWrite, output, reasoning } = usage
  if (input === null && output === null) return null
  const prompt = (input ?? 0) + (cacheRead ?? 0) + (cacheWrite ?? 0)
  const completion = (output ?? 0) + (reasoning ?? 0)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cacheRead ?? 0 },
    completion_tokens_details: { reasoning_tokens: reasoning ?? 0 },
  }
}
