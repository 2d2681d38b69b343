// A vendor's failure or a fault of the network as an error of the product.
import type { Fault } from '#main/outbound/fault.ts'
import { AppError } from '#shared/errors.ts'
import type { ErrorKind, ProviderError } from '#shared/model/chat.ts'
import { providerCodes } from '#shared/model/provider-error.ts'

const passing: ReadonlySet<ErrorKind> = new Set([
  'rate-limit',
  'overloaded',
  'server',
  'network',
  'timeout',
  'truncated',
  'protocol',
])

/** May the same request succeed if it is sent again? */
export function isPassing(kind: ErrorKind): boolean {
  return passing.has(kind)
}

export function appError(
  error: ProviderError,
  where: { readonly connection: string; readonly model: string },
): AppError {
  return new AppError(providerCodes[error.kind], {
    message: error.message,
    retryable: error.retryable,
    ...where,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    ...(error.code === undefined ? {} : { details: { reason: error.code } }),
  })
}

/** A call that gave no answer. */
export function faultError(fault: Fault, provider: string, title: string): ProviderError {
  const error = (kind: ErrorKind, message: string): ProviderError => ({
    kind,
    message,
    code: fault.reason,
    retryable: isPassing(kind),
    provider,
  })
  switch (fault.kind) {
    case 'aborted':
      return error('aborted', 'The call was cancelled.')
    case 'timeout':
      if (fault.reason === 'first_part')
        return error('timeout', `The model gave no first token in ${fault.ms} ms.`)
      return error('timeout', `${title} took too long: ${fault.message}.`)
    case 'network':
    case 'egress':
      return error('network', `${title} cannot be reached: ${fault.message}.`)
    case 'truncated':
      return error('truncated', `The answer of ${title} broke off.`)
    case 'protocol':
      return error('protocol', `${title} sent an answer that cannot be used: ${fault.message}.`)
    case 'invalid':
      return error('invalid', `The request to ${title} could not be sent: ${fault.message}.`)
  }
}

const credentials =
  /\b(?:sk|pk|rk|gsk|xai|hf|pplx|nvapi|csk|fw|key|AIza)[-_*][-\w*.]{6,}|\bAIza[-\w]{20,}|Bearer\s+\S+|\b[A-Za-z0-9_-]{40,}\b/g

/** A short piece of a vendor's text that can be shown: no credentials, no line breaks. */
export function excerpt(text: string, length = 300): string {
  const plain = text.replace(credentials, '…').replace(/\s+/g, ' ').trim()
  return plain.length > length ? `${plain.slice(0, length - 1)}…` : plain
}
