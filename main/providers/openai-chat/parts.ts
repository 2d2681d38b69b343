// The parts of an answer as events: which one is open, what number the next one has, what is said of it at its end.
import type { Json, JsonObject } from '#shared/json.ts'
import type { StreamEvent } from '#shared/model/chat.ts'
import { chatDialect } from '#shared/model/messages.ts'

export type TextKind = 'text' | 'reasoning' | 'refusal'

export class Parts {
  readonly #emit: (event: StreamEvent) => void
  readonly #begin: () => void
  /** The part that text goes to; tool calls stay open beside it. */
  #open: { readonly kind: TextKind; readonly index: number } | undefined
  #count = 0
  #lastText = -1
  #details: readonly JsonObject[] = []

  /** @param begin called before the first part */
  constructor(emit: (event: StreamEvent) => void, begin: () => void) {
    this.#emit = emit
    this.#begin = begin
  }

  get count(): number {
    return this.#count
  }

  isOpen(kind: TextKind): boolean {
    return this.#open?.kind === kind
  }

  text(kind: TextKind, text: string): void {
    const { index } = this.#open?.kind === kind ? this.#open : this.openText(kind)
    this.#emit({ type: `${kind}-delta`, index, text })
  }

  openText(kind: TextKind): { readonly index: number } {
    this.close()
    this.#open = { kind, index: this.#start({ part: kind }) }
    return this.#open
  }

  openCall(id: string, name: string): number {
    this.close()
    return this.#start({ part: 'tool-call', id, name })
  }

  /** A part that comes all at once. */
  single(part: 'media' | 'opaque', fields: JsonObject, meta: Readonly<Record<string, Json>> = {}): void {
    this.close()
    const index = this.#start({ part })
    this.#emit({ type: 'part-meta', index, meta: { part: fields, ...meta } })
    this.#emit({ type: 'part-end', index })
  }

  /** Structure of the thoughts in the open part; told at its end. */
  get details(): readonly JsonObject[] {
    return this.#open?.kind === 'reasoning' ? this.#details : []
  }
  set details(details: readonly JsonObject[]) {
    this.#details = details
  }

  /** What belongs to the text: sources, citations. */
  note(notes: Readonly<Record<string, Json>>): void {
    const index = this.#open?.kind === 'text' ? this.#open.index : this.#lastText
    if (index >= 0) this.#emit({ type: 'part-meta', index, meta: { [chatDialect]: notes } })
  }

  close(): void {
    if (this.#open === undefined) return
    const { kind, index } = this.#open
    if (kind === 'reasoning' && this.#details.length > 0) {
      this.#emit({ type: 'part-meta', index, meta: { [chatDialect]: { reasoning_details: this.#details } } })
      this.#details = []
    }
    if (kind === 'text') this.#lastText = index
    this.#open = undefined
    this.#emit({ type: 'part-end', index })
  }

  #start(part: { part: TextKind | 'tool-call' | 'media' | 'opaque'; id?: string; name?: string }): number {
    if (this.#count === 0) this.#begin()
    const index = this.#count++
    this.#emit({ type: 'part-start', index, ...part })
    return index
  }
}
