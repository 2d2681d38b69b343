// The body → a valid call of one Version: what is asked, which arm answers, and its input checked against the schema.
import { AppError } from '#shared/errors.ts'
import type { RunInput } from '#shared/flow/definition.ts'
import { isJsonObject, type Json } from '#shared/json.ts'
import type { Arrived } from './arrive.ts'
import { type Chosen, choose } from './choose.ts'
import type { Exchange } from './exchange.ts'
import { checkFormat } from './fit.ts'
import { versionHeaders } from './headers.ts'
import type { Service } from './service.ts'
import type { Ask, Given, Surface } from './surfaces/call.ts'
import { noSurface } from './surfaces/offered.ts'
import { traceHeaders } from './trace-context.ts'

export interface ParsedCall {
  readonly ask: Ask
  readonly chosen: Chosen
  readonly given: Given
  readonly input: RunInput
}

export interface Parsing extends Arrived {
  readonly surface: Surface
}

/** Throws `invalid_request`, `invalid_input`, `forbidden`, `gone`, `endpoint_not_found`. */
export function parseCall(
  exchange: Exchange,
  { surface, ...arrived }: Parsing,
  { engine }: Service,
): ParsedCall {
  const { head } = exchange
  const { key, body, resolved } = arrived
  const { route } = resolved
  const ask = surface.ask(body, { head, scopes: key.scopes, requireMetadata: route.requireMetadata })
  exchange.trace = ask.options.trace
  const choice = { key, metadata: ask.metadata, run: exchange.id, forced: ask.options.variant }
  const chosen = choose(resolved, choice)
  exchange.facts = factsOf(exchange, versionHeaders(route, chosen.version))
  const { plan } = chosen.version.prepared
  const missing = noSurface(route, chosen.version, surface.shape)
  if (missing !== null) {
    const message = `"${route.slug}" is not offered on this surface: ${missing}`
    throw new AppError('endpoint_not_found', { message })
  }
  const given = surface.give(body, ask, { plan, unknownFields: route.unknownFields })
  checkFormat(given.mustFit, engine)
  return { ask, chosen, given, input: readInput(chosen, given, engine) }
}

function factsOf({ head }: Exchange, version: readonly string[]): readonly string[] {
  return head.traceparent === undefined ? version : [...version, ...traceHeaders(head)]
}

function readInput({ version }: Chosen, given: Given, engine: Service['engine']): RunInput {
  try {
    return engine.readInput(version.prepared, given.input)
  } catch (thrown) {
    throw thrown instanceof AppError ? relocated(thrown, given.locate) : thrown
  }
}

/** A caller learns enough from these; a hostile body has ten thousand faults, or one a megabyte long. */
const maxIssues = 50
const maxMessage = 500

/** The engine names places in the input; the caller wrote a body. */
function relocated(error: AppError, locate: (path: string) => string): AppError {
  const { issues } = error.details
  const message = short(error.message)
  if (!Array.isArray(issues)) return new AppError(error.code, { message, details: error.details })
  const moved = (issues as readonly Json[])
    .slice(0, maxIssues)
    .map((issue) =>
      isJsonObject(issue) && typeof issue.path === 'string'
        ? { ...issue, path: short(locate(issue.path)), message: short(String(issue.message)) }
        : issue,
    )
  return new AppError(error.code, { message, details: { ...error.details, issues: moved } })
}

function short(text: string): string {
  return text.length <= maxMessage ? text : `${text.slice(0, maxMessage)}…`
}
