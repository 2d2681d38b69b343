// Structured thoughts (`reasoning_details`) arrive in pieces and must go back as they would have come whole.
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'

/** Joins pieces of the same entry (same type and index); `whole` lists are kept as they are. */
export function addDetails(known: readonly JsonObject[], more: Json, whole: boolean): readonly JsonObject[] {
  if (!Array.isArray(more)) return known
  const joined = [...known]
  for (const item of more as readonly Json[]) {
    if (!isJsonObject(item)) continue
    const at = whole || item.index === undefined ? -1 : joined.findIndex((entry) => isSame(entry, item))
    const before = joined[at]
    if (before === undefined) joined.push(item)
    else joined[at] = join(before, item)
  }
  return joined
}

function isSame(a: JsonObject, b: JsonObject): boolean {
  return a.index === b.index && a.type === b.type
}

const growing = ['text', 'summary', 'data']

function join(before: JsonObject, piece: JsonObject): JsonObject {
  const entry: Record<string, Json> = { ...before }
  for (const [key, value] of Object.entries(piece)) {
    const old = entry[key]
    if (growing.includes(key) && typeof old === 'string' && typeof value === 'string')
      entry[key] = old + value
    else if (value !== null && value !== '') entry[key] = value
  }
  return entry
}

/** What a person can read of the details. */
export function detailText(more: Json): string {
  if (!Array.isArray(more)) return ''
  return (more as readonly Json[])
    .map((item) => {
      const text = isJsonObject(item) ? (item.text ?? item.summary) : undefined
      return typeof text === 'string' ? text : ''
    })
    .join('')
}
