// What a vendor of the chat-completions format does differently, as data. Adding a compatible vendor is adding a row.
import { z } from 'zod'
import { quirkRows } from './quirk-rows.ts'

const ms = z.int().min(1).max(3_600_000)

export const quirksSchema = z.strictObject({
  /** The name of the output limit. */
  maxTokensField: z.enum(['max_tokens', 'max_completion_tokens']),
  /** The role that instructions are sent with. */
  systemRole: z.enum(['developer', 'system', 'user']),
  /** Optional body fields that may be sent; `*` lets fields through that this product does not know. */
  allowedParams: z.array(z.string()),
  /** Our name of a body field → the vendor's. */
  renames: z.record(z.string(), z.string()),
  /** Where thoughts stand in an answer; the first is also the field they are sent back in. */
  reasoningFields: z.array(z.string()),
  /** Must earlier thoughts be sent back, may they, or would that be refused? */
  echoReasoning: z.enum(['required', 'forbidden', 'optional']),
  /** How a wish for more or less thinking is said. */
  reasoningParam: z.enum(['effort', 'object', 'thinking', 'enable_thinking', 'none']),
  /** Efforts that are known; others become the nearest. */
  efforts: z.array(z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])).min(1),
  /** Ids of tool calls must match; others are replaced by a short hash, the same for call and result. */
  toolIdPattern: z.string().nullable(),
  /** `content` of an assistant message that only calls tools. */
  emptyAssistantContent: z.union([z.null(), z.literal('')]),
  /** Several text parts of one message as a list, or as one text. */
  contentParts: z.enum(['list', 'text']),
  /** `name` of user messages. */
  messageName: z.enum(['pass', 'drop']),
  /** Refusals of earlier turns have a field of their own. */
  refusalField: z.boolean(),
  /** Where usage stands in a stream. `finish` and `never`: nothing worth waiting for follows the finish reason. */
  usageInStream: z.enum(['last', 'finish', 'x_groq', 'every', 'never']),
  supportsStreamOptions: z.boolean(),
  supportsParallelToolsParam: z.boolean(),
  /** `auto`: a tool cannot be demanded. */
  toolChoices: z.enum(['all', 'auto']),
  schemaDialect: z.enum(['openai-strict', 'json-schema', 'none']),
  /** `inline`: images must come as bytes. */
  imageUrls: z.enum(['pass', 'inline']),
  /** An answer that ends with `stop` although tools were called means the calls. */
  finishStopMeansTools: z.boolean(),
  /** Finish reasons of the vendor's own. */
  finishReasons: z.record(z.string(), z.enum(['stop', 'length', 'content-filter', 'error'])),
  /** Stop texts at the most; without `stop` in `allowedParams` the answer is cut here instead. */
  maxStops: z.int().min(1),
  authHeader: z.enum(['bearer', 'api-key']),
  extraHeaders: z.record(z.string(), z.string()),
  timeouts: z.strictObject({
    connect_ms: z.exactOptional(ms),
    headers_ms: z.exactOptional(ms),
    idle_ms: z.exactOptional(ms),
  }),
  allowH2: z.boolean(),
})
export type Quirks = Readonly<z.output<typeof quirksSchema>>

export type QuirkRow = Partial<Quirks> & {
  /** Overrides for models whose id matches, later ones last. */
  readonly models?: readonly (Partial<Quirks> & { readonly match: string })[]
}

/** Settings that every server of this format has known for years. */
export const commonParams = [
  'temperature',
  'top_p',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'logprobs',
  'top_logprobs',
  'response_format',
]

/** The row of a provider that is not known: little that could be refused. */
export const safeQuirks: Quirks = {
  maxTokensField: 'max_tokens',
  systemRole: 'system',
  allowedParams: [...commonParams, 'reasoning_effort', 'user', '*'],
  renames: {},
  reasoningFields: ['reasoning_content', 'reasoning'],
  echoReasoning: 'forbidden',
  reasoningParam: 'effort',
  efforts: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
  toolIdPattern: null,
  emptyAssistantContent: null,
  contentParts: 'text',
  messageName: 'pass',
  refusalField: false,
  usageInStream: 'last',
  supportsStreamOptions: true,
  supportsParallelToolsParam: true,
  toolChoices: 'all',
  schemaDialect: 'json-schema',
  imageUrls: 'pass',
  finishStopMeansTools: true,
  finishReasons: {},
  maxStops: 4,
  authHeader: 'bearer',
  extraHeaders: {},
  timeouts: {},
  allowH2: false,
}

export function quirksFor(provider: string, model: string): Quirks {
  const row: QuirkRow | undefined = quirkRows[provider]
  if (row === undefined) return safeQuirks
  const { models, ...own } = row
  let quirks: Quirks = { ...safeQuirks, ...own }
  for (const { match, ...override } of models ?? []) {
    if (new RegExp(match, 'i').test(model)) quirks = { ...quirks, ...override }
  }
  return quirks
}
