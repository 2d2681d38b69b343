// One whole call: one promise from the request to the answer.
import type { Call } from '#main/outbound/exchange.ts'
import { type Answer, send } from '#main/outbound/send.ts'
import { SseParser } from '#main/outbound/sse.ts'
import type { AppError } from '#shared/errors.ts'
import type { ChatRequest, ChatResponse } from '#shared/model/chat.ts'
import { Fold } from '#shared/model/reduce.ts'
import type { Adapter, Answered, Written } from './adapter.ts'
import { appError, faultError } from './errors.ts'
import type { Target } from './target.ts'

/** Bytes of a whole answer. */
const maxBytes = 32 * 1024 * 1024

export interface CallOf {
  readonly adapter: Adapter
  readonly target: Target
  readonly request: ChatRequest
  readonly written: Written
  readonly call: Call
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export function chat(
  of: CallOf,
  done: (response: ChatResponse) => void,
  fail: (error: AppError) => void,
): void {
  const { target } = of
  const { wire } = target
  const where = { connection: target.connection.id, model: target.model }
  send(of.call, maxBytes, {
    answer(answer) {
      if (answer.status < 200 || answer.status > 299) {
        const { status, headers } = answer
        const failure = { status, headers, body: answer.body.toString('utf8') }
        fail(appError(of.adapter.failure(failure, wire, of.now()), where))
        return
      }
      const answered = readAnswer(of, answer)
      if (answered.error !== undefined) fail(appError(answered.error, where))
      else done(adjusted(answered.response(timing(answer), of.written.warnings), of.written))
    },
    fault: (fault) => fail(appError(faultError(fault, wire.provider, wire.title), where)),
  })
}

function readAnswer({ adapter, target, request }: CallOf, answer: Answer): Answered {
  const body = answer.body.toString('utf8')
  // Some servers stream whether they were asked to or not.
  if (body.startsWith('{') || !/^\s*(?:data|event|:)/.test(body)) {
    return adapter.whole(body, target.wire, request.stop)
  }
  const fold = new Fold()
  const reader = adapter.reader(target.wire, request.stop, (event) => fold.push(event))
  const parser = new SseParser((data, name) => reader.event(data, name))
  parser.push(answer.body)
  reader.end(parser.end())
  return fold
}

function timing({ firstByteMs, totalMs }: Answer): ChatResponse['timing'] {
  return { firstByteMs, totalMs }
}

function adjusted(response: ChatResponse, { adjust }: Written): ChatResponse {
  if (adjust === undefined) return response
  const parts = response.parts.map((part) =>
    part.type === 'text' ? { ...part, text: adjust(part.text) } : part,
  )
  return { ...response, parts }
}
