// A small HTTP/1.1 client on a raw socket: little and equal client cost for every contestant.
import { connect, type Socket } from 'node:net'

export interface Target {
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What the owner of a request hears. The bytes are lent: they are overwritten after the call. */
export interface Exchange {
  status(code: number): void
  body?(bytes: Buffer): void
  done(failure?: Error): void
}

type Phase = 'idle' | 'head' | 'length' | 'size' | 'chunk' | 'chunk-end' | 'trailer' | 'rest'

/** Read and used up within one callback, so all sockets can share it. */
const inbox = Buffer.allocUnsafe(256 * 1024)

/** A keep-alive connection with one request at a time. */
export class Connection {
  readonly #socket: Socket
  #exchange: Exchange | undefined
  #phase: Phase = 'idle'
  #left = 0
  #carry: Buffer | undefined
  #open = true

  constructor(port: number) {
    const callback = (length: number, bytes: Uint8Array) => {
      this.#feed(Buffer.from(bytes.buffer, bytes.byteOffset, length))
      return true
    }
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer: inbox, callback } })
    this.#socket.on('error', (error) => this.#end(error))
    this.#socket.on('close', () =>
      this.#end(this.#phase === 'rest' ? undefined : new Error('connection closed')),
    )
  }

  get open() {
    return this.#open
  }

  send(request: Buffer, exchange: Exchange) {
    this.#exchange = exchange
    this.#phase = 'head'
    this.#carry = undefined
    this.#socket.write(request)
  }

  /** The running exchange hears nothing more. */
  close() {
    this.#open = false
    this.#exchange = undefined
    this.#socket.destroy()
  }

  #end(failure: Error | undefined) {
    this.#open = false
    this.#settle(failure)
  }

  #settle(failure?: Error) {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#phase = 'idle'
    exchange?.done(failure)
  }

  #feed(read: Buffer) {
    const bytes = this.#carry ? Buffer.concat([this.#carry, read]) : read
    this.#carry = undefined
    let at = 0
    while (at < bytes.length && this.#exchange) {
      const next = this.#step(bytes, at)
      if (next < 0) {
        this.#carry = Buffer.from(bytes.subarray(at))
        return
      }
      at = next
    }
  }

  /** Takes one element that begins at `at`; where the next begins, or -1 when this one is not complete. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#phase) {
      case 'head':
        return this.#head(bytes, at)
      case 'length':
      case 'chunk': {
        const end = Math.min(bytes.length, at + this.#left)
        this.#exchange?.body?.(bytes.subarray(at, end))
        this.#left -= end - at
        if (this.#left === 0 && this.#phase === 'length') this.#settle()
        else if (this.#left === 0) this.#phase = 'chunk-end'
        return end
      }
      case 'size': {
        const end = bytes.indexOf('\r\n', at, 'latin1')
        if (end < 0) return -1
        this.#left = Number.parseInt(bytes.toString('latin1', at, end), 16)
        this.#phase = this.#left > 0 ? 'chunk' : 'trailer'
        return end + 2
      }
      case 'chunk-end':
        if (bytes.length - at < 2) return -1
        this.#phase = 'size'
        return at + 2
      case 'trailer': {
        const end = bytes.indexOf('\r\n', at, 'latin1')
        if (end < 0) return -1
        if (end === at) this.#settle()
        return end + 2
      }
      case 'rest':
        this.#exchange?.body?.(bytes.subarray(at))
        return bytes.length
      case 'idle':
        return bytes.length
    }
  }

  #head(bytes: Buffer, at: number) {
    const end = bytes.indexOf('\r\n\r\n', at, 'latin1')
    if (end < 0) return -1
    const head = bytes.toString('latin1', at, end)
    this.#exchange?.status(Number(head.slice(9, 12)))
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length !== undefined) {
      this.#left = Number(length)
      this.#phase = 'length'
      if (this.#left === 0) this.#settle()
    } else this.#phase = /\r\ntransfer-encoding: *chunked/i.test(head) ? 'size' : 'rest'
    return end + 4
  }
}

export function serialize({ port, path, headers, body }: Target) {
  const bytes = Buffer.from(body)
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${bytes.length}`,
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes])
}

/** One request on a connection of its own. */
export function once(target: Target, timeoutMs = 5_000): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const connection = new Connection(target.port)
    const parts: Buffer[] = []
    let status = 0
    const finish = (failure?: Error) => {
      clearTimeout(timer)
      connection.close()
      if (failure) reject(failure)
      else resolve({ status, text: Buffer.concat(parts).toString() })
    }
    const timer = setTimeout(() => finish(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs)
    connection.send(serialize(target), {
      status: (code) => {
        status = code
      },
      body: (bytes) => parts.push(Buffer.from(bytes)),
      done: finish,
    })
  })
}
