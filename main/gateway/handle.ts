// The one line that every call takes, on every surface. Each stage is a file that says what it throws.
import { AppError } from '#shared/errors.ts'
import type { Admission } from './admit.ts'
import { arrive } from './arrive.ts'
import { identify } from './authorize.ts'
import { answerLater, begin } from './begin.ts'
import { sendEstimate } from './estimate.ts'
import type { Exchange } from './exchange.ts'
import { checkHops } from './hops.ts'
import { parseCall } from './parse.ts'
import { requireScope } from './scopes.ts'
import { sendStored } from './send.ts'
import type { Service } from './service.ts'
import type { Surface } from './surfaces/call.ts'

/** Which surface, and the reference in the path; null: the `model` of the body names it. */
export interface RunRequest {
  readonly surface: Surface
  readonly reference: string | null
}

export async function handle(exchange: Exchange, request: RunRequest, service: Service): Promise<void> {
  const hops = checkHops(exchange) //                                       500 loop_limit
  const key = identify(exchange, service) //                                401 · 403 · 429
  requireScope(key.scopes, 'run') //                                        403
  const arrived = await arrive(exchange, { request, key }, service) //      404 · 410 · 403 · 408 · 413 · 415 · 400
  const claim = service.idempotency.claim(exchange, key, arrived.bytes) //  409 · 400
  if (claim && 'status' in claim) return sendStored(exchange, claim)
  let admission: Admission | undefined
  try {
    admission = service.gate.admit(arrived.party) //                        429 · 503 overloaded
    exchange.whenGone(admission.release)
    const call = parseCall(exchange, { ...arrived, surface: request.surface }, service) // 400 · 403 · 410
    const run = { request, arrived, call, admission, claim, hops }
    if (call.ask.options.async) return answerLater(exchange, run, service)
    if (admission.entered) {
      await admission.entered //                                            503 overloaded
      identify(exchange, service) // the key may have been revoked meanwhile  401
    }
    if (exchange.gone) throw new AppError('cancelled', { message: 'The caller left.' })
    // A Run answers for itself and gives back its place; an estimate is no Run.
    if (!call.ask.options.dryRun) return begin(exchange, run, service)
    sendEstimate(exchange, { call, limits: arrived.resolved.route.run }, service)
    claim?.forget()
    admission.release()
  } catch (thrown) {
    claim?.forget()
    admission?.release()
    throw thrown
  }
}
