// The fields of an answer as callers see them: unshared ones left out, messages and media in their written form.

import type { Plan } from '#shared/flow/plan.ts'
import type { PortType } from '#shared/flow/ports.ts'
import { isJsonObject, type Json, type JsonObject } from '#shared/json.ts'
import type { MediaPart, Message } from '#shared/model/chat.ts'
import { writeMessages } from '#shared/model/messages.ts'

export interface AnswerShape {
  readonly main: string | undefined
  isShared(field: string): boolean
  field(field: string, value: unknown): Json
  whole(answer: Readonly<Record<string, unknown>>): JsonObject
}

const shapes = new WeakMap<Plan, AnswerShape>()

/** Worked out once per Plan. */
export function answerShape(plan: Plan): AnswerShape {
  let shape = shapes.get(plan)
  if (!shape) {
    shape = makeShape(plan)
    shapes.set(plan, shape)
  }
  return shape
}

type Write = (value: unknown) => Json

function makeShape({ answer }: Plan): AnswerShape {
  const writers = new Map<string, Write | undefined>()
  for (const { field, type, share } of answer.fields) if (share) writers.set(field, writerOf(type))
  const asItIs = answer.fields.every(({ share, type }) => share && writerOf(type) === undefined)
  const shape: AnswerShape = {
    main: answer.fields[answer.main]?.field,
    isShared: (field) => writers.has(field),
    field: (field, value) => writers.get(field)?.(value) ?? (value as Json),
    whole(values) {
      if (asItIs) return values as JsonObject
      const seen: Record<string, Json> = {}
      for (const field of writers.keys()) {
        const value = values[field]
        if (value !== undefined) seen[field] = shape.field(field, value)
      }
      return seen
    },
  }
  return shape
}

/** Undefined: the value is JSON already. */
function writerOf(type: PortType): Write | undefined {
  switch (type) {
    case 'messages':
      // A redacted field of the log is a text, whatever it was.
      return (value) => (Array.isArray(value) ? writeMessages(value as readonly Message[]) : (value as Json))
    case 'image':
    case 'audio':
    case 'file':
      return (value) => (isJsonObject(value) ? writeMedia(value as unknown as MediaPart) : (value as Json))
    case 'list<image>':
    case 'list<audio>':
    case 'list<file>':
      return (value) =>
        Array.isArray(value) ? (value as readonly MediaPart[]).map(writeMedia) : (value as Json)
    default:
      return undefined
  }
}

function writeMedia({ mediaType, name, source }: MediaPart): JsonObject {
  return {
    media_type: mediaType ?? 'application/octet-stream',
    ...(name === undefined ? {} : { name }),
    ...(source.kind === 'bytes'
      ? { data: source.base64 }
      : source.kind === 'url'
        ? { url: source.url }
        : { file_id: source.id }),
  }
}
