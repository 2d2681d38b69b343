import type { Finding, Hit } from './judge.ts'

/** Turns parts that came in into parts that may leave. */
export interface Gate<Part> {
  push(part: Part): readonly Part[]
  end(): readonly Part[]
  /** Everything held, unchecked. */
  flush(): readonly Part[]
  readonly blocked: Finding | undefined
  /** Hits in what has left. */
  readonly hits: readonly (Hit & { readonly part?: string })[]
}
