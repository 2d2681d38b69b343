// The gate for the events of one assistant message: a window per text, tool-call arguments whole.
import type { StreamEvent } from '../model/chat.ts'
import type { Edit } from './edits.ts'
import type { Gate } from './gate.ts'
import type { Finding, Hit } from './judge.ts'
import { walkJsonText } from './walk-texts.ts'
import { TextWindow, type WindowOptions } from './window.ts'

type Delta = Extract<StreamEvent, { type: 'text-delta' | 'reasoning-delta' | 'refusal-delta' }>

interface OpenText {
  readonly window: TextWindow
  readonly type: Delta['type']
}

/** `raw` events hold the vendor's own bytes, which nobody checked: they end here. */
export class MessagesGate implements Gate<StreamEvent> {
  blocked: Finding | undefined
  readonly hits: (Hit & { readonly part?: string })[] = []
  readonly #options: WindowOptions
  readonly #texts = new Map<number, OpenText>()
  readonly #args = new Map<number, string>()
  /** Events that say nothing yet; they leave with the first text, so that a block before it takes nothing. */
  #waiting: StreamEvent[] = []

  constructor(options: WindowOptions) {
    this.#options = options
  }

  push(event: StreamEvent): readonly StreamEvent[] {
    switch (event.type) {
      case 'text-delta':
      case 'reasoning-delta':
      case 'refusal-delta':
        return this.#text(event)
      case 'args-delta':
        this.#args.set(event.index, (this.#args.get(event.index) ?? '') + event.text)
        return []
      case 'part-end':
        return this.#partEnd(event)
      case 'finish':
      case 'error':
        return this.#leave([...this.end(), event])
      case 'raw':
        return []
      default:
        this.#waiting.push(event)
        return []
    }
  }

  end(): readonly StreamEvent[] {
    const out = [...this.#texts.keys(), ...this.#args.keys()].flatMap((index) => this.#close(index))
    return this.#leave(out, true)
  }

  flush(): readonly StreamEvent[] {
    const out: StreamEvent[] = [...this.#waiting]
    this.#waiting = []
    for (const [index, { window, type }] of this.#texts) out.push({ type, index, text: window.flush() })
    for (const [index, text] of this.#args) out.push({ type: 'args-delta', index, text })
    this.#texts.clear()
    this.#args.clear()
    return out
  }

  #text(event: Delta): readonly StreamEvent[] {
    const { index, type } = event
    let open = this.#texts.get(index)
    if (!open) {
      open = { window: new TextWindow(this.#options), type }
      this.#texts.set(index, open)
    }
    const text = open.window.push(event.text)
    this.#stop(open.window, index)
    return text === '' ? [] : this.#leave([{ type, index, text }])
  }

  #partEnd(event: Extract<StreamEvent, { type: 'part-end' }>): readonly StreamEvent[] {
    const out = this.#close(event.index)
    if (out.length > 0) return this.#leave([...out, event])
    this.#waiting.push(event)
    return []
  }

  #close(index: number): readonly StreamEvent[] {
    const open = this.#texts.get(index)
    if (open) {
      this.#texts.delete(index)
      const text = open.window.end()
      this.#stop(open.window, index)
      for (const hit of open.window.spans) this.hits.push({ ...hit, part: `/0/parts/${index}/text` })
      return text === '' ? [] : [{ type: open.type, index, text }]
    }
    const args = this.#args.get(index)
    if (args === undefined) return []
    this.#args.delete(index)
    return [{ type: 'args-delta', index, text: this.#checkedArgs(args, index) }]
  }

  #checkedArgs(args: string, index: number): string {
    const { inspect, replace, action } = this.#options
    const part = `/0/parts/${index}/argsText`
    const found: (Hit & { readonly part: string })[] = []
    const checked = walkJsonText(args, part, 'other', (text, { offset }) => {
      const finding = inspect(text)
      if (!finding) return undefined
      const edits: Edit[] = []
      for (const hit of finding.spans) {
        found.push({ ...hit, start: offset(hit.start), end: offset(hit.end), part })
        if (action === 'rewrite') edits.push({ start: hit.start, end: hit.end, text: replace(text, hit) })
      }
      return edits
    })
    const [first] = found
    if (first && action === 'block') this.blocked ??= { reason: first.reason, spans: found }
    else this.hits.push(...found)
    return checked
  }

  #stop(window: TextWindow, index: number): void {
    if (!window.blocked) return
    const part = `/0/parts/${index}/text`
    const spans = window.blocked.spans.map((span) => ({ ...span, part }))
    this.blocked ??= { reason: window.blocked.reason, spans }
  }

  #leave(events: readonly StreamEvent[], all = false): readonly StreamEvent[] {
    if (this.blocked || (events.length === 0 && !all)) return []
    const out = [...this.#waiting, ...events]
    this.#waiting = []
    return out
  }
}
