// A whole answer as the events of a stream: what was recorded whole can be replayed streamed.
import type { AssistantPart, ChatResponse, PartKind, StreamEvent } from '#shared/model/chat.ts'
import { ownFields } from '#shared/model/reduce.ts'

/** Folding these events gives the same answer. */
export function unfold(response: ChatResponse): StreamEvent[] {
  const { id, model, created, finish, usage } = response
  return [
    { type: 'start', id, model, created },
    ...response.parts.flatMap(partEvents),
    { type: 'finish', finish, usage },
  ]
}

function partEvents(part: AssistantPart, index: number): StreamEvent[] {
  const events: StreamEvent[] = [{ type: 'part-start', index, part: kindOf(part), ...nameOf(part) }]
  if (part.type === 'text') events.push({ type: 'text-delta', index, text: part.text })
  else if (part.type === 'reasoning') events.push({ type: 'reasoning-delta', index, text: part.text })
  else if (part.type === 'refusal') events.push({ type: 'refusal-delta', index, text: part.text })
  else if (part.type === 'tool-call') events.push({ type: 'args-delta', index, text: part.argsText })
  const own = ownOf(part)
  if (Object.keys(own).length > 0 || part.meta) {
    events.push({
      type: 'part-meta',
      index,
      meta: { ...part.meta, ...(Object.keys(own).length > 0 ? { [ownFields]: own } : {}) },
    })
  }
  events.push({ type: 'part-end', index })
  return events
}

function kindOf(part: AssistantPart): PartKind {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'tool-call':
    case 'refusal':
    case 'opaque':
      return part.type
    default:
      return 'media'
  }
}

function nameOf(part: AssistantPart): { id?: string; name?: string } {
  return part.type === 'tool-call' ? { id: part.id, name: part.name } : {}
}

/** Fields that no other event brings. */
function ownOf(part: AssistantPart): Record<string, never> {
  const own: Record<string, unknown> = { ...part }
  delete own.meta
  const said: Readonly<Record<string, readonly string[]>> = {
    text: ['type', 'text'],
    reasoning: ['type', 'text', 'index'],
    refusal: ['type', 'text'],
    'tool-call': ['type', 'id', 'name', 'argsText', 'args'],
    opaque: ['type'],
  }
  for (const name of said[part.type] ?? []) delete own[name]
  return own as Record<string, never>
}
