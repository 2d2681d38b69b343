// What is known of a target before it is called: some requests need not leave (nodes.md 4.3).
import { AppError, type ErrorCode } from '#shared/errors.ts'
import type { ChatRequest } from '#shared/model/chat.ts'
import type { TargetFacts } from './effects.ts'
import { cannotFit } from './estimate.ts'

/** Why this target cannot or may not take the request, or null. Unknown counts as able, but not as local. */
export function unfit(
  target: string,
  facts: TargetFacts | undefined,
  asked: { readonly request: ChatRequest; readonly localOnly: boolean },
): AppError | null {
  const { request, localOnly } = asked
  if (localOnly && facts?.local !== true) {
    const message = `'${target}' is remote and may not get a local-only value.`
    return refusal('policy_denied', facts, { message, details: { reason: 'local_only' } })
  }
  if (!facts) return null
  const lacking = lackOf(facts, request)
  if (lacking) {
    const message = `'${target}' cannot take ${lacking}.`
    return refusal('upstream_rejected', facts, { message, details: { reason: 'capability_missing' } })
  }
  if (facts.context !== null && cannotFit(request, facts.context)) {
    const message = `The messages do not fit the ${facts.context} tokens of '${target}'.`
    return refusal('context_too_long', facts, { message })
  }
  return null
}

function refusal(
  code: ErrorCode,
  facts: TargetFacts | undefined,
  what: { readonly message: string; readonly details?: { readonly reason: string } },
): AppError {
  const where = facts ? { connection: facts.connection, model: facts.model } : {}
  return new AppError(code, { ...what, ...where })
}

function lackOf(facts: TargetFacts, request: ChatRequest): string | null {
  if (facts.tools === false && request.tools.length > 0) return 'tools'
  if (facts.schema === false && request.output?.kind === 'schema') return 'an output schema'
  if (facts.images === false && hasImage(request)) return 'images'
  return null
}

function hasImage(request: ChatRequest): boolean {
  for (const message of request.messages) {
    for (const part of message.parts) if (part.type === 'image') return true
  }
  return false
}
