// One assistant message that is still arriving, as the stream events of its answer.
import type { Message, StreamEvent } from '../model/chat.ts'
import { foldParts } from '../model/reduce.ts'
import { Live, type LiveKind, type LiveMessages } from './live.ts'

type Delta = Extract<StreamEvent, { readonly text: string }>

export const messagesKind: LiveKind<StreamEvent, readonly Message[]> = {
  name: 'messages',
  fold: (events) => [{ role: 'assistant', parts: foldParts(events) }],
  size: (event) => (isDelta(event) ? event.text.length : 64),
  squeeze: (events) => {
    const fewer: StreamEvent[] = []
    // Deltas are collected before they are joined: adding each to the last would copy a long text once per event.
    let run: Delta[] = []
    const flush = () => {
      const [first] = run
      if (first)
        fewer.push(run.length === 1 ? first : { ...first, text: run.map((one) => one.text).join('') })
      run = []
    }
    for (const event of events) {
      const last = run.at(-1)
      if (isDelta(event) && last && last.type === event.type && last.index === event.index) run.push(event)
      else {
        flush()
        if (isDelta(event)) run.push(event)
        else fewer.push(event)
      }
    }
    flush()
    return fewer
  },
}

function isDelta(event: StreamEvent): event is Delta {
  return 'text' in event
}

/** Its parts are stream events, its whole is that one message in a list. */
export function liveMessages(): LiveMessages {
  return new Live(messagesKind)
}
