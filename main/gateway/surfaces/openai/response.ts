// A finished Run → `chat.completion`.
import type { PlanAnswer } from '#shared/flow/plan.ts'
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import type { Begun, Finished } from '../call.ts'
import { openaiUsage } from '../usage.ts'

export function chatWhole(begun: Begun, outcome: Finished): string {
  const message = mainMessage(begun.plan.answer, outcome.answer)
  const usage = openaiUsage(outcome.totals.usage)
  return JSON.stringify({
    id: chatId(begun),
    object: 'chat.completion',
    created: seconds(begun),
    model: begun.asked,
    choices: [
      {
        index: 0,
        message: { refusal: null, ...message },
        logprobs: null,
        finish_reason: finishReason(message, outcome.finish),
      },
    ],
    ...(usage === null ? {} : { usage }),
  })
}

export function chatId({ id }: Begun): string {
  return `chatcmpl-${id.slice('run_'.length)}`
}

export function seconds({ createdAt }: Begun): number {
  return Math.floor(createdAt / 1000)
}

/** The main output as an assistant message. */
export function mainMessage({ fields, main }: PlanAnswer, answer: JsonObject): JsonObject {
  const field = fields[main]
  const value: Json = (field && answer[field.field]) ?? null
  switch (field?.type) {
    case 'messages': {
      const last = (value as readonly JsonObject[] | null)?.findLast(({ role }) => role === 'assistant')
      return last ?? { role: 'assistant', content: null }
    }
    case 'image':
      return { role: 'assistant', content: [{ type: 'image_url', image_url: { url: dataUrl(value) } }] }
    case 'audio':
      return { role: 'assistant', content: [{ type: 'input_audio', input_audio: audio(value) }] }
    default:
      return { role: 'assistant', content: contentText(value) }
  }
}

export function contentText(value: Json): string | null {
  return value === null || typeof value === 'string' ? value : JSON.stringify(value)
}

function dataUrl(value: Json): string {
  if (!isJsonObject(value)) return ''
  return typeof value.url === 'string' ? value.url : `data:${value.media_type};base64,${value.data}`
}

function audio(value: Json): JsonObject {
  const media = isJsonObject(value) ? value : {}
  return { data: media.data ?? '', format: String(media.media_type ?? 'audio/wav').split('/')[1] ?? 'wav' }
}

/** Calls decide, whatever the model said (trap 35). A guard block or a refusal never gets here. */
export function finishReason(message: JsonObject, finish: string | null): 'stop' | 'length' | 'tool_calls' {
  if (Array.isArray(message.tool_calls) && message.tool_calls.length > 0) return 'tool_calls'
  return finish === 'length' ? 'length' : 'stop'
}
