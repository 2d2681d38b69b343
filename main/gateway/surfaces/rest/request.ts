// `{ "input", "metadata", "options" }` → what is asked and what is given.
import type { Json, JsonObject } from '#shared/json.ts'
import { isJsonObject } from '#shared/json.ts'
import type { Head } from '../../head.ts'
import { requireScope } from '../../scopes.ts'
import { type Ask, type AskFacts, type CallOptions, type Given, plainOptions } from '../call.ts'
import { type Faults, faults, token } from '../faults.ts'
import { readMetadata } from '../metadata.ts'

export function askRest(body: JsonObject, { head, scopes, requireMetadata }: AskFacts): Ask {
  const wrong = faults()
  let metadata: Json | undefined
  let given: Json | undefined
  for (const key in body) {
    if (key === 'metadata') metadata = body[key]
    else if (key === 'options') given = body[key]
    else if (key !== 'input') wrong.add(`/${token(key)}`, 'unknown_field', 'is no field of a request')
  }
  const values = readMetadata({ given: metadata, head, require: requireMetadata }, wrong)
  const options = withHeaders(given === undefined ? plainOptions : readOptions(given, wrong), head)
  wrong.check()
  if (options.trace) requireScope(scopes, 'trace')
  if (options.variant !== null) requireScope(scopes, 'pick_variant')
  return { metadata: values, options, usageChunk: false, ignored: none }
}

export function giveRest(body: JsonObject): Given {
  return { input: body.input ?? noInput, locate, ignored: none, mustFit: null }
}

const noInput: JsonObject = Object.freeze({})
const none: readonly string[] = []
const locate = (path: string) => `/input${path}`

/** `Accept` and `Prefer` say the same as options; either is enough. */
function withHeaders(options: CallOptions, { accept, prefer }: Head): CallOptions {
  const stream = options.stream || (accept !== undefined && /\btext\/event-stream\b/i.test(accept))
  const later = prefer !== undefined && /(^|[,\s])respond-async\b/i.test(prefer)
  if (stream === options.stream && !later) return options
  return { ...options, stream, async: later }
}

type Draft = { -readonly [Key in keyof CallOptions]: CallOptions[Key] }

function readOptions(given: Json, wrong: Faults): CallOptions {
  const options: Draft = { ...plainOptions }
  if (!isJsonObject(given)) {
    wrong.add('/options', 'type', 'must be an object')
    return options
  }
  for (const key in given) put(options, key, given[key] as Json, wrong)
  return options
}

function put(options: Draft, key: string, value: Json, wrong: Faults): void {
  const refuse = (rule: string, message: string) => wrong.add(`/options/${token(key)}`, rule, message)
  switch (key) {
    case 'stream':
    case 'resumable':
    case 'trace':
      if (typeof value === 'boolean') options[key] = value
      else refuse('type', 'must be true or false')
      break
    case 'dry_run':
      if (typeof value === 'boolean') options.dryRun = value
      else refuse('type', 'must be true or false')
      break
    case 'cache':
      // Nothing is cached in this release: all three mean the same, and `Sluice-Cache` says so.
      if (value !== 'use' && value !== 'bypass' && value !== 'refresh') {
        refuse('enum', 'must be use, bypass or refresh')
      }
      break
    case 'variant':
      if (typeof value === 'string') options.variant = value
      else refuse('type', 'must be a text')
      break
    case 'timeout_ms':
      if (typeof value === 'number' && value >= 1) options.timeoutMs = value
      else refuse('minimum', 'must be a number of at least 1')
      break
    case 'max_cost_usd':
      if (typeof value === 'number' && value >= 0) options.maxCostUsd = value
      else refuse('minimum', 'must be a number of at least 0')
      break
    case 'seed':
      if (Number.isSafeInteger(value)) options.seed = value as number
      else refuse('type', 'must be a whole number')
      break
    default:
      refuse('unknown_field', 'is no option')
  }
}
