// Unmasking on streams: text leaves as soon as it cannot be part of a token, tool-call arguments once they are whole.
import { type AnyLive, Live } from '../flow/live.ts'
import type { StreamEvent } from '../model/chat.ts'
import { type Unmask, UnmaskStream } from './unmask.ts'
import { walkJsonText } from './walk-texts.ts'

export function unmaskLive(input: AnyLive, unmask: Unmask): AnyLive {
  return input.kind.name === 'text'
    ? restored(input as Live<string, unknown>, () => new TextUnmask(unmask))
    : restored(input as Live<StreamEvent, unknown>, () => new MessageUnmask(unmask))
}

interface Restorer<Part> {
  push(part: Part): readonly Part[]
  end(): readonly Part[]
}

function restored<Part>(input: Live<Part, unknown>, make: () => Restorer<Part>): AnyLive {
  const out = new Live<Part, unknown>(input.kind)
  let restorer = make()
  const push = (parts: readonly Part[]) => parts.reduce((room, part) => out.push(part) && room, true)
  const subscription = input.read({
    part: (part) => push(restorer.push(part)),
    end: () => {
      push(restorer.end())
      out.end()
    },
    fail: (error) => out.fail(error),
    restart: (reason) => {
      restorer = make()
      out.restart(reason)
    },
  })
  out.onDrain(() => subscription.resume())
  out.onCancel(() => subscription.cancel())
  return out as unknown as AnyLive
}

class TextUnmask implements Restorer<string> {
  readonly #stream: UnmaskStream

  constructor(unmask: Unmask) {
    this.#stream = new UnmaskStream(unmask)
  }
  push(part: string): readonly string[] {
    return some(this.#stream.push(part))
  }
  end(): readonly string[] {
    return some(this.#stream.end())
  }
}

function some(text: string): readonly string[] {
  return text === '' ? [] : [text]
}

type Delta = Extract<StreamEvent, { type: 'text-delta' | 'reasoning-delta' | 'refusal-delta' }>

class MessageUnmask implements Restorer<StreamEvent> {
  readonly #unmask: Unmask
  readonly #texts = new Map<number, { readonly stream: UnmaskStream; readonly type: Delta['type'] }>()
  readonly #args = new Map<number, string>()

  constructor(unmask: Unmask) {
    this.#unmask = unmask
  }

  push(event: StreamEvent): readonly StreamEvent[] {
    switch (event.type) {
      case 'text-delta':
      case 'reasoning-delta':
      case 'refusal-delta': {
        const { index, type } = event
        let open = this.#texts.get(index)
        if (!open) {
          open = { stream: new UnmaskStream(this.#unmask), type }
          this.#texts.set(index, open)
        }
        return delta(type, index, open.stream.push(event.text))
      }
      case 'args-delta':
        this.#args.set(event.index, (this.#args.get(event.index) ?? '') + event.text)
        return []
      case 'part-end':
        return [...this.#close(event.index), event]
      case 'finish':
      case 'error':
        return [...this.end(), event]
      default:
        return [event]
    }
  }

  end(): readonly StreamEvent[] {
    return [...this.#texts.keys(), ...this.#args.keys()].flatMap((index) => this.#close(index))
  }

  #close(index: number): readonly StreamEvent[] {
    const open = this.#texts.get(index)
    if (open) {
      this.#texts.delete(index)
      return delta(open.type, index, open.stream.end())
    }
    const args = this.#args.get(index)
    if (args === undefined) return []
    this.#args.delete(index)
    const text = walkJsonText(args, '', 'other', (string) => this.#unmask.edits(string))
    return [{ type: 'args-delta', index, text }]
  }
}

function delta(type: Delta['type'], index: number, text: string): readonly StreamEvent[] {
  return text === '' ? [] : [{ type, index, text }]
}
