// Tool calls as they trickle in: ids and names once or again and again, indexes with gaps, all zero or missing.
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import type { StreamEvent } from '#shared/model/chat.ts'
import { chatDialect } from '#shared/model/messages.ts'

interface Call {
  /** The vendor's; empty until it comes. */
  id: string
  name: string
  /** Everything that has arrived. */
  args: string
  /** Not told yet: it may still turn out to be `null` or nothing. */
  held: boolean
  /** Index of its part; -1 until its name is known. */
  part: number
  extra: Json | undefined
  custom: boolean
}

export interface CallsPort {
  /** Opens a part and returns its index. */
  open(id: string, name: string): number
  emit(event: StreamEvent): void
  /** An id for a call that came without one. */
  makeId(nth: number): string
}

export class Calls {
  readonly #port: CallsPort
  readonly #calls: Call[] = []
  readonly #byIndex = new Map<number, Call>()

  constructor(port: CallsPort) {
    this.#port = port
  }

  get size(): number {
    return this.#calls.length
  }

  /** @param whole the list is complete: each entry is a call of its own */
  take(list: readonly Json[], whole: boolean): void {
    const fresh = new Set<Call>()
    for (const item of list) {
      if (!isJsonObject(item)) continue
      const delta = readDelta(item)
      const known = whole ? undefined : this.#find(delta, fresh)
      const call = known ?? this.#begin(delta)
      if (call === undefined) continue
      if (known === undefined) fresh.add(call)
      this.#add(call, delta)
    }
  }

  /** All calls have arrived. False: one has no name and cannot be used. */
  end(): boolean {
    for (const call of this.#calls) {
      if (call.part < 0) return false
      if (call.held) this.#tell(call, call.custom ? call.args : '{}')
      const meta = {
        ...(call.extra === undefined ? {} : { [chatDialect]: { extra_content: call.extra } }),
        ...(call.custom ? { part: { custom: true } } : {}),
      }
      if (Object.keys(meta).length > 0) this.#port.emit({ type: 'part-meta', index: call.part, meta })
      this.#port.emit({ type: 'part-end', index: call.part })
    }
    return true
  }

  /** The call that a delta continues. */
  #find(delta: Delta, fresh: ReadonlySet<Call>): Call | undefined {
    if (delta.index === undefined) {
      if (delta.id !== '') return this.#calls.find((call) => call.id === delta.id)
      const last = this.#calls.at(-1)
      // Two nameless entries of one event are two calls; so is a new name after complete arguments.
      if (last === undefined || fresh.has(last) || (delta.name !== '' && isComplete(last.args)))
        return undefined
      return last
    }
    const known = this.#byIndex.get(delta.index)
    if (known === undefined) return undefined
    if (delta.id !== '' && known.id !== '' && delta.id !== known.id) {
      // A different id is a different call, unless it names nothing: then the vendor just makes up ids as it goes.
      return this.#calls.find((call) => call.id === delta.id) ?? (delta.name === '' ? known : undefined)
    }
    // All calls under one index and without ids: the next one begins when the arguments begin anew.
    const again = delta.id === '' && delta.name !== '' && delta.args.startsWith('{') && isComplete(known.args)
    return again ? undefined : known
  }

  #begin(delta: Delta): Call | undefined {
    if (delta.id === '' && delta.name === '' && delta.args === '') return undefined
    const call: Call = {
      id: '',
      name: '',
      args: '',
      held: true,
      part: -1,
      extra: undefined,
      custom: delta.custom,
    }
    this.#calls.push(call)
    if (delta.index !== undefined) this.#byIndex.set(delta.index, call)
    return call
  }

  #add(call: Call, delta: Delta): void {
    if (call.id === '') call.id = delta.id
    if (call.name === '') call.name = delta.name
    call.extra ??= delta.extra
    if (delta.args !== '') {
      call.args += delta.args
      if (!call.held && call.part >= 0) this.#tell(call, delta.args)
    }
    if (call.part < 0 && call.name !== '') {
      const id = call.id === '' ? this.#port.makeId(this.#calls.indexOf(call)) : call.id
      call.part = this.#port.open(id, call.name)
    }
    if (call.held && call.part >= 0 && !mayBeNothing(call.args)) {
      call.held = false
      this.#tell(call, call.args)
    }
  }

  #tell(call: Call, text: string): void {
    this.#port.emit({ type: 'args-delta', index: call.part, text })
  }
}

interface Delta {
  readonly index: number | undefined
  readonly id: string
  readonly name: string
  readonly args: string
  readonly extra: Json | undefined
  readonly custom: boolean
}

function readDelta(item: JsonObject): Delta {
  const custom = isJsonObject(item.custom) ? item.custom : undefined
  const body = custom ?? (isJsonObject(item.function) ? item.function : item)
  const args = custom === undefined ? body.arguments : body.input
  return {
    index: typeof item.index === 'number' ? item.index : undefined,
    id: typeof item.id === 'string' ? item.id : '',
    name: typeof body.name === 'string' ? body.name : '',
    args: typeof args === 'string' ? args : args === undefined || args === null ? '' : JSON.stringify(args),
    extra: item.extra_content,
    custom: custom !== undefined,
  }
}

/** Nothing, blanks, or the beginning of `null`: what vendors send for a call without arguments. */
function mayBeNothing(args: string): boolean {
  return 'null'.startsWith(args.trim())
}

function isComplete(args: string): boolean {
  if (!args.trimEnd().endsWith('}')) return false
  try {
    JSON.parse(args)
    return true
  } catch {
    return false
  }
}
