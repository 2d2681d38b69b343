// The order in which each kind of document is written and what is left out of it, derived from the schemas.
import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { flowSchema, layoutSchema, promptHeadSchema, versionSchema } from '#shared/flow/schema.ts'
import type { Json } from '#shared/json.ts'
import { projectSchema } from '#shared/project/schema.ts'
import { defaultOf, eachOf, shapeOf } from '#shared/project/walk.ts'
import { toData, type Written, type WrittenEntry } from './yaml-write.ts'

export type DocumentKind = 'flow' | 'layout' | 'project' | 'version' | 'prompt'

export interface Shape {
  /** Keys in the order they are written; others follow as they stood. */
  readonly fields?: Readonly<Record<string, Shape>>
  /** Of every entry of a free map or a list. */
  readonly each?: Shape
  /** Entries by key (maps) or by text (lists): their order has no meaning. */
  readonly sorted?: boolean
  /** One entry in each line. */
  readonly block?: boolean
  /** A value that says the same as nothing. */
  readonly otherwise?: Json
}

export function shapeFor(kind: DocumentKind): Shape {
  return shapes[kind]()
}

const shapes: Readonly<Record<DocumentKind, () => Shape>> = {
  flow: once(() => flowShape(fromSchema(flowSchema))),
  layout: once(() => {
    const shape = fromSchema(layoutSchema)
    return with_(shape, { nodes: { ...shape.fields?.nodes, sorted: true, block: true } })
  }),
  project: once(() => fromSchema(projectSchema)),
  version: once(() => {
    const shape = fromSchema(versionSchema)
    return with_(shape, { content: flowShape(shape.fields?.content ?? {}) })
  }),
  prompt: once(() => fromSchema(promptHeadSchema)),
}

function with_(shape: Shape, fields: Readonly<Record<string, Shape>>): Shape {
  return { ...shape, fields: { ...shape.fields, ...fields } }
}

function flowShape(flow: Shape): Shape {
  return with_(flow, {
    nodes: { each: nodeShape(flow.fields?.nodes?.each ?? {}), sorted: true, block: true },
    edges: { sorted: true, block: true },
    tags: { otherwise: [] },
    examples: { ...flow.fields?.examples, otherwise: {} },
  })
}

/**
 * Defaults of nodes.md 1.6 that hold for every type; those that depend on the type are left as written, and so is config,
 * whose maps may be ordered.
 */
function nodeShape(node: Shape): Shape {
  const policy = node.fields?.policy ?? {}
  const retry = policy.fields?.retry ?? {}
  const cache = policy.fields?.cache ?? {}
  return with_(node, {
    v: { otherwise: 1 },
    mode: { otherwise: 'on' },
    tags: { otherwise: [] },
    config: { otherwise: {} },
    stub: { otherwise: {} },
    policy: {
      ...with_(policy, {
        on_error: { otherwise: 'fail' },
        retry: with_(retry, {
          on: { otherwise: ['transient'] },
          backoff_ms: { otherwise: 500 },
          max_backoff_ms: { otherwise: 8000 },
          jitter: { otherwise: true },
        }),
        cache: with_(cache, { scope: { otherwise: 'key' }, match: { otherwise: 'exact' } }),
        redact: { otherwise: [] },
      }),
      otherwise: {},
    },
  })
}

const known = new WeakMap<z.core.$ZodType, Shape>()

/** Lazily, because a schema may hold itself. */
function fromSchema(schema: z.core.$ZodType): Shape {
  const found = known.get(schema)
  if (found) return found
  const otherwise = defaultOf(schema)
  const fields = once(() => {
    const own = shapeOf(schema)
    return own && mapValues(own, fromSchema)
  })
  const each = once(() => {
    const own = eachOf(schema)
    return own && fromSchema(own)
  })
  const shape = {
    ...(otherwise === undefined ? {} : { otherwise }),
    get fields() {
      return fields()
    },
    get each() {
      return each()
    },
  } as Shape
  known.set(schema, shape)
  return shape
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}

/** Puts a document in canonical order and leaves out what says nothing; comments stay with their entries. */
export function arrange(value: Written, shape: Shape): Written {
  if (value.kind === 'scalar') return value
  const block = shape.block === true ? { block: true } : {}
  if (value.kind === 'list') {
    const entries = value.entries.map((entry) => inside(entry, shape.each ?? {}))
    return { kind: 'list', entries: shape.sorted ? entries.toSorted(byText) : entries, ...block }
  }
  const { fields } = shape
  const entries = value.entries.flatMap((entry): readonly WrittenEntry[] => {
    const own = fields && Object.hasOwn(fields, entry.key) ? fields[entry.key] : undefined
    const child = own ?? shape.each ?? {}
    const arranged = inside(entry, child)
    return leftOut(arranged, child) ? [] : [arranged]
  })
  return { kind: 'map', entries: sortEntries(entries, shape), ...block }
}

function inside(entry: WrittenEntry, shape: Shape): WrittenEntry {
  return { ...entry, value: arrange(entry.value, shape) }
}

/** An entry that carries a comment stays: somebody had something to say about it. */
function leftOut({ value, above, beside, below }: WrittenEntry, { otherwise }: Shape): boolean {
  if (otherwise === undefined || (above ?? beside ?? below) !== undefined) return false
  return !commented(value) && isDeepStrictEqual(toData(value), otherwise)
}

function commented(value: Written): boolean {
  return (
    value.kind !== 'scalar' &&
    value.entries.some(
      (entry) => (entry.above ?? entry.beside ?? entry.below) !== undefined || commented(entry.value),
    )
  )
}

function sortEntries(entries: readonly WrittenEntry[], { fields, sorted }: Shape): readonly WrittenEntry[] {
  if (sorted) return entries.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  if (fields === undefined) return entries
  const rank = new Map(Object.keys(fields).map((key, index) => [key, index]))
  const of = (entry: WrittenEntry) => rank.get(entry.key) ?? rank.size
  return entries.toSorted((a, b) => of(a) - of(b))
}

function byText(a: WrittenEntry, b: WrittenEntry): number {
  const left = JSON.stringify(toData(a.value))
  const right = JSON.stringify(toData(b.value))
  return left < right ? -1 : left > right ? 1 : 0
}
