// Ids of Runs: 24 letters and digits, 142 random bits. Bytes are drawn in bulk: one call per request would be felt.
import { randomFillSync } from 'node:crypto'

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const pool = Buffer.alloc(8192)
let at = pool.length

export function newId(): string {
  let id = ''
  while (id.length < 24) {
    if (at === pool.length) {
      randomFillSync(pool)
      at = 0
    }
    // Values from 248 on would make the first letters likelier than the others.
    const byte = pool[at] as number
    at += 1
    if (byte < 248) id += letters[byte % 62]
  }
  return id
}
