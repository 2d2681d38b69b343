// A valid, admitted call → a Run with its facts and limits, answered now or later.
import { bucketOf } from '#main/engine/bucket.ts'
import type { RunLimits } from '#main/engine/effects.ts'
import { toAppError } from '#shared/errors.ts'
import type { RunFacts } from '#shared/flow/definition.ts'
import { recorder } from '#shared/run/record.ts'
import type { Admission } from './admit.ts'
import type { Arrived } from './arrive.ts'
import { EventBuffer } from './event-buffer.ts'
import type { Exchange } from './exchange.ts'
import type { RunRequest } from './handle.ts'
import { pickHeaders } from './head.ts'
import { baseHeaders } from './headers.ts'
import type { Claim } from './idempotency.ts'
import { type Launch, launch } from './launch.ts'
import { ledgerOf } from './ledger.ts'
import { deprecationOf } from './lifecycle.ts'
import type { ParsedCall } from './parse.ts'
import type { Route } from './ports.ts'
import { both, laterReply, type ReplyParts, resumableReply, streamReply, wholeReply } from './respond.ts'
import { sendFacts } from './send.ts'
import type { Service } from './service.ts'
import type { Begun, CallOptions } from './surfaces/call.ts'

export interface RunParts {
  readonly request: RunRequest
  readonly arrived: Arrived
  readonly call: ParsedCall
  readonly admission: Admission
  readonly claim: Claim | undefined
  readonly hops: number
}

/** Bytes of events kept for one Run. */
const eventBytes = 16 * 1024 * 1024

/** The Run begins, and its answer is the answer of this exchange. Does not throw. */
export function begin(exchange: Exchange, run: RunParts, service: Service): void {
  const begun = beginning(exchange, run)
  const { options } = run.call.ask
  const { surface } = run.request
  const parts = {
    exchange,
    surface,
    begun,
    rate: run.admission.rate,
    ignored: run.call.given.ignored,
    claim: run.claim,
    service,
  }
  const buffer = options.resumable ? new EventBuffer(eventBytes) : undefined
  const reply = (control: ReplyParts['control']) => {
    const all = { ...parts, control }
    if (options.stream) return buffer ? resumableReply(all, buffer) : streamReply(all)
    return buffer ? both(wholeReply(all), laterReply(surface.writer(begun), buffer)) : wholeReply(all)
  }
  exchange.run = begun.id
  const lingerMs = options.resumable ? service.times.resumeMs : 0
  launch({ ...common(exchange, begun, run, service), buffer, lingerMs, reply }, service).start()
}

/** 202 now; the Run begins when it has a place, and its events and answer are kept. */
export function answerLater(exchange: Exchange, run: RunParts, service: Service): void {
  const begun = beginning(exchange, run)
  const { id, endpoint, version, variant } = begun
  const { admission, claim } = run
  const buffer = new EventBuffer(eventBytes)
  const reply = () => laterReply(run.request.surface.writer(begun), buffer)
  exchange.run = id
  exchange.whenGone(undefined)
  const base = common(exchange, begun, run, service)
  const limits = { ...base.limits, timeoutMs: asyncTimeout(base.limits, run.call.ask.options, service) }
  const later = launch({ ...base, limits, buffer, lingerMs: null, reply }, service)
  const answer = { id, state: 'queued', endpoint, version, variant }
  const headers = ['Location', `/runs/${id}`]
  claim?.keep({
    status: 202,
    headers: ['Content-Type', 'application/json', ...baseHeaders(exchange), ...headers],
    body: JSON.stringify(answer),
  })
  sendFacts(exchange, 202, answer, headers)
  if (!admission.entered) later.start()
  else admission.entered.then(later.start, (thrown: unknown) => later.run.abort(toAppError(thrown)))
}

function common(
  exchange: Exchange,
  begun: Begun,
  run: RunParts,
  { deps }: Service,
): Omit<Launch, 'buffer' | 'lingerMs' | 'reply'> {
  const { call, arrived, admission, hops, request } = run
  const { chosen, ask, given } = call
  const { key, resolved, party } = arrived
  const { options } = ask
  return {
    begun,
    key,
    version: chosen.version,
    facts: factsOf(exchange, begun, run),
    limits: lowered(resolved.route.run, options),
    ledger: ledgerOf(party, deps.counters, deps.effects.clock),
    seed: options.seed ?? Math.floor(bucketOf('seed', exchange.id) * 0x7fffffff),
    stream: options.stream,
    hops,
    mustFit: given.mustFit,
    admission,
    recording: recorder({
      id: begun.id,
      origin: request.surface.origin,
      endpoint: begun.endpoint,
      label: begun.label,
      version: begun.version,
      versionHash: begun.hash,
      variant: begun.variant,
      consumer: key.consumer.id,
      key: key.id,
      startedAt: begun.createdAt,
      input: given.input,
      metadata: ask.metadata,
      plan: begun.plan,
    }),
  }
}

function beginning(exchange: Exchange, { arrived, call }: RunParts): Begun {
  const { key, asked, resolved } = arrived
  const { chosen, ask } = call
  const { version } = chosen
  const { route, label } = resolved
  const notice = deprecationOf(route, version)
  return {
    id: `run_${exchange.id}`,
    endpoint: route.slug,
    label,
    version: version.number,
    hash: version.hash,
    variant: chosen.arm,
    asked,
    createdAt: exchange.startedAt,
    plan: version.prepared.plan,
    trace: ask.options.trace,
    cost: key.scopes.has('cost'),
    shareEvents: route.shareEvents,
    usageChunk: ask.usageChunk,
    warnings: notice === null ? none : [notice.warning],
  }
}

const none: readonly never[] = []

function factsOf({ head, routes }: Exchange, begun: Begun, { arrived, call }: RunParts): RunFacts {
  const { id, endpoint, label, version, variant } = begun
  const { key, resolved } = arrived
  const { contextHeaders } = resolved.route
  return {
    id,
    input: call.input,
    endpoint,
    label,
    version,
    variant,
    consumer: key.consumer,
    metadata: call.ask.metadata,
    headers: contextHeaders.length === 0 ? noHeaders : pickHeaders(head, contextHeaders),
    vars: routes.settings.vars,
    stubWrites: false,
  }
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({})

/** A caller may only lower what the Endpoint allows. */
function lowered(limits: Route['run'], { timeoutMs, maxCostUsd }: CallOptions): RunLimits {
  if (timeoutMs === null && maxCostUsd === null) return limits
  return {
    ...limits,
    timeoutMs: Math.min(limits.timeoutMs, timeoutMs ?? limits.timeoutMs),
    maxCostUsd:
      maxCostUsd === null ? limits.maxCostUsd : Math.min(maxCostUsd, limits.maxCostUsd ?? maxCostUsd),
  }
}

/** Nobody holds a connection open for an async Run, so the time of an ordinary one is no measure for it. */
function asyncTimeout(limits: RunLimits, { timeoutMs }: CallOptions, { times }: Service): number {
  return timeoutMs ?? Math.max(limits.timeoutMs, times.asyncRunMs)
}
