// How a Cassette knows a request again: by hashes of its fields, so that a miss can name what changed and the Cassette
// holds no prompt.
import { hash } from 'node:crypto'
import type { HttpCall } from '#shared/flow/definition.ts'
import type { ChatRequest } from '#shared/model/chat.ts'

/** Field → hash. Lists count by item: `messages/2`. */
export type Fields = Readonly<Record<string, string>>

/** `salt` keeps the same short text from having the same hash in two Cassettes. */
export function chatFields(target: string, request: ChatRequest, salt: string): Fields {
  return fieldsOf({ target, ...request }, salt)
}

export function httpFields(call: HttpCall, salt: string): Fields {
  const { method, url, headers, body } = call
  return fieldsOf({ method, url, headers, body }, salt)
}

function fieldsOf(request: Readonly<Record<string, unknown>>, salt: string): Fields {
  const fields: Record<string, string> = {}
  for (const [name, value] of Object.entries(request)) {
    if (value === undefined) continue
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        fields[`${name}/${index}`] = digest(item, salt)
      })
    } else fields[name] = digest(value, salt)
  }
  return fields
}

export function keyOf(fields: Fields): string {
  return digest(fields, '')
}

export function changedFields(recorded: Fields, asked: Fields): string[] {
  const names = new Set([...Object.keys(recorded), ...Object.keys(asked)])
  return [...names].filter((name) => recorded[name] !== asked[name]).sort()
}

export function digest(value: unknown, salt: string): string {
  return hash('sha256', salt + canonical(value)).slice(0, 24)
}

/** JSON with sorted keys: the order in which a request was put together does not count. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join()}}`
}
