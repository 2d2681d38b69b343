import type { Message } from './chat.ts'
import { writeMessages } from './messages.ts'

/** What a pass-through inlet holds, as expressions and JSON writers should see it: messages in the shape of callers. */
export function asJson(value: unknown): unknown {
  return Array.isArray(value) && value.length > 0 && value.every(isMessage) ? writeMessages(value) : value
}

function isMessage(value: unknown): value is Message {
  return (
    typeof value === 'object' &&
    value !== null &&
    'role' in value &&
    'parts' in value &&
    Array.isArray(value.parts)
  )
}
