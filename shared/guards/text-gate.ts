import type { Gate } from './gate.ts'
import { TextWindow, type WindowOptions } from './window.ts'

export class TextGate implements Gate<string> {
  readonly #window: TextWindow

  constructor(options: WindowOptions) {
    this.#window = new TextWindow(options)
  }

  get blocked() {
    return this.#window.blocked
  }
  get hits() {
    return this.#window.spans
  }
  push(part: string): readonly string[] {
    return some(this.#window.push(part))
  }
  end(): readonly string[] {
    return some(this.#window.end())
  }
  flush(): readonly string[] {
    return some(this.#window.flush())
  }
}

function some(text: string): readonly string[] {
  return text === '' ? [] : [text]
}
