// Reads an answer as the adapter does behind a socket, with chunk borders where a test wants them.

import { SseParser } from '#main/outbound/sse.ts'
import type { Adapter, Wire } from '#main/providers/adapter.ts'
import { quirksFor } from '#main/providers/quirks.ts'
import type { StreamEvent } from '#shared/model/chat.ts'
import { Fold } from '#shared/model/reduce.ts'

export interface ReadAnswer {
  readonly events: readonly StreamEvent[]
  readonly fold: Fold
}

export function wireOf(provider: string, model = 'm', quirks = quirksFor(provider, model)): Wire {
  return { provider, title: 'Vendor', model, quirks }
}

/** An event stream in the given network chunks, ended properly. */
export function readStream(adapter: Adapter, wire: Wire, chunks: readonly Uint8Array[]): ReadAnswer {
  const { events, fold, reader } = open(adapter, wire)
  const parser = new SseParser((data, name) => reader.event(data, name))
  for (const chunk of chunks) parser.push(Buffer.from(chunk))
  reader.end(parser.end())
  return { events, fold }
}

/** Event payloads, ended properly. */
export function readEvents(adapter: Adapter, wire: Wire, payloads: readonly (string | object)[]): ReadAnswer {
  const { events, fold, reader } = open(adapter, wire)
  for (const payload of payloads) {
    reader.event(typeof payload === 'string' ? payload : JSON.stringify(payload), '')
  }
  reader.end(undefined)
  return { events, fold }
}

export function readWhole(adapter: Adapter, wire: Wire, body: string | object): ReadAnswer {
  const { events, fold, reader } = open(adapter, wire)
  reader.whole(typeof body === 'string' ? body : JSON.stringify(body))
  return { events, fold }
}

function open(adapter: Adapter, wire: Wire) {
  const events: StreamEvent[] = []
  const fold = new Fold()
  const reader = adapter.reader(wire, [], (event) => {
    events.push(event)
    fold.push(event)
  })
  return { events, fold, reader }
}

/** What must hold of every answer (providers.md 2). Returns the faults. */
export function faultsOf(events: readonly StreamEvent[]): string[] {
  const faults: string[] = []
  const open = new Set<number>()
  let started = 0
  events.forEach((event, at) => {
    const last = at === events.length - 1
    if ((event.type === 'finish' || event.type === 'error') !== last)
      faults.push(`${event.type} at ${at} of ${events.length}`)
    if (event.type === 'start' && at !== events.findIndex(({ type }) => type === 'start'))
      faults.push('a second start')
    if (event.type === 'part-start') {
      if (event.index !== started) faults.push(`part ${event.index} begins as number ${started}`)
      started++
      open.add(event.index)
    }
    if (event.type.endsWith('-delta') && 'index' in event && !open.has(event.index)) {
      faults.push(`${event.type} for part ${event.index}, which is not open`)
    }
    if (event.type === 'part-end' && !open.delete(event.index)) faults.push(`part ${event.index} ends twice`)
    if (event.type === 'finish' && open.size > 0) faults.push(`parts ${[...open]} have no end`)
  })
  return faults
}
