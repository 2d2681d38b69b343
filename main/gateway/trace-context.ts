// W3C trace context: the Run joins the caller's trace as a span of its own.
import { randomBytes } from 'node:crypto'
import type { Head } from './head.ts'

const form = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/

/** `traceparent` for the answer; nothing when the caller sent none, or a broken one, which the standard says to ignore. */
export function traceHeaders({ traceparent, tracestate }: Head): readonly string[] {
  const [, trace, flags] = form.exec(traceparent ?? '') ?? []
  if (trace === undefined) return none
  const own = ['traceparent', `00-${trace}-${randomBytes(8).toString('hex')}-${flags}`]
  return tracestate === undefined || !/^[\x20-\x7e]{1,512}$/.test(tracestate)
    ? own
    : [...own, 'tracestate', tracestate]
}

const none: readonly string[] = []
