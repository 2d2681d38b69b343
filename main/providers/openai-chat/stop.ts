// Stop texts for vendors and models that do not take them: the answer is cut here, as the vendor would have cut it.
import type { StreamEvent } from '#shared/model/chat.ts'

/** Wraps `emit`; text that may be the beginning of a stop text is held back. */
export function cutAtStop(
  stops: readonly string[],
  emit: (event: StreamEvent) => void,
): (event: StreamEvent) => void {
  const started = new Set<number>()
  let held = ''
  let heldIn = -1
  let found: string | undefined

  function text(index: number, more: string): void {
    heldIn = index
    held += more
    const cut = firstStop(held, stops)
    if (cut !== undefined) {
      found = cut.stop
      release(cut.at)
      held = ''
      return
    }
    release(held.length - possibleStart(held, stops))
  }

  function release(length: number): void {
    if (length > 0) emit({ type: 'text-delta', index: heldIn, text: held.slice(0, length) })
    held = held.slice(length)
  }

  return (event) => {
    if (event.type === 'text-delta') {
      if (found === undefined) text(event.index, event.text)
      return
    }
    if (event.type === 'finish') {
      if (found === undefined) emit(event)
      else emit({ ...event, finish: { ...event.finish, reason: 'stop', stopSequence: found } })
      return
    }
    if ('index' in event) {
      if (event.type === 'part-start' && found === undefined) started.add(event.index)
      if (!started.has(event.index)) return
      if (event.type === 'part-end' && event.index === heldIn) release(held.length)
    }
    emit(event)
  }
}

function firstStop(text: string, stops: readonly string[]): { at: number; stop: string } | undefined {
  let first: { at: number; stop: string } | undefined
  for (const stop of stops) {
    const at = text.indexOf(stop)
    if (at >= 0 && (first === undefined || at < first.at)) first = { at, stop }
  }
  return first
}

/** Length of the longest end of the text with which a stop text begins. */
function possibleStart(text: string, stops: readonly string[]): number {
  let longest = 0
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length
    }
  }
  return longest
}
