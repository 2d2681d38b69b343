// Why an outgoing call gave no (whole) answer, in words of our own.

/**
 * `network`: nothing useful arrived (refused, DNS, TLS, reset). `timeout`: a limit passed. `truncated`: the answer
 * broke off. `protocol`: what arrived is not HTTP, not the stated encoding, or too large. `egress`: the policy refused
 * the address. `invalid`: the request itself cannot be sent. `aborted`: our own signal.
 */
export type FaultKind = 'network' | 'timeout' | 'truncated' | 'protocol' | 'egress' | 'invalid' | 'aborted'

export interface Fault {
  readonly kind: FaultKind
  /** A stable word: `refused`, `dns`, `tls`, `reset`, `connect`, `first_part`, `idle`, `cut`, `too_large` … */
  readonly reason: string
  /** A clause for a person: "the connection was refused". */
  readonly message: string
  /** The limit that passed. */
  readonly ms?: number
  readonly cause?: unknown
}

export function fault(kind: FaultKind, reason: string, message: string, cause?: unknown): Fault {
  return cause === undefined ? { kind, reason, message } : { kind, reason, message, cause }
}

export const egressCode = 'ERR_EGRESS'

const byCode: Readonly<Record<string, Fault>> = {
  [egressCode]: fault('egress', 'egress', 'its address is not allowed here'),
  ECONNREFUSED: fault('network', 'refused', 'the connection was refused'),
  ENOTFOUND: fault('network', 'dns', 'its name cannot be resolved'),
  EAI_AGAIN: fault('network', 'dns', 'its name cannot be resolved now'),
  EHOSTUNREACH: fault('network', 'unreachable', 'there is no route to it'),
  ENETUNREACH: fault('network', 'unreachable', 'there is no route to it'),
  EADDRNOTAVAIL: fault('network', 'unreachable', 'there is no route to it'),
  ETIMEDOUT: fault('timeout', 'connect', 'the connection was not made in time'),
  UND_ERR_CONNECT_TIMEOUT: fault('timeout', 'connect', 'the connection was not made in time'),
  UND_ERR_HEADERS_OVERFLOW: fault('protocol', 'headers', 'the headers of its answer are too large'),
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: fault('truncated', 'cut', 'its answer broke off'),
  UND_ERR_INVALID_ARG: fault('invalid', 'request', 'the request holds a header or path that cannot be sent'),
  ERR_INVALID_CHAR: fault('invalid', 'request', 'the request holds a header that cannot be sent'),
}

/** @param answered the head of the answer had arrived */
export function faultOf(error: unknown, answered: boolean): Fault {
  const { code, name } = describe(error)
  const known = byCode[code]
  if (known !== undefined) return { ...known, cause: error }
  if (code.startsWith('HPE_') || name === 'HTTPParserError') {
    return fault('protocol', 'not_http', 'what it sent is not valid HTTP', error)
  }
  if (isTls(code)) return fault('network', 'tls', 'a secure connection could not be made', error)
  if (answered) return fault('truncated', 'cut', 'its answer broke off', error)
  return fault('network', 'reset', 'the connection was closed without an answer', error)
}

function describe(error: unknown): { readonly code: string; readonly name: string } {
  if (!(error instanceof Error)) return { code: '', name: '' }
  // Happy eyeballs: every address failed; the first failure speaks for all.
  const inner = error instanceof AggregateError ? (error.errors[0] as unknown) : undefined
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === '' && inner !== undefined) return describe(inner)
  return { code, name: error.name }
}

function isTls(code: string): boolean {
  return (
    /^ERR_(TLS|SSL)_|CERT|^EPROTO$/.test(code) ||
    code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' ||
    code === 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'
  )
}
