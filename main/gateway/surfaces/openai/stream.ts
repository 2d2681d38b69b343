// Events of a Run → `chat.completion.chunk`s. One state machine: role first, one finish, `[DONE]` last, nothing after it.
import type { AppError } from '#shared/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import type { StreamEvent } from '#shared/model/chat.ts'
import { chatDialect } from '#shared/model/messages.ts'
import type { RunEvent } from '#shared/run/events.ts'
import { openaiError } from '../../errors.ts'
import { answerShape } from '../answer.ts'
import type { Begun, Finished, StreamWriter } from '../call.ts'
import { openaiUsage } from '../usage.ts'
import { chatId, finishReason, mainMessage, seconds } from './response.ts'

export function chatWriter(begun: Begun): StreamWriter {
  const { main } = answerShape(begun.plan)
  const base = `{"id":${JSON.stringify(chatId(begun))},"object":"chat.completion.chunk","created":${seconds(begun)},"model":${JSON.stringify(begun.asked)}`
  const head = `data: ${base},"choices":[{"index":0,"delta":`
  const tail = `,"logprobs":null,"finish_reason":null}]${begun.usageChunk ? ',"usage":null' : ''}}\n\n`
  const calls = callNumbers()
  let began = false
  let sentMain = false

  /** The first chunk of a stream says who speaks. */
  function chunk(delta: string): string {
    const text = head + delta + tail
    if (began) return text
    began = true
    return `${head}{"role":"assistant","content":"","refusal":null}${tail}${text}`
  }
  function part(event: StreamEvent): string {
    switch (event.type) {
      case 'text-delta':
        return event.text === '' ? '' : chunk(`{"content":${JSON.stringify(event.text)}}`)
      case 'reasoning-delta':
        return event.text === '' ? '' : chunk(`{"reasoning_content":${JSON.stringify(event.text)}}`)
      case 'refusal-delta':
        return event.text === '' ? '' : chunk(`{"refusal":${JSON.stringify(event.text)}}`)
      case 'part-start':
        if (event.part !== 'tool-call') return ''
        return chunk(callStart(calls.open(event.index), event.id ?? '', event.name ?? ''))
      case 'args-delta':
        return event.text === '' ? '' : chunk(callArguments(calls.of(event.index), event.text))
      case 'part-meta':
        return calls.has(event.index) ? extra(calls.of(event.index), event.meta[chatDialect]) : ''
      default:
        return ''
    }
  }
  /** What a vendor wants back with a call, such as a signature of its thoughts (trap 63). */
  function extra(index: number, meta: Json | undefined): string {
    const extra_content = isJsonObject(meta) ? meta.extra_content : undefined
    return extra_content === undefined
      ? ''
      : chunk(JSON.stringify({ tool_calls: [{ index, extra_content }] }))
  }
  /** A main output that does not stream comes in one piece. */
  function whole(value: Json): string {
    const message = mainMessage(begun.plan.answer, main === undefined ? {} : { [main]: value })
    const { content, reasoning_content: reasoning, tool_calls: made } = message
    let text = ''
    if (typeof reasoning === 'string') text += chunk(JSON.stringify({ reasoning_content: reasoning }))
    if (content !== null && content !== undefined && content !== '')
      text += chunk(JSON.stringify({ content }))
    for (const call of Array.isArray(made) ? (made as readonly Json[]) : []) {
      if (isJsonObject(call))
        text += chunk(JSON.stringify({ tool_calls: [{ index: calls.next(), ...call }] }))
    }
    return text
  }

  return {
    event(event: RunEvent): string {
      if (event.type === 'delta') {
        if (event.field !== main) return ''
        const text =
          typeof event.part === 'string'
            ? event.part === ''
              ? ''
              : chunk(`{"content":${JSON.stringify(event.part)}}`)
            : part(event.part)
        if (text !== '') sentMain = true
        return text
      }
      if (event.type !== 'field' || event.field !== main || sentMain) return ''
      sentMain = true
      return whole(answerShape(begun.plan).field(event.field, event.value))
    },
    finished({ answer, totals, finish }: Finished): string {
      const message = mainMessage(begun.plan.answer, answer)
      const missed = sentMain || main === undefined ? '' : whole(answer[main] ?? null)
      const role = began ? '' : `${head}{"role":"assistant","content":"","refusal":null}${tail}`
      const reason = calls.any() ? 'tool_calls' : finishReason(message, finish)
      const last = `data: ${base},"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"${reason}"}]${begun.usageChunk ? ',"usage":null' : ''}}\n\n`
      const usage = begun.usageChunk
        ? `data: ${base},"choices":[],"usage":${JSON.stringify(openaiUsage(totals.usage))}}\n\n`
        : ''
      return `${missed}${role}${last}${usage}data: [DONE]\n\n`
    },
    failed: (error: AppError) => `data: ${JSON.stringify({ error: openaiError(error) })}\n\n`,
    ping: () => ': still working\n\n',
  }
}

function callStart(index: number, id: string, name: string): string {
  const call: JsonObject = { index, id, type: 'function', function: { name, arguments: '' } }
  return `{"tool_calls":[${JSON.stringify(call)}]}`
}

function callArguments(index: number, text: string): string {
  return `{"tool_calls":[{"index":${index},"function":{"arguments":${JSON.stringify(text)}}}]}`
}

/** Parts of an answer count all kinds; calls outward count 0, 1, 2 (trap 29). */
function callNumbers() {
  const byPart = new Map<number, number>()
  let count = 0
  return {
    next(): number {
      count += 1
      return count - 1
    },
    open(part: number): number {
      byPart.set(part, count)
      return this.next()
    },
    any: () => count > 0,
    has: (part: number) => byPart.has(part),
    of: (part: number) => byPart.get(part) ?? Math.max(0, count - 1),
  }
}
