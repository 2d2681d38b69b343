// Bytes → JSON. The only place of the gateway that parses what came over the network.
import { isUtf8 } from 'node:buffer'
import { AppError } from '#shared/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import { scanJson } from './json-scan.ts'

/** Throws `invalid_request` (with a `reason`) or `payload_too_large`. */
export function parseBody(bytes: Buffer): JsonObject {
  if (!isUtf8(bytes)) refuse('invalid_utf8', 'The body is not valid UTF-8.')
  const scan = scanJson(bytes)
  const value = parse(bytes)
  const surrogates = bytes.includes('\\ud') || bytes.includes('\\uD')
  const seen = { keys: 0, suspect: scan.suspect, surrogates }
  walk(value, seen)
  if (seen.keys !== scan.keys) refuse('duplicate_key', 'An object of the body has the same key twice.')
  if (!isJsonObject(value)) refuse('not_an_object', 'The body must be a JSON object.')
  return value
}

function parse(bytes: Buffer): Json {
  try {
    return JSON.parse(bytes.toString()) as Json
  } catch {
    return refuse('not_json', 'The body is not valid JSON.')
  }
}

interface Seen {
  keys: number
  readonly suspect: boolean
  readonly surrogates: boolean
}

function walk(value: Json, seen: Seen): void {
  if (typeof value === 'string') {
    if (seen.surrogates && !value.isWellFormed()) refuse('lone_surrogate', 'A text holds half a character.')
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse('number_too_large', 'A number is too large.')
  } else if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) walk(item, seen)
  } else if (isJsonObject(value)) {
    for (const key in value) {
      seen.keys += 1
      if (seen.suspect) checkKey(key, value[key])
      if (seen.surrogates && !key.isWellFormed()) refuse('lone_surrogate', 'A key holds half a character.')
      walk(value[key] as Json, seen)
    }
  }
}

/** `prototype` is a harmless name for a text; only as an object does it reach what others inherit. */
function checkKey(key: string, value: Json | undefined): void {
  if (key !== '__proto__' && !(key === 'prototype' && typeof value === 'object')) return
  refuse('forbidden_key', `The key "${key}" is not accepted.`)
}

function refuse(reason: string, message: string): never {
  throw new AppError('invalid_request', { message, details: { reason } })
}
