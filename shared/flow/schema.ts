// The documents of `types.ts` as zod schemas: what a reader of files, of Versions and of the control API accepts.
// Unknown keys are errors everywhere; JSON values are checked to be JSON (finite numbers, plain maps, bounded depth).
import { z } from 'zod'
import { codeGroups, errorTable } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import { edgePattern } from './edit.ts'
import { jsonFault } from './json-fault.ts'
import { baseTypes, type PortType } from './ports.ts'

export const nodeIdPattern = /^[a-z][a-z0-9_]{0,39}$/
/** Names of `input` fields, answer fields and metadata keys. */
export const fieldNamePattern = /^[a-z][a-z0-9_]{0,39}$/
export const slugPattern = /^[a-z0-9][a-z0-9-]{0,62}$/
export const labelPattern = /^[a-z][a-z0-9-]{0,31}$/
export const nodeTypePattern = /^[a-z][a-z0-9-]{0,63}$/
/** Inlets and outlets, and so also the variables of templates. */
export const portNamePattern = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/
/** A path below `prompts/` without its ending. */
export const promptNamePattern = /^[A-Za-z0-9][A-Za-z0-9_-]*(?:\/[A-Za-z0-9][A-Za-z0-9_-]*)*$/
/** `name@version` or `name@label`. */
export const promptRefPattern =
  /^[A-Za-z0-9][A-Za-z0-9_-]*(?:\/[A-Za-z0-9][A-Za-z0-9_-]*)*@(?:[1-9][0-9]{0,8}|[a-z][a-z0-9-]{0,31})$/
export const hashPattern = /^sha256:[0-9a-f]{64}$/

export const maxNodes = 2_000
export const maxEdges = 20_000

/** A map whose keys have a grammar. zod skips a key named `__proto__`: readers and the compiler refuse it themselves. */
function map<Value extends z.ZodType>(key: RegExp, value: Value) {
  return z.record(z.string().regex(key), value)
}

const json = z.unknown().superRefine((value, context) => {
  const fault = jsonFault(value)
  if (fault) context.addIssue({ code: 'custom', path: [...fault.path], message: fault.message })
}) as unknown as z.ZodType<Json, Json>

const jsonObject = z.unknown().superRefine((value, context) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    context.addIssue({ code: 'invalid_type', expected: 'object', input: value })
    return
  }
  const fault = jsonFault(value)
  if (fault) context.addIssue({ code: 'custom', path: [...fault.path], message: fault.message })
}) as unknown as z.ZodType<JsonObject, JsonObject>

const portTypes = [...baseTypes, ...baseTypes.map((base) => `list<${base}>` as const)]
export const portTypeSchema: z.ZodType<PortType, PortType> = z.enum(portTypes)

/** A code of the error table or one of its groups, as `retry.on` and `advance_on` take them. */
export const codeSelectorSchema = z.enum([
  ...Object.keys(codeGroups),
  'any',
  ...Object.keys(errorTable),
]) as unknown as z.ZodType<string, string>

const milliseconds = z.int().min(1).max(3_600_000)
const text = (max: number) => z.string().max(max)
const tags = z.array(z.string().min(1).max(80)).max(64)

export const policySchema = z.strictObject({
  timeout_ms: milliseconds.exactOptional(),
  first_token_ms: milliseconds.exactOptional(),
  idle_ms: milliseconds.exactOptional(),
  retry: z
    .strictObject({
      tries: z.int().min(1).max(5).exactOptional(),
      on: z.array(codeSelectorSchema).min(1).exactOptional(),
      backoff_ms: z.int().min(0).max(600_000).exactOptional(),
      max_backoff_ms: z.int().min(0).max(600_000).exactOptional(),
      jitter: z.boolean().exactOptional(),
    })
    .exactOptional(),
  cache: z
    .strictObject({
      ttl_s: z.int().min(1).max(2_592_000),
      scope: z.enum(['key', 'endpoint', 'workspace']).exactOptional(),
      key: z.array(z.string().regex(portNamePattern)).exactOptional(),
      match: z.enum(['exact', 'similar']).exactOptional(),
      threshold: z.number().min(0.8).max(1).exactOptional(),
    })
    .exactOptional(),
  on_error: z.enum(['fail', 'default']).exactOptional(),
  default: jsonObject.exactOptional(),
  concurrency: z.int().min(1).max(1_024).exactOptional(),
  redact: z.array(z.string().regex(portNamePattern)).exactOptional(),
})

export const flowNodeSchema = z.strictObject({
  type: z.string().regex(nodeTypePattern),
  v: z.int().min(1).max(10_000).exactOptional(),
  title: text(80).exactOptional(),
  note: text(4_000).exactOptional(),
  tags: tags.exactOptional(),
  scope: z.string().regex(nodeIdPattern).exactOptional(),
  mode: z.enum(['on', 'off', 'bypass']).exactOptional(),
  config: jsonObject.exactOptional(),
  policy: policySchema.exactOptional(),
  stub: jsonObject.exactOptional(),
})

const nodes = map(nodeIdPattern, flowNodeSchema).superRefine((value, context) => {
  const count = Object.keys(value).length
  if (count > maxNodes)
    context.addIssue({ code: 'custom', message: `${count} nodes; a flow has ${maxNodes} at the most` })
})

const edges = z
  .array(z.string().regex(edgePattern))
  .max(maxEdges)
  .superRefine((value, context) => {
    const seen = new Set<string>()
    value.forEach((edge, index) => {
      if (seen.has(edge)) {
        context.addIssue({ code: 'custom', path: [index], message: `the edge "${edge}" is there twice` })
      }
      seen.add(edge)
    })
  })

const examples = map(
  /^.{1,80}$/u,
  z.strictObject({ input: jsonObject, metadata: jsonObject.exactOptional() }),
)

export const flowSchema = z.strictObject({
  format: z.literal('sluice/flow@1'),
  name: z.string().min(1).max(80),
  slug: z.string().regex(slugPattern),
  description: text(2_000).exactOptional(),
  tags: tags.exactOptional(),
  nodes,
  edges,
  examples: examples.exactOptional(),
})

export const flowContentSchema = z.strictObject({
  name: text(80).exactOptional(),
  description: text(2_000).exactOptional(),
  nodes,
  edges,
  examples: examples.exactOptional(),
})

const whole = z.int().min(-1_000_000).max(1_000_000)
const point = z.tuple([whole, whole])
const size = z.tuple([whole.min(1), whole.min(1)])
const colour = z.string().min(1).max(40)
const thingId = /^[A-Za-z0-9_-]{1,40}$/

export const layoutSchema = z.strictObject({
  format: z.literal('sluice/layout@1'),
  nodes: map(
    nodeIdPattern,
    z.strictObject({
      at: point,
      size: size.exactOptional(),
      folded: z.boolean().exactOptional(),
      colour: colour.exactOptional(),
    }),
  ).exactOptional(),
  bends: map(edgePattern, z.array(point)).exactOptional(),
  notes: map(
    thingId,
    z.strictObject({
      at: point,
      size: size.exactOptional(),
      text: text(4_000),
      colour: colour.exactOptional(),
    }),
  ).exactOptional(),
  frames: map(
    thingId,
    z.strictObject({ at: point, size, title: text(80).exactOptional(), colour: colour.exactOptional() }),
  ).exactOptional(),
})

export const promptVariableSchema = z.strictObject({
  type: portTypeSchema,
  default: json.exactOptional(),
  sample: json.exactOptional(),
  description: text(2_000).exactOptional(),
})

/** What stands between the `---` lines of `*.prompt.md`; name and blocks come from the file's path and text. */
export const promptHeadSchema = z.strictObject({
  format: z.literal('sluice/prompt@1'),
  description: text(2_000).exactOptional(),
  tags: tags.exactOptional(),
  variables: map(portNamePattern, promptVariableSchema).exactOptional(),
  settings: jsonObject.exactOptional(),
})

const versionNumber = z.int().min(1).max(999_999_999)

export const versionSchema = z.strictObject({
  format: z.literal('sluice/version@1'),
  flow: z.string().regex(slugPattern),
  number: versionNumber,
  hash: z.string().regex(hashPattern),
  created_at: z.iso.datetime({ offset: true }),
  author: text(200).exactOptional(),
  note: text(4_000).exactOptional(),
  app: z.string().min(1).max(40),
  models: map(nodeIdPattern, z.string().min(1)).exactOptional(),
  references: z.strictObject({
    prompts: map(promptNamePattern, versionNumber),
    flows: map(slugPattern, versionNumber),
  }),
  content: flowContentSchema,
})
