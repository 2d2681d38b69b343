// The one reducer from stream events to an answer: whole answers, collected streams and live views all pass here,
// so they cannot differ.
import { AppError } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import {
  type AssistantPart,
  type ChatResponse,
  type Finish,
  type MediaPart,
  type ModelWarning,
  type OpaquePart,
  type PartKind,
  type ProviderError,
  type StreamEvent,
  type Usage,
  unknownUsage,
} from './chat.ts'

/**
 * In `part-meta` the key `part` holds fields of the part itself (signature, annotations, the media source, an opaque
 * value); every other key is a dialect and ends in `part.meta`.
 */
export const ownFields = 'part'

interface Slot {
  readonly kind: PartKind
  readonly id: string
  readonly name: string
  text: string
  fields: JsonObject | undefined
  meta: Readonly<Record<string, Json>> | undefined
}

/** Events in, answer out; may be asked for its parts at any time. */
export class Fold {
  readonly #slots: Slot[] = []
  #start: { readonly id: string; readonly model: string; readonly created: number } | undefined
  #usage: Usage = unknownUsage
  #finish: Finish | undefined
  #error: ProviderError | undefined

  get finish(): Finish | undefined {
    return this.#finish
  }
  get error(): ProviderError | undefined {
    return this.#error
  }
  get usage(): Usage {
    return this.#usage
  }

  push(event: StreamEvent): void {
    switch (event.type) {
      case 'text-delta':
      case 'reasoning-delta':
      case 'refusal-delta':
      case 'args-delta': {
        const slot = this.#slots[event.index]
        if (slot !== undefined) slot.text += event.text
        return
      }
      case 'part-start':
        this.#slots[event.index] = {
          kind: event.part,
          id: event.id ?? '',
          name: event.name ?? '',
          text: '',
          fields: undefined,
          meta: undefined,
        }
        return
      case 'part-meta':
        this.#addMeta(event.index, event.meta)
        return
      case 'start':
        this.#start ??= event
        return
      case 'usage':
        this.#usage = event.usage
        return
      case 'finish':
        this.#finish = event.finish
        this.#usage = event.usage
        return
      case 'error':
        this.#error = event.error
        return
      case 'part-end':
      case 'raw':
        return
    }
  }

  /** What has arrived so far. */
  parts(): AssistantPart[] {
    return this.#slots.map(toPart)
  }

  /** @throws AppError `upstream_bad_response` when the answer has no end. */
  response(timing: ChatResponse['timing'], warnings: readonly ModelWarning[] = []): ChatResponse {
    const finish = this.#finish
    if (finish === undefined) {
      throw new AppError('upstream_bad_response', { message: 'The answer of the model broke off.' })
    }
    const parts = this.parts()
    return {
      id: this.#start?.id ?? '',
      model: this.#start?.model ?? '',
      created: this.#start?.created ?? 0,
      parts,
      finish,
      usage: this.#usage,
      warnings: withBrokenCalls(parts, warnings),
      timing,
    }
  }

  #addMeta(index: number, meta: Readonly<Record<string, Json>>): void {
    const slot = this.#slots[index]
    if (slot === undefined) return
    const { [ownFields]: fields, ...dialects } = meta
    if (fields !== undefined) slot.fields = { ...slot.fields, ...(fields as JsonObject) }
    if (Object.keys(dialects).length > 0) slot.meta = { ...slot.meta, ...dialects }
  }
}

/** @throws AppError `upstream_bad_response` when the events have no `finish`. */
export function foldStream(events: Iterable<StreamEvent>, timing: ChatResponse['timing']): ChatResponse {
  const fold = new Fold()
  for (const event of events) fold.push(event)
  return fold.response(timing)
}

/** The parts of a stream, complete or not. */
export function foldParts(events: Iterable<StreamEvent>): AssistantPart[] {
  const fold = new Fold()
  for (const event of events) fold.push(event)
  return fold.parts()
}

function toPart(slot: Slot, index: number): AssistantPart {
  const extra = slot.meta === undefined ? slot.fields : { ...slot.fields, meta: slot.meta }
  switch (slot.kind) {
    case 'text':
      return { type: 'text', text: slot.text, ...extra }
    case 'reasoning':
      return { type: 'reasoning', text: slot.text, index, ...extra }
    case 'refusal':
      return { type: 'refusal', text: slot.text, ...extra }
    case 'tool-call': {
      const custom = slot.fields?.custom === true
      const argsText = slot.text.trim() === '' && !custom ? '{}' : slot.text
      const args = custom ? undefined : parseArgs(argsText)
      const call = { type: 'tool-call', id: slot.id, name: slot.name, argsText } as const
      return args === undefined ? { ...call, ...extra } : { ...call, args, ...extra }
    }
    // A media or opaque part has no deltas: its one `part-meta` brings all fields, checked by the adapter.
    case 'media':
      return extra as unknown as MediaPart
    case 'opaque':
      return { type: 'opaque', ...extra } as unknown as OpaquePart
  }
}

function parseArgs(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

function withBrokenCalls(
  parts: readonly AssistantPart[],
  warnings: readonly ModelWarning[],
): readonly ModelWarning[] {
  let all = warnings
  for (const part of parts) {
    if (part.type !== 'tool-call' || part.args !== undefined || part.custom === true) continue
    const message = `The model called ${part.name} with arguments that are not valid JSON.`
    all = [...all, { code: 'tool_arguments_invalid', message }]
  }
  return all
}
