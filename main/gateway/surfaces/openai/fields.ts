// Input fields of a flow on a surface that only knows messages: from `inputs`, else from metadata, else the user's text.

import type { PlanRequest } from '#shared/flow/plan.ts'
import type { InputField } from '#shared/flow/types.ts'
import { isJsonObject, type Json } from '#shared/json.ts'
import type { Metadata } from '../call.ts'

export interface FieldSources {
  readonly inputs: Json | undefined
  readonly metadata: Metadata
  readonly ignored: string[]
}

export function fieldsOf({ fields }: PlanRequest, sources: FieldSources): Record<string, Json> {
  const { inputs, metadata, ignored } = sources
  const found: Record<string, Json> = {}
  if (isJsonObject(inputs)) {
    for (const name in inputs) {
      if (Object.hasOwn(fields, name)) found[name] = inputs[name] as Json
      else ignored.push(`inputs.${name}`)
    }
  }
  for (const name in fields) {
    if (found[name] !== undefined) continue
    const value = metadata[name]
    if (value !== undefined) found[name] = converted(value, fields[name] as InputField)
  }
  return found
}

/** Metadata of this surface is text. What does not convert stays as it is, for the schema to name. */
function converted(value: string | number | boolean, { type }: InputField): Json {
  if (typeof value !== 'string') return type === 'text' ? String(value) : value
  switch (type) {
    case 'number': {
      const number = Number(value)
      return value.trim() !== '' && Number.isFinite(number) ? number : value
    }
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : value
    case 'json':
      return parsed(value)
    default:
      return value
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

/** `partial`: the message also held parts that are no text. */
export function lastUserText(messages: Json): {
  readonly text: string | undefined
  readonly partial: boolean
} {
  const list: readonly Json[] = Array.isArray(messages) ? messages : []
  const last = list.findLast((message) => isJsonObject(message) && message.role === 'user')
  const content = isJsonObject(last) ? last.content : undefined
  if (typeof content === 'string') return { text: content, partial: false }
  if (!Array.isArray(content)) return { text: undefined, partial: false }
  const texts: string[] = []
  for (const part of content as readonly Json[]) {
    if (isJsonObject(part) && typeof part.text === 'string') texts.push(part.text)
  }
  return { text: texts.length > 0 ? texts.join('') : undefined, partial: texts.length < content.length }
}
