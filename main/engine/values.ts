// What happens to a value on its way along an Edge (nodes.md 1.3), and what stands in for one.

import type { PlanEdge, PlanStep } from '#shared/flow/plan.ts'
import type { PortType } from '#shared/flow/ports.ts'
import type { Json } from '#shared/json.ts'
import type { MediaPart, Message, ToolSet } from '#shared/model/chat.ts'
import { writeMessages } from '#shared/model/messages.ts'

/** `fence` is that of the Run; only untrusted text needs it. */
export type Convert = (value: unknown, fence: () => (text: string) => string) => unknown

/** `from` is the type at the edge's source. Null where the value goes along as it is. */
export function converterOf(edge: PlanEdge, from: PortType): Convert | null {
  // Whoever reads messages as JSON knows them in the shape in which callers send them.
  const asJson = from === 'messages' ? (value: unknown) => writeMessages(value as readonly Message[]) : null
  switch (edge.conversion) {
    case 'none':
    case 'json-to-list':
      return null
    case 'as-json':
      return asJson
    case 'scalar-to-text':
    case 'json-to-text':
      return (value) => JSON.stringify(asJson ? asJson(value) : value) ?? ''
    case 'text-to-messages':
      return edge.untrusted
        ? (value, fence) => userText(fence()(value as string))
        : (value) => userText(value as string)
    case 'image-to-messages':
      return (value): readonly Message[] => [{ role: 'user', parts: [value as MediaPart] }]
  }
}

function userText(text: string): readonly Message[] {
  return [{ role: 'user', parts: [{ type: 'text', text }] }]
}

/** What a `writes` step answers where it must not act: its stub, or something of the right type. */
export function stubOutlets(
  step: PlanStep,
  input: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  if (step.stub !== null) return { ...(step.stub as Readonly<Record<string, Json>>) }
  const outlets: Record<string, unknown> = {}
  for (const outlet of step.outlets) {
    const like = step.inlets.find((inlet) => inlet.type === outlet.type && input[inlet.name] !== undefined)
    outlets[outlet.name] = like ? input[like.name] : emptyOf(outlet.type)
  }
  return outlets
}

function emptyOf(type: PortType): unknown {
  switch (type) {
    case 'text':
      return ''
    case 'number':
      return 0
    case 'boolean':
      return false
    case 'json':
    case 'any':
      return null
    case 'messages':
    case 'vector':
    case 'target':
      return []
    case 'tools':
      return { tools: [] } satisfies ToolSet
    case 'image':
    case 'audio':
    case 'file':
    case 'error':
      return undefined
    default:
      return []
  }
}
