// Nothing in a Plan can be changed, and nothing in it is shared with what it was made from.
import type { Json } from '../../json.ts'

/** A deep, frozen copy that is plain JSON. Fields that are undefined are left out. Throws for what is no JSON. */
export function frozenCopy<T>(value: T): T {
  return copy(value) as T
}

function copy(value: unknown): Json {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value
    case 'object': {
      if (value === null) return null
      if (Array.isArray(value)) return Object.freeze(value.map((each) => copy(each)))
      if (!isPlain(value)) throw new TypeError('A Plan holds plain maps only.')
      const kept = Object.entries(value).filter(([, each]) => each !== undefined)
      return Object.freeze(Object.fromEntries(kept.map(([key, each]) => [key, copy(each)])))
    }
    default:
      throw new TypeError(`A Plan holds plain data, no ${typeof value}.`)
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Freezes in place, for values that were just made; what is frozen already is taken to be so to the bottom. */
export function freezeDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const each of Object.values(value)) freezeDeep(each)
  return value
}
