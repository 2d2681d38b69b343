// Token counts of chat-completions servers as disjoint counts.
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import type { Usage } from '#shared/model/chat.ts'

/** Here the prompt includes what came from a cache, and the completion (mostly) includes the thinking. */
export function readUsage(raw: JsonObject): Usage {
  const prompt = count(raw.prompt_tokens) ?? count(raw.input_tokens)
  const completion = count(raw.completion_tokens) ?? count(raw.output_tokens)
  const read = object(raw.prompt_tokens_details ?? raw.input_tokens_details)
  const written = object(raw.completion_tokens_details ?? raw.output_tokens_details)
  const total = count(raw.total_tokens)

  const cacheRead =
    count(read.cached_tokens) ??
    count(raw.prompt_cache_hit_tokens) ??
    count(raw.cached_tokens) ??
    count(raw.cache_read_input_tokens)
  const cacheWrite =
    count(read.cache_write_tokens) ??
    count(read.cache_creation_tokens) ??
    count(raw.cache_creation_input_tokens)
  const reasoning = count(written.reasoning_tokens) ?? count(raw.reasoning_tokens)
  const inputAudio = count(read.audio_tokens)
  const outputAudio = count(written.audio_tokens)
  const told = thinking(prompt, completion, { reasoning, total })
  const usage: { -readonly [Name in keyof Usage]: Usage[Name] } = {
    input: prompt === null ? null : outside(prompt, (cacheRead ?? 0) + (cacheWrite ?? 0)),
    cacheRead,
    cacheWrite,
    output: told.output,
    reasoning: told.reasoning,
  }
  if (inputAudio !== null && inputAudio > 0) usage.inputAudio = inputAudio
  if (outputAudio !== null && outputAudio > 0) usage.outputAudio = outputAudio
  if (total !== null) usage.total = total
  return usage
}

/** More in the cache than in the prompt: then the prompt was counted without it. */
function outside(prompt: number, cached: number): number {
  return cached > prompt ? prompt : prompt - cached
}

function thinking(
  prompt: number | null,
  completion: number | null,
  { reasoning, total }: { readonly reasoning: number | null; readonly total: number | null },
): { readonly output: number | null; readonly reasoning: number | null } {
  if (completion === null || reasoning === null) return { output: completion, reasoning }
  // Some count thinking beside the completion. The total shows it; without one, a completion too small for it does.
  const beside =
    total === null || prompt === null ? reasoning > completion : total === prompt + completion + reasoning
  if (beside && reasoning > 0) return { output: completion, reasoning }
  const within = Math.min(reasoning, completion)
  return { output: completion - within, reasoning: within }
}

function object(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function count(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}
