/**
 * From random ids to row numbers in eight bytes an entry: open addressing over 32 bits of the id. Different ids may share
 * them, so what it answers are candidates. A `Map` of a million id texts takes some 120 MB, this 16.
 */
export class SeqTable {
  #hashes = new Uint32Array(1024)
  /** 0: free. Row numbers begin at 1. */
  #seqs = new Uint32Array(1024)
  #size = 0

  get size(): number {
    return this.#size
  }

  add(id: string, seq: number): void {
    if (this.#size * 2 >= this.#seqs.length) this.#grow()
    this.#put(hashOf(id), seq)
    this.#size += 1
  }

  candidates(id: string): readonly number[] {
    const hash = hashOf(id)
    const mask = this.#seqs.length - 1
    const found: number[] = []
    for (let at = hash & mask; this.#seqs[at] !== 0; at = (at + 1) & mask) {
      if (this.#hashes[at] === hash) found.push(this.#seqs[at] as number)
    }
    return found
  }

  clear(): void {
    this.#hashes = new Uint32Array(1024)
    this.#seqs = new Uint32Array(1024)
    this.#size = 0
  }

  #put(hash: number, seq: number): void {
    const mask = this.#seqs.length - 1
    let at = hash & mask
    while (this.#seqs[at] !== 0) at = (at + 1) & mask
    this.#hashes[at] = hash
    this.#seqs[at] = seq
  }

  #grow(): void {
    const hashes = this.#hashes
    const seqs = this.#seqs
    this.#hashes = new Uint32Array(hashes.length * 2)
    this.#seqs = new Uint32Array(seqs.length * 2)
    for (let i = 0; i < seqs.length; i += 1)
      if (seqs[i] !== 0) this.#put(hashes[i] as number, seqs[i] as number)
  }
}

/** The letters behind `run_` are random: six of them, mixed, are enough. */
function hashOf(id: string): number {
  let hash = 0
  for (let i = 4; i < 10; i += 1) hash = Math.imul(hash, 0x01000193) ^ id.charCodeAt(i)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
