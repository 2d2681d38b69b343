/**
 * Finds the provider's stamps, `~number:microseconds;`, in a stream that may be cut anywhere. Each number counts
 * once and in order: a gateway may send the joined text again at the end, which is no second arrival.
 */
export class StampReader {
  readonly #found: (us: number, index: number) => void
  #next = 0
  #carry = ''

  constructor(found: (us: number, index: number) => void) {
    this.#found = found
  }

  get count() {
    return this.#next
  }

  feed(bytes: Buffer) {
    const text = this.#carry + bytes.toString('latin1')
    this.#carry = ''
    for (let at = text.indexOf('~'); at >= 0; at = text.indexOf('~', at + 1)) {
      const end = text.indexOf(';', at)
      if (end < 0) {
        this.#carry = text.slice(at)
        return
      }
      const [index, us] = text.slice(at + 1, end).split(':')
      if (Number(index) === this.#next) this.#found(Number(us), this.#next++)
    }
  }
}
