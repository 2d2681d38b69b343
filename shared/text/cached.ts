/** Characters of all keys together; what is compiled from a text is a small multiple of it. */
const defaultRoom = 1_000_000

/**
 * Remembers what was made of a text, dropping the oldest when the texts together take more than `room` characters.
 * `kind` keeps results apart that come from the same text.
 */
export function cached<Made>(
  make: (kind: string, text: string) => Made,
  room = defaultRoom,
): (kind: string, text: string) => Made {
  const made = new Map<string, Made>()
  let used = 0
  return (kind, text) => {
    const key = `${kind}\n${text}`
    const known = made.get(key)
    if (known !== undefined) return known
    const fresh = make(kind, text)
    if (key.length > room) return fresh
    used += key.length
    made.set(key, fresh)
    for (const oldest of made.keys()) {
      if (used <= room) break
      made.delete(oldest)
      used -= oldest.length
    }
    return fresh
  }
}
