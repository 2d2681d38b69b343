// Port types, how they convert, and the small builders that node definitions use.
import type { JsonSchema } from '../json.ts'

export const baseTypes = [
  'text',
  'messages',
  'json',
  'number',
  'boolean',
  'image',
  'audio',
  'file',
  'vector',
  'tools',
  'target',
  'error',
  'any',
] as const
export type BaseType = (typeof baseTypes)[number]
/** `any` stands only on pass-through ports. */
export type PortType = BaseType | `list<${BaseType}>`

export interface Inlet {
  readonly type: PortType
  readonly required: boolean
  /** `one`: at most one edge · `merge`: many, at most one has a value (proved) · `race`: first value wins. */
  readonly gather: 'one' | 'merge' | 'race'
  /** `early` takes a `Live` value where the edge streams; `whole` is always given the collected value. */
  readonly reads: 'whole' | 'early'
  /** Takes these further types as they are, without conversion (`guard-rule`: text or messages). */
  readonly also?: readonly PortType[]
  /** May only be fed by an outlet that is secret too (the `map` of `guard-pii`). */
  readonly secret?: boolean
  readonly description?: string
}

export interface Outlet {
  readonly type: PortType
  /** The node can give this value as a stream, on its own account (`source`) or from an inlet that streams (`pass`). */
  readonly streams?: 'source' | 'pass'
  /** Has the type of whatever feeds this inlet (pass-through ports: `if`, `fallback`, guards). */
  readonly sameAs?: string
  /** Never written to log, Cassette or cache; may only feed a secret inlet. */
  readonly secret?: boolean
  /** Comes from outside (http, tools, files): fenced wherever it enters a prompt (guardrails 10). */
  readonly untrusted?: boolean
  /** May stay absent although the step ended well (`tool_calls` of an answer without calls). */
  readonly optional?: boolean
  readonly schema?: JsonSchema
  readonly description?: string
}

type InletRest = Partial<Omit<Inlet, 'type'>>
type OutletRest = Omit<Outlet, 'type'>

/** `inlet('text')` is required, takes one edge and reads the whole value. */
export function inlet(type: PortType, rest: InletRest = {}): Inlet {
  return { type, required: true, gather: 'one', reads: 'whole', ...rest }
}

export function outlet(type: PortType, rest: OutletRest = {}): Outlet {
  return { type, ...rest }
}

export type Conversion =
  | 'none'
  | 'text-to-messages'
  | 'json-to-text'
  | 'scalar-to-text'
  | 'as-json'
  | 'json-to-list'
  | 'image-to-messages'

const toText: ReadonlySet<PortType> = new Set<PortType>(['json', 'messages', 'vector', 'error'])
const toJson: ReadonlySet<PortType> = new Set<PortType>(['number', 'boolean', 'messages', 'vector', 'error'])

/**
 * The automatic conversions of `nodes.md` 1.3, or undefined when the pair is refused.
 * `schema` is the outlet's JSON Schema: json becomes `list<json>` only where that says "array".
 */
export function conversion(from: PortType, to: PortType, schema?: JsonSchema): Conversion | undefined {
  if (from === to || to === 'any' || from === 'any') return 'none'
  if (from === 'text' && to === 'messages') return 'text-to-messages'
  if (from === 'image' && to === 'messages') return 'image-to-messages'
  if (to === 'text') {
    if (toText.has(from) || from.startsWith('list<')) return 'json-to-text'
    if (from === 'number' || from === 'boolean') return 'scalar-to-text'
  }
  if (to === 'json' && (toJson.has(from) || from.startsWith('list<'))) return 'as-json'
  if (from === 'json' && to === 'list<json>' && schema?.type === 'array') return 'json-to-list'
  return undefined
}
