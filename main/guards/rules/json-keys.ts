import type { RuleCheck } from '#shared/flow/definition.ts'
import type { RuleOf } from '#shared/guards/rule-config.ts'
import { isJsonObject, type Json } from '#shared/json.ts'

const maxDepth = 64

/** A text that is not JSON has none of the required keys. */
export function jsonKeys({ required, forbidden }: RuleOf<'json_keys'>): RuleCheck {
  const banned = new Set(forbidden)
  return (text) => {
    const value = parsed(text)
    const wrong =
      value === undefined
        ? required.length > 0
        : required.some((path) => !hasPath(value, path)) || hasKey(value, banned, 0)
    return wrong ? { reason: 'json_keys', spans: [] } : undefined
  }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** `a.b` goes into objects; `a.0` into lists; a key that holds dots is found by its own name too. */
function hasPath(value: Json, path: string): boolean {
  if (isJsonObject(value) && Object.hasOwn(value, path)) return true
  const dot = path.indexOf('.')
  if (dot === -1) return Array.isArray(value) && Object.hasOwn(value, path)
  const head = path.slice(0, dot)
  const inner =
    isJsonObject(value) || Array.isArray(value) ? (value as Record<string, Json>)[head] : undefined
  return inner !== undefined && Object.hasOwn(value as object, head) && hasPath(inner, path.slice(dot + 1))
}

/** Deeper than anybody reads counts as hidden. */
function hasKey(value: Json, banned: ReadonlySet<string>, depth: number): boolean {
  if (banned.size === 0 || value === null || typeof value !== 'object') return false
  if (depth > maxDepth) return true
  return Object.entries(value).some(
    ([key, item]) => (!Array.isArray(value) && banned.has(key)) || hasKey(item as Json, banned, depth + 1),
  )
}
