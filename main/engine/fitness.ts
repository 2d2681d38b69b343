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
  const refuse = (code: ErrorCode, message: string, reason?: string) =>
    new AppError(code, {
      message,
      ...(reason === undefined ? {} : { details: { reason } }),
      ...(facts ? { connection: facts.connection, model: facts.model } : {}),
    })
  if (localOnly && facts?.local !== true) {
    return refuse('policy_denied', `'${target}' is remote and may not get a local-only value.`, 'local_only')
  }
  if (!facts) return null
  const lacking = lackOf(facts, request)
  if (lacking) return refuse('upstream_rejected', `'${target}' cannot take ${lacking}.`, 'capability_missing')
  if (facts.context !== null && cannotFit(request, facts.context)) {
    return refuse('context_too_long', `The messages do not fit the ${facts.context} tokens of '${target}'.`)
  }
  return null
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
