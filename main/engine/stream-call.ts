// One streamed attempt. Until the first part of the answer it can fail like a whole call and be repeated; from then on
// a failure breaks the live values, and nothing is repeated (nodes.md 1.4).
import { AppError, toAppError } from '#shared/errors.ts'
import type { ModelStream } from '#shared/flow/definition.ts'
import { type LiveText, liveText } from '#shared/flow/live.ts'
import { liveMessages } from '#shared/flow/live-messages.ts'
import type { ChatResponse, ModelWarning, StreamEvent } from '#shared/model/chat.ts'
import { fromProvider } from '#shared/model/provider-error.ts'
import { Fold } from '#shared/model/reduce.ts'
import { answered, attemptOf, type Try } from './attempt.ts'

export function streamOnce(one: Try): Promise<ModelStream> {
  return new Promise((resolve, reject) => new StreamAttempt(one, { resolve, reject }).begin())
}

interface Settle<T> {
  resolve(value: T): void
  reject(error: AppError): void
}

class StreamAttempt {
  readonly #one: Try
  /** The attempt itself: resolved at the first part, rejected before. */
  readonly #opening: Settle<ModelStream>
  readonly #fold = new Fold()
  readonly #messages = liveMessages()
  readonly #text = settled<LiveText | undefined>()
  readonly #done = settled<ChatResponse>()
  readonly #startMs: number
  #live: LiveText | null = null
  #open = false
  #over = false
  #firstMs: number | null = null
  #textFull = false
  #messagesFull = false
  readonly #onEnd = () => this.#fail(this.#one.step.reason ?? new AppError('cancelled'))
  #handle: { resume(): void; readonly warnings?: readonly ModelWarning[] } | null = null

  constructor(one: Try, opening: Settle<ModelStream>) {
    this.#one = one
    this.#opening = opening
    this.#startMs = one.step.host.elapsed()
  }

  begin(): void {
    const { step } = this.#one
    this.#messages.onDrain(() => {
      this.#messagesFull = false
      this.#drained()
    })
    step.onEnd(this.#onEnd)
    try {
      const attempt = attemptOf(this.#one, true)
      this.#handle = step.host.context.effects.models.stream(attempt, (event) => this.#take(event))
    } catch (thrown) {
      this.#fail(toAppError(thrown))
    }
  }

  /** A node whose `accept` throws fails, and not the reader of the socket. */
  #take(event: StreamEvent): boolean {
    try {
      return this.#on(event)
    } catch (thrown) {
      this.#fail(toAppError(thrown))
      return true
    }
  }

  #on(event: StreamEvent): boolean {
    if (this.#over) return true
    if (event.type === 'error') {
      this.#fail(fromProvider(event.error, this.#one.facts))
      return true
    }
    this.#fold.push(event)
    if (isDelta(event)) this.#firstMs ??= this.#one.step.host.elapsed() - this.#startMs
    if (event.type === 'text-delta' && event.text !== '') this.#pushText(event.text)
    else if (this.#opens(event)) this.#begun()
    if (!this.#messages.push(event)) this.#messagesFull = true
    if (event.type === 'finish') this.#finish()
    return !this.#textFull && !this.#messagesFull
  }

  /** A refusal is for the node to judge at the end, where it says that it judges. */
  #opens(event: StreamEvent): boolean {
    if (event.type === 'part-start') return event.part === 'tool-call'
    return event.type === 'refusal-delta' && this.#one.call.accept === undefined
  }

  #begun(): void {
    if (this.#open) return
    this.#open = true
    this.#opening.resolve({
      target: this.#one.target,
      text: this.#text.promise,
      messages: this.#messages,
      done: this.#done.promise,
    })
  }

  #pushText(text: string): void {
    if (!this.#live) {
      this.#live = liveText()
      this.#live.onDrain(() => {
        this.#textFull = false
        this.#drained()
      })
    }
    // First the part, then the news of it: whoever gets the value finds it begun.
    if (!this.#live.push(text)) this.#textFull = true
    this.#begun()
    this.#text.resolve(this.#live)
  }

  #drained(): void {
    if (!this.#over && !this.#textFull && !this.#messagesFull) this.#handle?.resume()
  }

  #finish(): void {
    const { step, call, attempt } = this.#one
    const { host } = step
    const totalMs = host.elapsed() - this.#startMs
    const timing = { firstByteMs: this.#firstMs ?? totalMs, totalMs }
    const response = this.#fold.response(timing, this.#handle?.warnings)
    answered(this.#one, response)
    const refused = call.accept?.(response)
    if (refused) {
      this.#fail(refused)
      return
    }
    this.#over = true
    step.offEnd(this.#onEnd)
    step.ended(attempt, null)
    this.#begun()
    this.#live?.end()
    this.#text.resolve(undefined)
    this.#messages.end([{ role: 'assistant', parts: response.parts }])
    this.#done.resolve(response)
  }

  #fail(error: AppError): void {
    if (this.#over) return
    this.#over = true
    const { step, attempt, spending, facts } = this.#one
    step.offEnd(this.#onEnd)
    this.#recordPart()
    if (!this.#open) {
      this.#opening.reject(error)
      return
    }
    step.ended(attempt, error.code)
    spending?.settle(null)
    const known = facts ? { connection: facts.connection, model: facts.model } : {}
    const located = error.at({ node: step.node, ...known })
    this.#live?.fail(located)
    this.#text.reject(located)
    this.#messages.fail(located)
    this.#done.reject(located)
  }

  /** A vendor that told the usage before it broke off charges for it. */
  #recordPart(): void {
    const { usage } = this.#fold
    if (this.#fold.finish || (usage.input === null && usage.output === null)) return
    const totalMs = this.#one.step.host.elapsed() - this.#startMs
    const cut = new Fold()
    cut.push({ type: 'finish', finish: { reason: 'error', raw: null }, usage })
    answered(this.#one, {
      ...cut.response({ firstByteMs: this.#firstMs ?? totalMs, totalMs }),
      model: this.#one.facts?.model ?? this.#one.target,
    })
  }
}

function isDelta(event: StreamEvent): boolean {
  return (
    event.type === 'text-delta' ||
    event.type === 'reasoning-delta' ||
    event.type === 'refusal-delta' ||
    event.type === 'args-delta'
  )
}

/** A promise that may stay unheard: a node need not take every outlet of a stream. */
function settled<T>(): Settle<T> & { readonly promise: Promise<T> } {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}
