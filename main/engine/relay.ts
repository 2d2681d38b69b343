// A stream that outlives the try that feeds it: when one breaks, its parts are void and the next one's follow.
import type { AppError } from '#shared/errors.ts'
import { type AnyLive, Live, type LiveKind, type Subscription } from '#shared/flow/live.ts'

export class Relay {
  readonly live: Live<unknown, unknown>
  #source: Subscription | null = null

  constructor(kind: AnyLive['kind']) {
    this.live = new Live(kind as LiveKind<unknown, unknown>)
    this.live.onDrain(() => this.#source?.resume())
  }

  from(source: AnyLive, on: { readonly end: () => void; readonly fail: (error: AppError) => void }): void {
    const live = source as unknown as Live<unknown, unknown>
    this.#source = live.read({
      part: (part) => this.live.push(part),
      end: (whole) => {
        this.live.end(whole)
        on.end()
      },
      fail: on.fail,
      restart: (reason) => this.live.restart(reason),
    })
  }

  restart(reason: AppError): void {
    this.#source = null
    this.live.restart(reason)
  }

  /** A try that does not stream: its value at once. A list of messages has no parts, only an end. */
  whole(value: unknown): void {
    if (this.live.kind.name === 'text') this.live.push(value)
    this.live.end(value)
  }
}
