// What an adapter is: pure functions between our model and one wire format. All I/O is `main/outbound`'s.
import type { Headers } from '#main/outbound/exchange.ts'
import type {
  ChatRequest,
  ChatResponse,
  ModelWarning,
  ProviderError,
  StreamEvent,
} from '#shared/model/chat.ts'
import type { Quirks } from './quirks.ts'

/** One model of one Connection, as the adapter sees it. Made once. */
export interface Wire {
  readonly provider: string
  /** The provider's name for people. */
  readonly title: string
  /** The model id that is sent. */
  readonly model: string
  readonly quirks: Quirks
}

export interface Written {
  readonly body: string
  /** Settings and parts that had to be left out. */
  readonly warnings: readonly ModelWarning[]
  /** What has to be done to the text of a whole answer. */
  readonly adjust?: (text: string) => string
}

export interface Failure {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/** Reads one answer, whole or in events; tells its events in order, `finish` or `error` last and once. */
export interface AnswerReader {
  /** One event of a stream. */
  event(data: string, name: string): void
  /** A whole answer, or an answer that was sent whole although a stream was asked for. */
  whole(body: string): void
  /** The stream ended properly; `left` stood after its last blank line. */
  end(left: string | undefined): void
  /** The stream broke: what was complete stays complete. */
  broken(error: ProviderError): void
  /** Nothing more will come out. */
  readonly over: boolean
  /** The answer has its finish reason: only its usage may be missing. */
  readonly complete: boolean
}

/** A whole answer that has been read: its error, or what its response is made of. */
export interface Answered {
  readonly error: ProviderError | undefined
  response(timing: ChatResponse['timing'], warnings: readonly ModelWarning[]): ChatResponse
}

/**
 * @example
 * const written = adapter.write(request, wire, true)
 * const reader = adapter.reader(wire, (event) => fold.push(event))
 */
export interface Adapter {
  readonly dialect: string
  /** Appended to the base URL. */
  readonly paths: { readonly chat: string; readonly models: string }
  /** @throws AppError `upstream_rejected` when the vendor cannot be told what was asked for */
  write(request: ChatRequest, wire: Wire, stream: boolean): Written
  reader(wire: Wire, stop: readonly string[], emit: (event: StreamEvent) => void): AnswerReader
  /** The same as folding the events of `reader`, at less cost. */
  whole(body: string, wire: Wire, stop: readonly string[]): Answered
  failure(failure: Failure, wire: Pick<Wire, 'provider' | 'title'>, now: number): ProviderError
  /** Ids in the answer of `paths.models`. */
  modelIds(body: string): readonly string[]
}
