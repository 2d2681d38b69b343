// Compressed answers. A ratio cap keeps a small answer from filling the memory.
import type { Transform } from 'node:stream'
import {
  brotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzip,
  inflate as inflateBytes,
  zstdDecompress,
} from 'node:zlib'
import { type Fault, fault } from './fault.ts'

const maxRatio = 100
/** Below this size no ratio is suspicious. */
const harmless = 256 * 1024

type Whole = (
  body: Buffer,
  limits: { maxOutputLength: number },
  done: (error: Error | null, plain: Buffer) => void,
) => void
interface Codec {
  readonly whole: Whole
  readonly open: () => Transform
}

const codings = {
  gzip: { whole: gunzip as Whole, open: createGunzip },
  deflate: { whole: inflateBytes as Whole, open: createInflate },
  br: { whole: brotliDecompress as Whole, open: createBrotliDecompress },
  zstd: { whole: zstdDecompress as Whole, open: createZstdDecompress },
} as const satisfies Record<string, Codec>

type Coding = keyof typeof codings

/** Null: not compressed. Undefined: a coding that is not known. */
export function codingOf(contentEncoding: string): Coding | null | undefined {
  if (contentEncoding === '') return null
  const name = contentEncoding.trim().toLowerCase().replace(/^x-/, '')
  if (name === '' || name === 'identity') return null
  return Object.hasOwn(codings, name) ? (name as Coding) : undefined
}

export const unknownCoding = fault('protocol', 'encoding', 'it used a compression that is not known')

export function inflate(
  coding: Coding,
  body: Buffer,
  maxBytes: number,
  done: (result: Buffer | Fault) => void,
): void {
  const maxOutputLength = Math.min(maxBytes, Math.max(harmless, body.length * maxRatio))
  codings[coding].whole(body, { maxOutputLength }, (error, plain) => {
    done(error === null ? plain : inflateFault(error))
  })
}

export interface Inflater {
  /** False: wait for `drain`. */
  write(chunk: Buffer): boolean
  end(): void
  close(): void
  pause(): void
  resume(): void
}

export interface InflaterSink {
  data(chunk: Buffer): void
  drain(): void
  end(): void
  fault(fault: Fault): void
}

/** For streams: bytes go out as they can be inflated. */
export function openInflater(coding: Coding, sink: InflaterSink): Inflater {
  const stream = codings[coding].open()
  let taken = 0
  let given = 0
  stream.on('data', (chunk: Buffer) => {
    given += chunk.length
    if (given > Math.max(harmless, taken * maxRatio)) stream.destroy(tooLarge)
    else sink.data(chunk)
  })
  stream.on('drain', () => sink.drain())
  stream.on('end', () => sink.end())
  stream.on('error', (error) => sink.fault(inflateFault(error)))
  return {
    write(chunk) {
      taken += chunk.length
      return stream.write(chunk)
    },
    end: () => stream.end(),
    close: () => stream.destroy(),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
  }
}

const tooLarge = Object.assign(new Error('the inflated answer is too large'), {
  code: 'ERR_BUFFER_TOO_LARGE',
})

function inflateFault(error: Error): Fault {
  const code = 'code' in error ? error.code : ''
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return fault('protocol', 'too_large', 'its compressed answer is too large when inflated', error)
  }
  if (code === 'Z_BUF_ERROR') return fault('truncated', 'cut', 'its compressed answer broke off', error)
  return fault('protocol', 'encoding', 'its compressed answer cannot be read', error)
}
