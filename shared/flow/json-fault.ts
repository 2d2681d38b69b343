// Is a value JSON as a file may hold it? Iterative, so that no nesting and no cycle can exhaust the stack.

export interface JsonFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** The depth that the gateway accepts too (endpoint-api 8). */
export const maxDepth = 64

interface Open {
  readonly value: object
  readonly path: readonly (string | number)[]
}

/** The first thing in `root` that is not JSON, or undefined. */
export function jsonFault(root: unknown): JsonFault | undefined {
  const open: Open[] = []
  const look = (value: unknown, path: readonly (string | number)[]): JsonFault | undefined => {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return undefined
      case 'number':
        return Number.isFinite(value) ? undefined : { path, message: `${value} is not a JSON number` }
      case 'object':
        if (value === null) return undefined
        if (path.length >= maxDepth) return { path, message: `nested deeper than ${maxDepth} levels` }
        open.push({ value, path })
        return undefined
      default:
        return { path, message: `a ${typeof value} is not JSON` }
    }
  }
  let fault = look(root, [])
  for (let next = open.pop(); next !== undefined && !fault; next = open.pop()) fault = inside(next, look)
  return fault
}

function inside({ value, path }: Open, look: (value: unknown, path: Open['path']) => JsonFault | undefined) {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const fault = look(value[index], [...path, index])
      if (fault) return fault
    }
    return undefined
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return { path, message: 'not a plain map' }
  for (const [key, child] of Object.entries(value)) {
    if (key === '__proto__') return { path: [...path, key], message: '"__proto__" is no name' }
    const fault = look(child, [...path, key])
    if (fault) return fault
  }
  return undefined
}
